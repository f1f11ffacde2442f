/**
 * Images in files and streams: `image:`.
 *
 * @module
 */

import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import type { File } from "../../lib/file/file.ts";
import { openImage } from "../../lib/composefs/open.ts";
import { StreamedImage } from "./stream.ts";
import { checkDigest, type Named, openedImage, type OpenedReference } from "./opened.ts";
import { encodeByRules } from "./rules.ts";

/** Opens an image, or what rules make of it. */
export function openImageFile(named: Named): OpenedReference {
  const { as: rules = "container" } = named.options;
  if (rules === "container") return openAsItIs(named);
  // If a digest is given, it is that of what the rules make.
  const original = openAsItIs({ ...named, options: {} });
  try {
    return openedImage(encodeByRules(openImage(original.read().bytes).tree(), rules), named);
  } finally {
    original[Symbol.dispose]();
  }
}

function openAsItIs(named: Named): OpenedReference {
  const { stream } = named;
  return stream === undefined
    ? new ImageInFile(named)
    : streamed(new StreamedImage(stream, named.shown), named);
}

/** An image in a file, which is opened when it is looked at. */
class ImageInFile implements OpenedReference {
  readonly shown: string;
  readonly path: Uint8Array<ArrayBuffer>;
  readonly layers = [];
  readonly hasPassed = false;
  readonly #named: Named;
  #file: File | undefined;

  constructor(named: Named) {
    this.shown = named.shown;
    this.path = named.rest;
    this.#named = named;
    // Whoever names the digest wants nothing to be done with another image.
    if (named.options.digest !== undefined) this.#open();
  }

  get image(): File {
    return this.#file ?? this.#open();
  }

  read(algorithm?: Parameters<OpenedReference["read"]>[0]): ReturnType<OpenedReference["read"]> {
    return this.#named.context.machine.readImage(this.path, { whole: algorithm });
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }

  #open(): File {
    const { options: { digest }, context } = this.#named;
    return this.#file = context.machine.openImage(this.path, digest);
  }
}

function streamed(image: StreamedImage, { shown, options: { digest } }: Named): OpenedReference {
  const { bytes } = image;
  let whole: ReturnType<StreamedImage["whole"]>;
  if (digest !== undefined) {
    whole = image.whole(digest.algorithm);
    const found = whole?.digest ?? fsVerityDigest(bytes, { algorithm: digest.algorithm });
    checkDigest(found, digest, shown);
  }
  return {
    shown,
    image: bytes,
    read(algorithm) {
      if (algorithm !== undefined) whole ??= image.whole(algorithm);
      return whole === undefined ? { bytes } : { bytes, whole };
    },
    layers: [],
    hasPassed: false,
    [Symbol.dispose]() {},
  };
}

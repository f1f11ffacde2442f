/**
 * What commands get of a reference: an image, whatever it was made of, and where its contents can be had.
 *
 * @module
 */

import { Digest } from "../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { File } from "../../lib/file/file.ts";
import type { DataLayer } from "../../lib/objects/data_layers.ts";
import type { ImageFile } from "../../ffi/files/image_file.ts";
import type { Context } from "../args/command.ts";
import type { Stream } from "./stream.ts";
import type { ReferenceOptions } from "./options.ts";

/** What a reference names, opened. Dispose of it, or declare it with `using`. */
export interface OpenedReference extends Disposable {
  /** As messages name it. */
  readonly shown: string;
  /** The file that the image is in, as it was named; undefined if it has been made, or came in a stream. */
  readonly path?: Uint8Array<ArrayBuffer>;
  /** The image, of which no more is read than is looked at. */
  readonly image: Uint8Array<ArrayBuffer> | File;
  /**
   * The image as a whole.
   *
   * @param algorithm By what also to digest the file it is in to its end, if it goes on behind the image. To be
   * asked for once.
   */
  read(algorithm?: HashAlgorithm): ImageFile;
  /** Where its contents can be had, besides object stores. */
  readonly layers: readonly DataLayer[];
  /** Whether its contents have been read and digested on the way, and not been kept. */
  readonly hasPassed: boolean;
}

/** How what a reference names is opened. */
export interface OpenOptions extends ReferenceOptions {
  /** fs-verity digest that the image must have. */
  readonly digest?: Digest | undefined;
  /** Whether contents are to be had that are in no object store: of layers, they are kept for as long. */
  readonly needsContents?: boolean;
}

/** What a transport is given to open. */
export interface Named {
  /** As messages name it. */
  readonly shown: string;
  /** What followed the colon. */
  readonly rest: Uint8Array<ArrayBuffer>;
  /** What comes in, where that can be read only once: standard input, or a pipe. */
  readonly stream: Stream | undefined;
  readonly options: OpenOptions;
  readonly context: Context;
}

/** Opens what a reference of one transport names. */
export type Opener = (named: Named) => OpenedReference | Promise<OpenedReference>;

/**
 * The opened form of an image that has been made in memory.
 *
 * @param source Where its contents can be had, and what to give back in the end.
 * @throws {Error} If it has another digest than it must have.
 */
export function openedImage(
  bytes: Uint8Array<ArrayBuffer>,
  { shown, options: { digest } }: Pick<Named, "shown" | "options">,
  source: {
    readonly layers: readonly DataLayer[];
    readonly hasPassed?: boolean;
    readonly close?: () => void;
  } = { layers: [] },
): OpenedReference {
  if (digest !== undefined) {
    checkDigest(fsVerityDigest(bytes, { algorithm: digest.algorithm }), digest, shown);
  }
  return {
    shown,
    image: bytes,
    read: () => ({ bytes }),
    layers: source.layers,
    hasPassed: source.hasPassed ?? false,
    [Symbol.dispose]: source.close ?? (() => {}),
  };
}

/**
 * Refuses an image that has another digest than it must have.
 *
 * @param shown As messages name the image.
 */
export function checkDigest(found: Digest, expected: Digest, shown: string): void {
  if (found.equals(expected)) return;
  throw new Error(
    `Cannot use ${shown}: fs-verity digest ${found.toHex()}, expected ${expected.toHex()}`,
  );
}

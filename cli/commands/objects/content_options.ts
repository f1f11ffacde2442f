/**
 * Options of the commands that read file contents through an image: where the objects are, and what the
 * image must be.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import type { File, Stretch } from "../../../lib/file/file.ts";
import { openContent, type OpenContentOptions } from "../../../lib/objects/data_layers.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import type { Content, Regular } from "../../../lib/tree/tree.ts";
import type { OptionTable, OptionValues } from "../../args/command.ts";
import { digest } from "../../args/values.ts";
import { storeOptions } from "../../references/stores.ts";

/** Options of every command that reads objects. */
export const contentOptions = {
  ...storeOptions,
  digest: {
    kind: "value",
    value: "HEX",
    parse: digest,
    summary: "Refuse the image unless this is its fs-verity digest",
    help:
      "Objects are verified against the digests in the image, so without this option whoever can change the image decides what they should be.",
  },
  "require-digests": {
    kind: "flag",
    summary: "Refuse objects for which the image has no digest",
    help: "Otherwise they are held against their names, where these are digests.",
  },
  "allow-undigested": {
    kind: "flag",
    summary: "With --digest, take objects of which only the size can be checked",
    help: "They may hold anything, whatever the image's digest.",
  },
} as const satisfies OptionTable;

/** What they come to. */
export type ContentOptions = OptionValues<typeof contentOptions>;

/** How contents are opened: what the digest of the image vouches for is all that is, unless told otherwise. */
export function openOptions(
  sources: Pick<OpenContentOptions, "layers" | "trees">,
  { digest, requireDigests, allowUndigested }: ContentOptions,
): OpenContentOptions {
  if (requireDigests) return { ...sources, only: "digested" };
  return digest !== undefined && !allowUndigested ? { ...sources, only: "checked" } : sources;
}

/**
 * Opens the contents of a file, with its path in what goes wrong.
 *
 * @throws {Error} If its object is not there, or not what the image says.
 */
export function openFile(
  file: Regular<Content>,
  path: Uint8Array,
  options: OpenContentOptions,
): File {
  try {
    return new NamedFile(path.slice(), openContent(file, options));
  } catch (error) {
    throw naming(path, error);
  }
}

function naming(path: Uint8Array, error: unknown): unknown {
  if (!(error instanceof IntegrityError)) return error;
  return new Error(`Cannot read ${quote(path)}: ${error.message}`, { cause: error });
}

/** A file whose errors name its path in the image. */
class NamedFile implements File {
  readonly bytesAt?: (position: number) => Uint8Array;
  readonly #path: Uint8Array;
  readonly #file: File;

  constructor(path: Uint8Array, file: File) {
    this.#path = path;
    this.#file = file;
    if (file.bytesAt !== undefined) {
      this.bytesAt = (position) => this.#naming(() => file.bytesAt!(position));
    }
  }

  get size(): number {
    return this.#file.size;
  }

  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    return this.#naming(() => this.#file.readAt(into, position));
  }

  nextData(position: number): Stretch | undefined {
    const file = this.#file;
    if (file.nextData === undefined) return { start: position, end: Infinity };
    return this.#naming(() => file.nextData!(position));
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #naming<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw naming(this.#path, error);
    }
  }
}

/**
 * A directory of Merkle trees, each in a file that is named by the digest it leads to.
 *
 * A tree is laid out as the kernel hands it out; that of a very large file without its lowest level. Nothing
 * in the directory is believed, and nothing of it is needed: whoever reads a tree verifies it, and makes it
 * anew where it is damaged. So there are no locks, and what a crash leaves does no harm.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import { TREE_BLOCK_SIZE } from "../../lib/digest/hash_tree.ts";
import { equalBytes } from "../../lib/bytes/compare.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import type { File } from "../../lib/file/file.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { Fd } from "../files/fd.ts";
import { makeDirectories } from "../files/make_directories.ts";
import { writeFileAtomically } from "../files/output_file.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { joinPath } from "../sys/path.ts";
import { O_NONBLOCK, O_RDONLY } from "../sys/uapi.ts";

/** No other file that lies in a directory by chance is called so. */
const SUFFIX = ".merkle";

/** A file that can be made again is not for a group to write. */
const FILE_MODE = 0o644;

/** Bytes written at a time. */
const CHUNK_SIZE = 256 * TREE_BLOCK_SIZE;

/** How a cache is opened. */
export interface TreeCacheOptions {
  /** Told, once, why trees cannot be kept. */
  readonly onError?: ((error: SyscallError) => void) | undefined;
}

/** Trees that are kept from one run to the next. */
export class TreeCache {
  readonly #linux: Linux;
  readonly #path: Uint8Array;
  #onError: ((error: SyscallError) => void) | undefined;
  #isUsable = true;

  /** @param path The directory, made when the first tree is kept. */
  constructor(linux: Linux, path: Uint8Array, { onError }: TreeCacheOptions = {}) {
    this.#linux = linux;
    this.#path = path;
    this.#onError = onError;
  }

  /** Opens a tree, undefined if there is none. */
  find(digest: Digest): File | undefined {
    const flags = O_RDONLY | O_NONBLOCK;
    try {
      const file = Fd.open(this.#linux, this.#pathOf(digest), { flags });
      if (kindOfMode(file.sizeAndMode().mode) === "regular") return file;
      file.close();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // A cache that is not there yet is none that cannot be used.
      if (error.code !== "ENOENT") this.#fail(error);
    }
    return undefined;
  }

  /** Keeps a tree, unless the same is there. */
  keep(digest: Digest, tree: File): void {
    if (!this.#isUsable || this.#has(digest, tree)) return;
    try {
      makeDirectories(this.#linux, this.#path);
      // Whole or not there in whatever order the disk gets it: what is not whole is not believed.
      const options = { sync: false, mode: FILE_MODE };
      writeFileAtomically(this.#linux, this.#pathOf(digest), chunks(tree), options);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      this.#isUsable = false;
      this.#fail(error);
    }
  }

  #has(digest: Digest, tree: File): boolean {
    using known = this.find(digest);
    if (known?.size !== tree.size) return false;
    const mine = chunks(tree);
    let position = 0;
    for (const theirs of chunks(known)) {
      const expected = mine.next().value;
      if (expected === undefined || !equalBytes(expected, theirs)) return false;
      position += theirs.length;
    }
    return position === tree.size;
  }

  #pathOf(digest: Digest): Uint8Array<ArrayBuffer> {
    return joinPath(this.#path, utf8(digest.toHex() + SUFFIX));
  }

  #fail(error: SyscallError): void {
    this.#onError?.(error);
    this.#onError = undefined;
  }
}

/** A file in chunks that are valid until the next. */
function* chunks(file: File): Generator<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(Math.min(CHUNK_SIZE, file.size));
  for (let position = 0; position < file.size;) {
    const count = file.readAt(buffer, position);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    position += count;
  }
}

/**
 * The Merkle tree that the file system keeps of a file with fs-verity, as a file.
 *
 * @module
 */

import { equalBytes } from "../../lib/bytes/compare.ts";
import { type ExpectedFile, TREE_BLOCK_SIZE, treeSize } from "../../lib/digest/hash_tree.ts";
import type { File } from "../../lib/file/file.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Fd } from "./fd.ts";
import { measureVerity } from "./fsverity.ts";
import { readVerityMetadata } from "./verity_metadata.ts";

/**
 * Opens the tree of a file that has the fs-verity digest it is expected to have.
 *
 * @param file Stays open for as long as its tree is read.
 * @returns Undefined if the file has none, or another, or if its tree is not handed out: btrfs does not. What
 * is read of it has not been verified.
 */
export function openVerityTree(file: Fd, { digest, size }: ExpectedFile): File | undefined {
  const measured = whenPossible(() => measureVerity(file));
  if (measured === undefined || !equalBytes(measured.bytes, digest.bytes)) return undefined;
  const tree = new VerityTree(file, treeSize(size, digest.bytes.length));
  return tree.readAt(new Uint8Array(TREE_BLOCK_SIZE), 0) === 0 ? undefined : tree;
}

class VerityTree implements File {
  readonly size: number;
  readonly #file: Fd;

  constructor(file: Fd, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Ends where the kernel gives no more, for whatever reason: then another tree must do. */
  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    let done = 0;
    const range = { offset: position, length: Math.min(into.length, this.size - position) };
    whenPossible(() => {
      for (const chunk of readVerityMetadata(this.#file, "merkle_tree", range)) {
        into.set(chunk, done);
        done += chunk.length;
      }
    });
    return done;
  }

  [Symbol.dispose](): void {}
}

/** What the kernel answers, undefined if that is an error. */
function whenPossible<Result>(ask: () => Result): Result | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

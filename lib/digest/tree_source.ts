/**
 * Where the Merkle trees of files come from that are read verified.
 *
 * A {@linkcode MerkleTreeSource} finds trees that were made before, makes those that were not, and reads
 * contents for whoever holds them against a tree. The one here has no tree at hand and works in this thread;
 * `ffi/threads/tree_source.ts` asks the kernel and a cache, and uses all threads.
 *
 * @module
 */

import type { File } from "../file/file.ts";
import { memoryFile, readWhole } from "../file/file.ts";
import type { Digest } from "./digest.ts";
import { fsVerityDigest } from "./fs_verity.ts";
import { hashFile } from "./hash_file.ts";
import { type ExpectedFile, type HashTree, TREE_BLOCK_SIZE, treeSize } from "./hash_tree.ts";
import { IntegrityError } from "./integrity_error.ts";
import type { OtherParameters } from "./other_parameters.ts";
import { LevelHasher } from "./spans.ts";

/** What one pass over a file gives. */
export interface HashedFile {
  /** Its digest as it is, by the algorithm of the one that is expected. */
  readonly digest: Digest;
  /** Its tree, perhaps without the lowest level. Empty for a file of up to {@linkcode MAX_KEPT_SIZE}. */
  readonly tree: File;
  /** The contents that were hashed, if they are in memory. */
  readonly kept?: File;
}

/** Contents of some blocks, and the hash of each. */
export interface HashedBlocks {
  /** Valid until the next are read. */
  readonly bytes: Uint8Array;
  /** One after the other: the last block, if it is short, is hashed with zeros behind it. */
  readonly hashes: Uint8Array;
}

/** Reads contents by the chunk. */
export interface BlockReader extends Disposable {
  /** Chunks begin at multiples of this many bytes. */
  readonly alignment: number;
  /**
   * Reads a chunk of any length but 0, whose end is a multiple of a span or the end of the file.
   *
   * @returns Fewer bytes than expected only where the file ends before it should.
   */
  read(position: number): HashedBlocks;
}

/** Finds trees, makes them, and reads what they are the trees of. */
export interface MerkleTreeSource {
  /**
   * Looks for the tree of a file that has more than one block.
   *
   * @returns A tree as `hash_tree.ts` takes it. What it holds need not be right. Undefined if there is none.
   */
  find(file: File, expected: ExpectedFile): File | undefined;
  /**
   * Hashes a file, of the length that is expected, and makes its tree.
   *
   * @throws {IntegrityError} If it is not as long as it should be.
   */
  hash(file: File, expected: ExpectedFile): HashedFile;
  /** Tells by which other parameters a digest may have been made that contents do not have as a rule. */
  readonly otherParameters?: OtherParameters;
  /** Begins to read a file whose tree is there. Closes with it nothing but its own. */
  read(file: File, tree: HashTree, size: number): BlockReader;
}

/** Files up to this many bytes are kept in memory, and so are read and hashed only once. */
export const MAX_KEPT_SIZE: number = 1 << 20;

/** Bytes of the largest tree that is kept in memory whole: that of 8 GiB by SHA-256. */
const MAX_TREE_SIZE = 1 << 26;

/** Bytes that are read and verified at a time: small, so that reading here and there stays cheap. */
const CHUNK_SIZE = 1 << 17;

/** Tells whether the tree of a file is kept with its lowest level. */
export function keepsLowest(size: number, digestSize: number): boolean {
  return treeSize(size, digestSize) <= MAX_TREE_SIZE;
}

/** Has no tree at hand, and works in this thread. */
export const SEQUENTIAL_TREES: MerkleTreeSource = {
  find: () => undefined,
  hash: hashInTurn,
  read: (file, tree, size) => new SequentialReader(file, tree, size),
};

/** Hashes a file in this thread, and keeps it if it is small. */
export function hashInTurn(file: File, expected: ExpectedFile): HashedFile {
  const { size, digest: { algorithm, bytes } } = expected;
  if (size <= MAX_KEPT_SIZE) {
    const contents = readWhole(file, size);
    checkLength(contents.length, expected);
    checkEnd(file, expected);
    const digest = fsVerityDigest(contents, { algorithm });
    return { digest, tree: memoryFile(new Uint8Array(0)), kept: memoryFile(contents) };
  }
  const keepFrom = keepsLowest(size, bytes.length) ? 0 : 1;
  const hasher = hashFile(file, { algorithm, keepTree: true, keepFrom, limit: size });
  checkLength(hasher.size, expected);
  checkEnd(file, expected);
  return { digest: hasher.digest(), tree: hasher.merkleTreeFile() };
}

/** The error of a file that has another length than expected. */
export function wrongSize(found: number, { name = "file", size }: ExpectedFile): IntegrityError {
  return new IntegrityError("size", name, `${found} bytes, expected ${size}`);
}

function checkLength(found: number, expected: ExpectedFile): void {
  if (found !== expected.size) throw wrongSize(found, expected);
}

/**
 * Makes sure that a file ends where it should: its holes are not read, and it may have grown after its size
 * was asked for.
 *
 * @throws {IntegrityError} If it does not.
 */
export function checkEnd(file: File, expected: ExpectedFile): void {
  const { size, name = "file" } = expected;
  const last = Math.max(0, size - 1);
  const end = last + file.readAt(new Uint8Array(2), last);
  if (end < size) throw wrongSize(end, expected);
  if (end > size) {
    throw new IntegrityError("size", name, `more than the expected ${size} bytes`);
  }
}

/** Reads and hashes one chunk after the other, through one buffer. */
export class SequentialReader implements BlockReader {
  readonly alignment: number;
  readonly #file: File;
  readonly #size: number;
  readonly #levels: LevelHasher;
  readonly #buffer: Uint8Array<ArrayBuffer>;

  /** Reads what `tree` is the tree of. */
  constructor(file: File, tree: HashTree, size: number) {
    this.alignment = tree.lowest === 0 ? CHUNK_SIZE : Math.max(CHUNK_SIZE, tree.spanSize);
    this.#file = file;
    this.#size = size;
    this.#levels = new LevelHasher(tree.hasher, TREE_BLOCK_SIZE);
    this.#buffer = new Uint8Array(Math.min(this.alignment, size));
  }

  read(position: number): HashedBlocks {
    const room = this.#buffer.subarray(0, this.#size - position);
    const bytes = room.subarray(0, this.#file.readAt(room, position));
    return { bytes, hashes: this.#levels.hashBlocks(bytes) };
  }

  [Symbol.dispose](): void {}
}

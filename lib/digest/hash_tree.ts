/**
 * A Merkle tree that was made before, by whomever, and is believed block by block.
 *
 * Trees are laid out as the kernel hands them out: levels from the root block down, so that the lowest level
 * comes last, and is most of it. A tree may end before its lowest level: then contents are verified by the
 * span, which is what one hash block of that level covers.
 *
 * Nothing is taken from a tree that does not lead up to the file's digest: a hash block is used once its own
 * hash is the one in the block above it, and the root block once it makes, with the file's size, the digest.
 *
 * @see Documentation/filesystems/fsverity.rst, "Merkle tree"
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import type { File } from "../file/file.ts";
import { encodeFsVerityDescriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { BlockHasher } from "./hasher.ts";
import { defaultHasher } from "./sha2.ts";

/** Bytes of a block of data or hashes, in the trees of objects and images. */
export const TREE_BLOCK_SIZE = 4096;

/** What a file is expected to be. */
export interface ExpectedFile {
  /** Its fs-verity digest, with blocks of 4096 bytes and no salt. */
  readonly digest: Digest;
  /** Its length in bytes. */
  readonly size: number;
  /** What messages call it, such as `object "ab/cdef"`; `"file"` if absent. */
  readonly name?: string | undefined;
}

/** One level of hash blocks. */
export interface HashLevel {
  /** Where its first block is, in bytes from the start of the tree. */
  readonly position: number;
  /** How many hash blocks it has. */
  readonly blocks: number;
}

/**
 * Where the levels of a tree are, the lowest first; none for up to one block of contents.
 *
 * @param size Bytes of contents.
 * @param digestSize Bytes of a hash.
 */
export function hashLevels(size: number, digestSize: number): HashLevel[] {
  const perBlock = TREE_BLOCK_SIZE / digestSize;
  const counts: number[] = [];
  for (let count = Math.ceil(size / TREE_BLOCK_SIZE); count > 1;) {
    count = Math.ceil(count / perBlock);
    counts.push(count);
  }
  return counts.map((blocks, level) => ({
    position: counts.slice(level + 1).reduce((sum, count) => sum + count, 0) * TREE_BLOCK_SIZE,
    blocks,
  }));
}

/** Bytes of a whole tree. */
export function treeSize(size: number, digestSize: number): number {
  const [lowest] = hashLevels(size, digestSize);
  return lowest === undefined ? 0 : lowest.position + lowest.blocks * TREE_BLOCK_SIZE;
}

/** A tree holds something else than hashes that lead up to the digest. */
export class TreeDamage extends Error {
  override readonly name = "TreeDamage";
}

/** Hash blocks of a level that are remembered. */
const MAX_REMEMBERED = 64;

/** A tree of which only that is used which leads up to the digest. Closes the file that it is in. */
export class HashTree implements Disposable {
  /** 0 if the tree has its lowest level, 1 if it ends before. */
  readonly lowest: 0 | 1;
  /** What hashes blocks. */
  readonly hasher: BlockHasher;
  readonly #tree: File;
  readonly #levels: readonly HashLevel[];
  readonly #dataBlocks: number;
  readonly #perBlock: number;
  /** Verified hash blocks by level and number. */
  readonly #known: readonly Map<number, Uint8Array<ArrayBuffer>>[];
  /** For each level, the hash in it that stands for nothing but zeros. */
  readonly #zeroHashes: Uint8Array[] = [];

  private constructor(tree: File, { digest, size }: ExpectedFile) {
    this.hasher = defaultHasher(digest.algorithm);
    const { digestSize } = this.hasher;
    this.#tree = tree;
    this.#levels = hashLevels(size, digestSize);
    this.#dataBlocks = Math.ceil(size / TREE_BLOCK_SIZE);
    this.#perBlock = TREE_BLOCK_SIZE / digestSize;
    this.#known = this.#levels.map(() => new Map());
    this.lowest = tree.size < treeSize(size, digestSize) ? 1 : 0;
  }

  /**
   * Looks at the root of a tree.
   *
   * @param tree Taken over; closed at once if it is of no use.
   * @returns Undefined if it is no tree of that file, or too little of one: contents of one block need none.
   */
  static open(tree: File, expected: ExpectedFile): HashTree | undefined {
    const hashes = new HashTree(tree, expected);
    try {
      if (hashes.#findRoot(tree, expected)) return hashes;
    } catch (error) {
      hashes[Symbol.dispose]();
      throw error;
    }
    hashes[Symbol.dispose]();
    return undefined;
  }

  /** Closes the file that the tree is in. */
  [Symbol.dispose](): void {
    this.#tree[Symbol.dispose]();
  }

  #findRoot({ size }: File, expected: ExpectedFile): boolean {
    const lowest = this.#levels[this.lowest];
    if (lowest === undefined) return false;
    if (size < lowest.position + lowest.blocks * TREE_BLOCK_SIZE) return false;
    const root = this.#read(this.#levels.length - 1, 0);
    if (root === undefined || !this.#isRoot(root, expected)) return false;
    this.#known.at(-1)!.set(0, root);
    return true;
  }

  /** Bytes of contents under one hash block of the lowest level. */
  get spanSize(): number {
    return this.#perBlock * TREE_BLOCK_SIZE;
  }

  /**
   * Gives a hash block once it is verified.
   *
   * @param level From `lowest` upwards.
   * @returns Not to be changed. Zeros follow the last hash.
   * @throws {TreeDamage} If it, or one that leads to it, is not what the digest says.
   */
  block(level: number, index: number): Uint8Array<ArrayBuffer> {
    const known = this.#known[level]!.get(index);
    if (known !== undefined) return known;
    let above = this.#known.at(-1)!.get(0)!;
    for (let at = this.#levels.length - 2; at >= level; at--) {
      const wanted = Math.floor(index / this.#perBlock ** (at - level));
      above = this.#known[at]!.get(wanted) ?? this.#believe(at, wanted, above);
    }
    return above;
  }

  /**
   * Holds hashes of blocks, all of them in one span, against the tree.
   *
   * @param start Where the first block begins. All blocks of the span are there if the tree has no lowest level.
   * @returns Where a block, or in such a tree the span, begins whose hash is another; undefined if there is none.
   * @throws {TreeDamage} If the tree is not what the digest says.
   */
  findWrong(start: number, hashes: Uint8Array): number | undefined {
    const { digestSize } = this.hasher;
    const block = start / TREE_BLOCK_SIZE;
    const span = Math.floor(block / this.#perBlock);
    if (this.lowest === 1) {
      const padded = new Uint8Array(TREE_BLOCK_SIZE);
      padded.set(hashes);
      const above = this.block(1, Math.floor(span / this.#perBlock));
      const expected = this.#hashAt(above, span % this.#perBlock);
      return equalBytes(this.hasher.hash(padded), expected) ? undefined : start;
    }
    const first = block % this.#perBlock * digestSize;
    const expected = this.block(0, span).subarray(first, first + hashes.length);
    for (let at = 0; at < hashes.length; at++) {
      if (hashes[at] === expected[at]) continue;
      return start + Math.floor(at / digestSize) * TREE_BLOCK_SIZE;
    }
    return undefined;
  }

  /** Tells whether contents that begin and end between blocks are nothing but zeros by their hashes. */
  areZeros(start: number, end: number): boolean {
    const [first, last] = [start / TREE_BLOCK_SIZE, Math.ceil(end / TREE_BLOCK_SIZE)];
    const pending = [{ level: this.#levels.length - 1, index: 0 }];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const { level, index } = node;
      const hashes = this.block(level, index);
      // How many blocks of contents each of its hashes stands for.
      const covers = this.#perBlock ** level;
      const begin = index * this.#perBlock * covers;
      for (let i = 0; i < this.#perBlock; i++) {
        const from = begin + i * covers;
        if (from >= last || from >= this.#dataBlocks) break;
        if (from + covers <= first) continue;
        const isWhole = from >= first && from + covers <= Math.min(last, this.#dataBlocks);
        if (isWhole) {
          if (!equalBytes(this.#hashAt(hashes, i), this.#zeroHash(level))) return false;
        } else if (level > this.lowest) {
          pending.push({ level: level - 1, index: begin / covers + i });
        } else {
          return false;
        }
      }
    }
    return true;
  }

  #believe(level: number, index: number, above: Uint8Array): Uint8Array<ArrayBuffer> {
    const block = this.#read(level, index);
    const expected = this.#hashAt(above, index % this.#perBlock);
    if (block === undefined || !equalBytes(this.hasher.hash(block), expected)) {
      throw new TreeDamage(`Cannot use a Merkle tree: hash block ${index} of level ${level}`);
    }
    const known = this.#known[level]!;
    if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value!);
    known.set(index, block);
    return block;
  }

  #read(level: number, index: number): Uint8Array<ArrayBuffer> | undefined {
    const block = new Uint8Array(TREE_BLOCK_SIZE);
    const position = this.#levels[level]!.position + index * TREE_BLOCK_SIZE;
    return this.#tree.readAt(block, position) === block.length ? block : undefined;
  }

  #isRoot(block: Uint8Array, { digest, size }: ExpectedFile): boolean {
    const descriptor = encodeFsVerityDescriptor({
      algorithm: digest.algorithm,
      blockSize: TREE_BLOCK_SIZE,
      salt: new Uint8Array(0),
      dataSize: size,
      rootHash: this.hasher.hash(block),
    });
    return equalBytes(this.hasher.hash(descriptor), digest.bytes);
  }

  #hashAt(block: Uint8Array, index: number): Uint8Array {
    const { digestSize } = this.hasher;
    return block.subarray(index * digestSize, (index + 1) * digestSize);
  }

  #zeroHash(level: number): Uint8Array {
    for (let at = this.#zeroHashes.length; at <= level; at++) {
      const block = new Uint8Array(TREE_BLOCK_SIZE);
      const below = this.#zeroHashes[at - 1];
      for (let i = 0; below !== undefined && i < this.#perBlock; i++) {
        block.set(below, i * below.length);
      }
      this.#zeroHashes.push(this.hasher.hash(block));
    }
    return this.#zeroHashes[level]!;
  }
}

/**
 * The Merkle tree of fs-verity level by level, for data that is in memory.
 *
 * A span is the data under one hash block of the lowest level: 128 blocks, 512 KiB, for SHA-256 and
 * blocks of 4096 bytes. Spans are hashed without knowing of each other, so different threads may do it;
 * their hashes are the leaves of what `merkle.ts` builds above. Data that arrives in small pieces, and
 * salted trees, are all `merkle.ts`'s.
 *
 * @module
 */

import type { BlockHasher } from "./hasher.ts";

/** Bytes of data in a span. */
export function spanSize(blockSize: number, digestSize: number): number {
  return blockSize / digestSize * blockSize;
}

/** Hashes data by the level. Keeps memory for one block, so that a small file costs no more. */
export class LevelHasher {
  readonly #hasher: BlockHasher;
  readonly #blockSize: number;
  #padded: Uint8Array<ArrayBuffer> | undefined;

  /** The caller has checked that the block size fits the hash. */
  constructor(hasher: BlockHasher, blockSize: number) {
    this.#hasher = hasher;
    this.#blockSize = blockSize;
  }

  /**
   * Hashes each block of data, the last one padded with zeros.
   *
   * @returns The hashes one after the other; none for no data.
   */
  hashBlocks(data: Uint8Array): Uint8Array<ArrayBuffer> {
    const blockSize = this.#blockSize;
    // Most files are of one block, and then its hash is the result as it is.
    if (data.length > 0 && data.length <= blockSize) return this.#hashBlock(data);
    const { digestSize } = this.#hasher;
    const hashes = new Uint8Array(Math.ceil(data.length / blockSize) * digestSize);
    for (let block = 0; block * digestSize < hashes.length; block++) {
      const start = block * blockSize;
      hashes.set(this.#hashBlock(data.subarray(start, start + blockSize)), block * digestSize);
    }
    return hashes;
  }

  /**
   * Hashes the hash block above each span of data, the last span possibly shorter.
   *
   * @returns The hashes one after the other: the leaves of the rest of the tree, if the whole file is
   * longer than one block.
   */
  hashSpans(data: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.hashBlocks(this.hashBlocks(data));
  }

  /** The root hash of a whole file: all zero if it is empty. */
  rootHash(contents: Uint8Array): Uint8Array<ArrayBuffer> {
    const { digestSize } = this.#hasher;
    if (contents.length === 0) return new Uint8Array(digestSize);
    let level = this.hashBlocks(contents);
    while (level.length > digestSize) level = this.hashBlocks(level);
    return level;
  }

  #hashBlock(block: Uint8Array): Uint8Array<ArrayBuffer> {
    if (block.length === this.#blockSize) return this.#hasher.hash(block);
    const padded = this.#padded ??= new Uint8Array(this.#blockSize);
    padded.set(block);
    padded.fill(0, block.length);
    return this.#hasher.hash(padded);
  }
}

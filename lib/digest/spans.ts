/**
 * The Merkle tree of fs-verity level by level, for data that is in memory.
 *
 * A span is the data under one hash block of the lowest level: 128 blocks, 512 KiB, for SHA-256 and
 * blocks of 4096 bytes. Spans are hashed without knowing of each other, so different threads may do it;
 * their hashes are the leaves of what `merkle.ts` builds above. `merkle.ts` also takes data that
 * arrives in small pieces, and salted trees.
 *
 * @module
 */

import { viewOf } from "../bytes/view.ts";
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
   * @returns The hashes one after the other; none for no data. For whole spans, or up to the end of a file that
   * is longer than a block, the hashes of these are those of the hash blocks above.
   */
  hashBlocks(data: Uint8Array): Uint8Array<ArrayBuffer> {
    const blockSize = this.#blockSize;
    // Most files are of one block, and then its hash is the result as it is.
    if (data.length === blockSize) return this.#hasher.hash(data);
    if (data.length > 0 && data.length < blockSize) return this.#hasher.hash(this.#pad(data));
    const hasher = this.#hasher;
    const { digestSize } = hasher;
    const hashes = new Uint8Array(Math.ceil(data.length / blockSize) * digestSize);
    let at = 0;
    for (let start = 0; start < data.length; start += blockSize, at += digestSize) {
      const end = start + blockSize;
      const block = end <= data.length
        ? viewOf(data, start, end)
        : this.#pad(viewOf(data, start, data.length));
      if (hasher.hashInto === undefined) hashes.set(hasher.hash(block), at);
      else hasher.hashInto(block, hashes, at);
    }
    return hashes;
  }

  /** The root hash of a whole file: all zero if it is empty. */
  rootHash(contents: Uint8Array): Uint8Array<ArrayBuffer> {
    const { digestSize } = this.#hasher;
    if (contents.length === 0) return new Uint8Array(digestSize);
    let level = this.hashBlocks(contents);
    while (level.length > digestSize) level = this.hashBlocks(level);
    return level;
  }

  /** A short block with zeros up to a whole one. Valid until the next call. */
  #pad(block: Uint8Array): Uint8Array<ArrayBuffer> {
    const padded = this.#padded ??= new Uint8Array(this.#blockSize);
    padded.set(block);
    padded.fill(0, block.length);
    return padded;
  }
}

/**
 * The digest and the tree of a file whose spans were hashed apart from each other, by several threads.
 *
 * @module
 */

import type { File } from "../file/file.ts";
import type { Digest } from "./digest.ts";
import { digestOf, type FsVerityHasherOptions, makeTree } from "./fs_verity.ts";
import { hashBlockFile } from "./hash_block_file.ts";
import type { MerkleTree } from "./merkle.ts";
import { LevelHasher, spanSize } from "./spans.ts";

/**
 * Puts the digest of a file together from hashes of its spans: see `spans.ts`.
 *
 * @internal
 */
export class SpanAssembler {
  /** The tree above the lowest level of hash blocks. */
  readonly #tree: MerkleTree;
  /** The lowest level, if it is kept. */
  readonly #lowest: Uint8Array<ArrayBuffer>[] | undefined;
  #zeros: { readonly block: Uint8Array<ArrayBuffer>; readonly hash: Uint8Array } | undefined;

  /** Takes the options of the {@linkcode LevelHasher} that hashes the spans. No salt. */
  constructor(options: Omit<FsVerityHasherOptions, "salt"> = {}) {
    const { keepTree, keepFrom = 0, ...parameters } = options;
    this.#tree = makeTree({ ...parameters, ...(keepTree === undefined ? {} : { keepTree }) });
    this.#lowest = keepTree && keepFrom === 0 ? [] : undefined;
  }

  /** Adds the hashes of the next spans: of the hash block above each. */
  add(hashes: Uint8Array): void {
    const { digestSize } = this.#tree.hasher;
    for (let at = 0; at < hashes.length; at += digestSize) {
      this.#tree.addLeaf(hashes.slice(at, at + digestSize));
    }
  }

  /** Adds the hashes of all blocks of the next spans, as `hashBlocks` gives them. */
  addBlocks(hashes: Uint8Array): void {
    const { blockSize, hasher } = this.#tree;
    for (let at = 0; at < hashes.length; at += blockSize) {
      const block = new Uint8Array(blockSize);
      block.set(hashes.subarray(at, at + blockSize));
      this.#lowest?.push(block);
      this.#tree.addLeaf(hasher.hash(block));
    }
  }

  /** Adds spans that are zeros, `length` bytes of them. */
  addZeros(length: number): void {
    const { blockSize, hasher } = this.#tree;
    const span = spanSize(blockSize, hasher.digestSize);
    if (this.#zeros === undefined) {
      const block = new LevelHasher(hasher, blockSize).hashBlocks(new Uint8Array(span));
      this.#zeros = { block, hash: hasher.hash(block) };
    }
    const { block, hash } = this.#zeros;
    this.#tree.addEqualLeaves(hash, length / span);
    for (let added = 0; this.#lowest !== undefined && added < length; added += span) {
      this.#lowest.push(block);
    }
  }

  /** The digest, once all spans of a file of `size` bytes, more than a block, have been added. */
  digest(size: number): Digest {
    return digestOf(this.#tree, size);
  }

  /** The tree, if it was kept, once all has been added. Its lowest level is there if `addBlocks` gave it. */
  treeFile(): File {
    const levels = this.#tree.keptLevels();
    const lowest = this.#lowest ?? [];
    return hashBlockFile([...levels, lowest], this.#tree.blockSize);
  }
}

/**
 * The digests of a file whose pieces are hashed by several threads, in whatever order these are done.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../../lib/digest/hasher.ts";
import { SpanAssembler } from "../../lib/digest/span_assembler.ts";
import type { File } from "../../lib/file/file.ts";
import { hashesSize, PIECE_SIZE } from "./_piece_hasher.ts";

/** What is made of the hashes. */
export interface AssemblyOptions {
  /** Length of the file in bytes. */
  readonly size: number;
  /** By what it is digested: those of the pool that hashes its pieces. */
  readonly algorithms: readonly HashAlgorithm[];
  /** Bytes in a block; 4096 if absent. */
  readonly blockSize?: number;
  /** Makes the file's tree: all of it, or from the level above the lowest on. */
  readonly keepTree?: "whole" | "upper";
}

/** Puts hashes of pieces together in the order of the file. */
export class PieceAssembly {
  readonly size: number;
  /** Whether the file's tree is made, of the hashes of all blocks. */
  readonly keepsTree: boolean;
  readonly #blockSize: number;
  /** One for each algorithm, with the length of its digests in bytes. */
  readonly #assemblers: readonly {
    readonly assembler: SpanAssembler;
    readonly digestSize: number;
  }[];
  /** Hashes that arrived before those in front of them, and lengths of holes, by position. */
  readonly #early = new Map<number, Uint8Array | number>();
  /** Bytes whose hashes have been put in place. */
  #done = 0;

  constructor({ size, algorithms, blockSize = 4096, keepTree }: AssemblyOptions) {
    this.size = size;
    this.keepsTree = keepTree !== undefined;
    this.#blockSize = blockSize;
    const tree = { keepTree: this.keepsTree, keepFrom: keepTree === "upper" ? 1 : 0 };
    this.#assemblers = algorithms.map((algorithm) => ({
      assembler: new SpanAssembler({ algorithm, blockSize, ...tree }),
      digestSize: HASH_ALGORITHMS[algorithm].digestSize,
    }));
  }

  /** Whether all pieces have been taken. */
  get isComplete(): boolean {
    return this.#done >= this.size;
  }

  /** Takes the hashes of a piece, or the length of a hole, a multiple of `PIECE_SIZE`. */
  take(position: number, found: Uint8Array | number): void {
    this.#early.set(position, found);
    for (
      let next = this.#early.get(this.#done);
      next !== undefined;
      next = this.#early.get(this.#done)
    ) {
      this.#early.delete(this.#done);
      if (typeof next === "number") {
        for (const { assembler } of this.#assemblers) assembler.addZeros(next);
        this.#done += next;
      } else {
        this.#addHashes(next);
        this.#done += PIECE_SIZE;
      }
    }
  }

  /** The digests, in the order of the algorithms, once all pieces have been taken. */
  digests(): Digest[] {
    return this.#assemblers.map(({ assembler }) => assembler.digest(this.size));
  }

  /** The tree by the first algorithm, if it was to be kept, once all pieces have been taken. */
  tree(): File {
    return this.#assemblers[0]!.assembler.treeFile();
  }

  #addHashes(hashes: Uint8Array): void {
    const length = Math.min(PIECE_SIZE, this.size - this.#done);
    let start = 0;
    for (const { assembler, digestSize } of this.#assemblers) {
      const end = start +
        (this.keepsTree
          ? Math.ceil(length / this.#blockSize) * digestSize
          : hashesSize(length, this.#blockSize, digestSize));
      const own = hashes.subarray(start, end);
      if (this.keepsTree) assembler.addBlocks(own);
      else assembler.add(own);
      start = end;
    }
  }
}

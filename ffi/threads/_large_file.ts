/**
 * A file that is hashed in pieces by several threads, and put together from them in order.
 *
 * @module
 */

import { wrongLength } from "../../lib/composefs/file_reader.ts";
import type { File } from "../../lib/file/file.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import type { Fd } from "../files/fd.ts";
import { LargeCopy } from "./_large_copy.ts";
import { type AssemblyOptions, PieceAssembly } from "./_piece_assembly.ts";
import { PIECE_SIZE, type PieceHasher } from "./_piece_hasher.ts";
import type { PieceJob } from "./_piece_job.ts";

/** What is to be done with a file. */
export interface LargeFileOptions extends AssemblyOptions {
  /** Tells the file from others that are on their way. */
  readonly number: number;
  /** Open for reading. Stays open until all pieces are done; the opener closes it. */
  readonly from: Fd;
  /** An empty file, open for writing, that is to be its copy. */
  readonly to?: Fd;
  /** Where in the memory of the pool a file without holes is to be left. */
  readonly into?: number | undefined;
}

/** A file in pieces. */
export class LargeFile {
  readonly number: number;
  readonly from: Fd;
  readonly size: number;
  readonly #assembly: PieceAssembly;
  readonly #copy: LargeCopy | undefined;
  readonly #isSparse: boolean;
  readonly #into: number | undefined;

  constructor(options: LargeFileOptions) {
    const { number, from, to, size } = options;
    this.number = number;
    this.from = from;
    this.size = size;
    this.#assembly = new PieceAssembly(options);
    const data = from.nextData(0);
    this.#isSparse = data === undefined || data.start > 0 || data.end < size;
    this.#into = this.#isSparse ? undefined : options.into;
    this.#copy = to && new LargeCopy(to, size, this.#isSparse);
  }

  /** The copy, if there is one. */
  get to(): Fd | undefined {
    return this.#copy?.file;
  }

  /** Whether its tree is made. */
  get keepsTree(): boolean {
    return this.#assembly.keepsTree;
  }

  /** Whether the file is left in the memory of the pool. */
  get isKept(): boolean {
    return this.#into !== undefined;
  }

  /** Whether writing its copy is worth more threads. */
  get isLongCopy(): boolean {
    return this.#copy?.isLong ?? false;
  }

  /** Whether all pieces have been taken. */
  get isComplete(): boolean {
    return this.#assembly.isComplete;
  }

  /**
   * Cuts the file into the pieces that are to be read. Those that lie in a hole are taken at once, but for
   * the last one, by which a file that has become shorter is noticed.
   *
   * @param onHole Told how long each hole is that is taken.
   */
  *pieces(onHole: (bytes: number) => void): Generator<Omit<PieceJob, "from" | "to">> {
    const { from, size } = this;
    const last = size - 1 - (size - 1) % PIECE_SIZE;
    let dataEnd = this.#isSparse ? 0 : Infinity;
    for (let position = 0; position < size; position += PIECE_SIZE) {
      if (position >= dataEnd) {
        const data = from.nextData(position);
        dataEnd = data?.end ?? Infinity;
        const hole = Math.min(data?.start ?? size, last) - position;
        const skipped = hole - hole % PIECE_SIZE;
        if (skipped > 0) {
          this.take(position, skipped);
          onHole(skipped);
          position += skipped;
        }
      }
      const length = Math.min(PIECE_SIZE, size - position);
      const into = this.#into === undefined ? {} : { into: this.#into + position };
      yield {
        isSparse: this.#isSparse,
        eachBlock: this.#assembly.keepsTree,
        position,
        length,
        ...into,
      };
    }
  }

  /** Takes the hashes of a piece, or the length of a hole. */
  take(position: number, found: Uint8Array | number): void {
    this.#assembly.take(position, found);
  }

  /**
   * Hashes a piece again that has failed, and writes its copy through the page cache.
   *
   * @throws What it has failed by.
   */
  hashAgain(hasher: PieceHasher, job: PieceJob): Uint8Array {
    this.#copy?.endDirect();
    const { from, to, size } = this;
    const hashes = hasher.hashPiece({ ...job, from, to });
    if (hashes !== undefined) return hashes;
    throw wrongLength(from.shown, from.stat().size, size);
  }

  /** Completes the copy, if there is one, and gives the digests, in the order of the algorithms. */
  finish(): Digest[] {
    this.#copy?.finish();
    return this.#assembly.digests();
  }

  /** The tree by the first algorithm, if it was to be kept, once the file has been finished. */
  tree(): File {
    return this.#assembly.tree();
  }
}

/**
 * A file that is hashed in pieces by several threads, and put together from them in order.
 *
 * @module
 */

import { wrongLength } from "../../lib/composefs/file_reader.ts";
import type { File } from "../../lib/file/file.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import { SpanAssembler } from "../../lib/digest/span_assembler.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { PieceJob } from "./_piece_job.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO } from "../sys/errno.ts";
import { tryAllocate, tryFcntl } from "../sys/file_calls.ts";
import type { Fd } from "../files/fd.ts";
import { type FilePiece, hashesSize, PIECE_SIZE, type PieceHasher } from "./_piece_hasher.ts";
import { F_GETFL, F_SETFL } from "../sys/uapi.ts";
import { resize } from "../files/write_contents.ts";

/** What is to be done with a file. */
export interface LargeFileOptions {
  /** Tells the file from others that are on their way. */
  readonly number: number;
  /** Open for reading. Stays open until all pieces are done; the opener closes it. */
  readonly from: Fd;
  /** Its length in bytes. */
  readonly size: number;
  /** An empty file, open for writing, that is to be its copy. */
  readonly to?: Fd;
  /** By what it is digested: those of the pool that hashes its pieces. */
  readonly algorithms: readonly HashAlgorithm[];
  readonly blockSize?: number;
  /** Makes the file's tree: all of it, or from the level above the lowest on. */
  readonly keepTree?: "whole" | "upper";
  /** Where in the memory of the pool a file without holes is to be left. */
  readonly into?: number | undefined;
}

/** What a copy is written in multiples of; in the end it gets its length. */
const COPY_ALIGNMENT = 4096;

/** Bytes of a copy that is worth more threads, each of which takes some 10 MiB of memory. */
const LONG_COPY = 1 << 28;

/** A file in pieces. */
export class LargeFile {
  readonly number: number;
  readonly from: Fd;
  readonly to: Fd | undefined;
  readonly size: number;
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
  #isDirect = false;
  readonly #isSparse: boolean;
  /** Whether its tree is made. */
  readonly keepsTree: boolean;
  readonly #into: number | undefined;

  constructor(options: LargeFileOptions) {
    const { number, from, to, size, algorithms, blockSize = 4096, keepTree } = options;
    this.number = number;
    this.from = from;
    this.to = to;
    this.size = size;
    this.#blockSize = blockSize;
    this.keepsTree = keepTree !== undefined;
    const tree = { keepTree: this.keepsTree, keepFrom: keepTree === "upper" ? 1 : 0 };
    this.#assemblers = algorithms.map((algorithm) => ({
      assembler: new SpanAssembler({ algorithm, blockSize, ...tree }),
      digestSize: HASH_ALGORITHMS[algorithm].digestSize,
    }));
    const data = from.nextData(0);
    this.#isSparse = data === undefined || data.start > 0 || data.end < size;
    this.#into = this.#isSparse ? undefined : options.into;
    if (to !== undefined) {
      // Writing past the end of a file is for one thread at a time, too.
      if (this.#isSparse) resize(to, alignUp(size, COPY_ALIGNMENT));
      else reserve(to, size);
      this.#isDirect = setDirect(to, true);
    }
  }

  /** Whether the file is left in the memory of the pool. */
  get isKept(): boolean {
    return this.#into !== undefined;
  }

  /** Whether writing its copy is worth more threads. */
  get isLongCopy(): boolean {
    return this.to !== undefined && this.size >= LONG_COPY;
  }

  /** Whether all pieces have been taken. */
  get isComplete(): boolean {
    return this.#done >= this.size;
  }

  /**
   * Cuts the file into the pieces that are to be read. Those that lie in a hole are taken at once, but for
   * the last one, by which a file that has become shorter is noticed.
   *
   * @param onHole Told how long each hole is that is taken.
   */
  *pieces(onHole: (bytes: number) => void): Generator<Omit<FilePiece, "to">> {
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
        from,
        isSparse: this.#isSparse,
        eachBlock: this.keepsTree,
        position,
        length,
        ...into,
      };
    }
  }

  /** Takes the hashes of a piece, or the length of a hole. */
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

  /**
   * Hashes a piece again that has failed: by the page cache, for not every file system that says so writes
   * past it.
   *
   * @throws What it has failed by.
   */
  hashAgain(hasher: PieceHasher, job: PieceJob): Uint8Array {
    this.#endDirect();
    const { from, to, size } = this;
    const hashes = hasher.hashPiece({ ...job, from, to });
    if (hashes !== undefined) return hashes;
    throw wrongLength(from.shown, from.stat().size, size);
  }

  /** Completes the copy, if there is one, and gives the digests, in the order of the algorithms. */
  finish(): Digest[] {
    this.#endDirect();
    if (this.to !== undefined && alignUp(this.size, COPY_ALIGNMENT) !== this.size) {
      resize(this.to, this.size);
    }
    return this.#assemblers.map(({ assembler }) => assembler.digest(this.size));
  }

  /** The tree by the first algorithm, if it was to be kept, once the file has been finished. */
  tree(): File {
    return this.#assemblers[0]!.assembler.treeFile();
  }

  #endDirect(): void {
    if (!this.#isDirect) return;
    this.#isDirect = false;
    setDirect(this.to!, false);
  }
}

/**
 * Reserves the blocks of a copy, so that threads may write to it at once: a file that grows has one writer
 * at a time.
 *
 * @throws {SyscallError} If there is no room for them.
 */
function reserve(file: Fd, size: number): void {
  const result = tryAllocate(file, size);
  if (result === -ERRNO.ENOSPC || result === -ERRNO.EDQUOT) {
    checkResult("fallocate", result, { action: "write", subject: file.subject });
  }
}

/**
 * Has a file written past the page cache, or no longer. A large object is not read soon after it was made;
 * in the cache it would take the place of what is, and writing it there and from there costs about three
 * times as long (measured, 1 GiB on ext4).
 *
 * @returns Whether it could be done.
 */
function setDirect(file: Fd, direct: boolean): boolean {
  const { O_DIRECT } = file.linux.flags;
  const flags = tryFcntl(file, F_GETFL);
  if (flags < 0) return false;
  const wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  return tryFcntl(file, F_SETFL, wanted) === 0;
}

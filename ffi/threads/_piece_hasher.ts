/**
 * Hashing and copying pieces of large files on one thread.
 *
 * @module
 */

import { LevelHasher, spanSize } from "../../lib/digest/spans.ts";
import type { BlockHasher } from "../../lib/digest/hasher.ts";
import { MAX_SPAN_HASHES, type PieceJob } from "./_piece_job.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import { Fd } from "../files/fd.ts";
import { nextData } from "../files/holes.ts";
import type { Linux } from "../sys/linux.ts";
import { writeNonZero } from "../files/write_contents.ts";

/** Bytes of a piece; the last one of a file may have fewer. */
export const PIECE_SIZE = 1 << 21;

/** Bytes of the largest file that is not cut into pieces: it is one. */
export const MAX_WHOLE_FILE = PIECE_SIZE;

/** Bytes that are read at least before they are hashed: few enough to be in a cache of the CPU by then. */
const MIN_STEP = 1 << 18;

/** What addresses and lengths of writes past the page cache are multiples of. */
const DIRECT_ALIGNMENT = 4096;

/** Tells whether a large file can be cut into pieces: then each is of whole spans. */
export function canCut({ digestSize }: BlockHasher, blockSize: number): boolean {
  const span = spanSize(blockSize, digestSize);
  return span <= PIECE_SIZE &&
    hashesSize(PIECE_SIZE, blockSize, digestSize) <= MAX_SPAN_HASHES;
}

/** Bytes of the hashes of all spans of a piece. */
export function hashesSize(length: number, blockSize: number, digestSize: number): number {
  return Math.ceil(length / spanSize(blockSize, digestSize)) * digestSize;
}

/** A part of a file, and its copy if there is one. */
export interface FilePiece extends Omit<PieceJob, "from" | "to"> {
  readonly from: Fd | undefined;
  readonly to: Fd | undefined;
}

/** Works on one piece after the other, through one buffer. */
export class PieceHasher {
  readonly #linux: Linux;
  /** One for each algorithm. */
  readonly #levels: readonly LevelHasher[];
  /** Bytes read at a time: a whole number of the spans of all, which are powers of two. */
  readonly #stepSize: number;
  readonly #shared: SharedArrayBuffer | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** By algorithm, the hashes of the blocks in a step of zeros. */
  #zeroStep: readonly Uint8Array<ArrayBuffer>[] | undefined;

  /** @param shared What pieces are left in that are asked for. */
  constructor(
    linux: Linux,
    hashers: readonly BlockHasher[],
    blockSize: number,
    shared: SharedArrayBuffer | undefined,
  ) {
    this.#linux = linux;
    this.#shared = shared;
    this.#levels = hashers.map((hasher) => new LevelHasher(hasher, blockSize));
    const spans = hashers.map(({ digestSize }) => spanSize(blockSize, digestSize));
    this.#stepSize = Math.max(MIN_STEP, ...spans);
  }

  /** Works on a job. Its files are open in another thread. */
  hash({ from, to, ...piece }: PieceJob): Uint8Array {
    const hashes = this.hashPiece({
      ...piece,
      from: from === undefined ? undefined : new Fd(this.#linux, from, "a large file"),
      to: to === undefined ? undefined : new Fd(this.#linux, to, "a copy of a large file"),
    });
    // The thread that has opened the file does it again, and finds out more.
    if (hashes === undefined) throw new Error("it ends too early");
    return hashes;
  }

  /**
   * Reads a piece, unless it is in memory, writes it to the same place of the copy, and hashes it.
   *
   * The last piece of a copy is written up to a whole number of blocks.
   *
   * @returns The hashes of its spans, or of its blocks if these are asked for, by the first algorithm, then by
   * the next; undefined if the file ends before the piece does.
   */
  hashPiece(piece: FilePiece): Uint8Array | undefined {
    const { to, isSparse, eachBlock, position, length } = piece;
    // A copy without holes is written at once.
    const step = to !== undefined && !isSparse ? length : this.#stepSize;
    const hashes: (readonly Uint8Array[])[] = [];
    for (let start = position; start < position + length; start += step) {
      const found = this.#hashStep(piece, start, Math.min(step, position + length - start));
      if (found === undefined) return undefined;
      hashes.push(found);
    }
    const blocks = this.#levels.map((_, algorithm) =>
      joinHashes(hashes.map((each) => each[algorithm]!))
    );
    return joinHashes(
      eachBlock ? blocks : this.#levels.map((levels, i) => levels.hashBlocks(blocks[i]!)),
    );
  }

  /** Does the same with a part of a piece, unless it is a hole; the copy gets no blocks of zeros. */
  #hashStep(
    { from, to, isSparse, into, position }: FilePiece,
    start: number,
    length: number,
  ): readonly Uint8Array[] | undefined {
    if (from !== undefined && isSparse && length === this.#stepSize) {
      if (isHole(from, start, start + length)) {
        return this.#zeroStep ??= this.#hashBlocks(new Uint8Array(length));
      }
    }
    const padded = to === undefined ? length : alignUp(length, DIRECT_ALIGNMENT);
    const room = into === undefined
      ? this.#privateBytes(padded)
      : this.#sharedBytes(into + start - position, padded);
    const bytes = room.subarray(0, length);
    if (from !== undefined && from.readAt(bytes, start) !== length) return undefined;
    if (to !== undefined) {
      // The copy is written up to a whole number of blocks.
      room.fill(0, length);
      if (isSparse) writeNonZero(to, room, start);
      else to.writeAt(room, start);
    }
    return this.#hashBlocks(bytes);
  }

  /** Hashes each block by each algorithm. */
  #hashBlocks(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    return this.#levels.map((levels) => levels.hashBlocks(bytes));
  }

  #privateBytes(length: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#buffer ??= alignedBuffer(this.#linux);
    return buffer.subarray(0, length);
  }

  /** Memory like any other to read into: nobody looks at it before this job is done. */
  #sharedBytes(start: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#shared!, start, length) as Uint8Array as Uint8Array<ArrayBuffer>;
  }
}

function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.length === 1 ? hashes[0]! : concatBytes(...hashes);
}

function isHole(file: Fd, start: number, end: number): boolean {
  const data = nextData(file, start, () => file.stat().size);
  return data === undefined || data.start >= end;
}

/** Room for a piece at an address that the kernel can write from without copying. */
function alignedBuffer(linux: Linux): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(PIECE_SIZE + DIRECT_ALIGNMENT);
  const start = -linux.addressOf(buffer) & (DIRECT_ALIGNMENT - 1);
  return buffer.subarray(start, start + PIECE_SIZE);
}

/**
 * Hashing and copying pieces of large files on one thread.
 *
 * @module
 */

import { LevelHasher, spanSize } from "../../lib/digest/spans.ts";
import type { BlockHasher } from "../../lib/digest/hasher.ts";
import { MAX_SPAN_HASHES, type SpanJob } from "./_span_job.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import { Fd } from "../files/fd.ts";
import { nextData } from "../files/holes.ts";
import type { Linux } from "../sys/linux.ts";
import { writeNonZero } from "../files/write_contents.ts";

/** Bytes of a piece, and of the largest file that is read by one thread alone. */
export const MAX_WHOLE_FILE = 1 << 21;

/** What addresses and lengths of writes past the page cache are multiples of. */
const DIRECT_ALIGNMENT = 4096;

/** Tells whether a large file can be cut into pieces: then each is of whole spans. */
export function canCut({ digestSize }: BlockHasher, blockSize: number): boolean {
  const span = spanSize(blockSize, digestSize);
  return span <= MAX_WHOLE_FILE &&
    hashesSize(MAX_WHOLE_FILE, blockSize, digestSize) <= MAX_SPAN_HASHES;
}

/** Bytes of the hashes of all spans of a piece. */
export function hashesSize(length: number, blockSize: number, digestSize: number): number {
  return Math.ceil(length / spanSize(blockSize, digestSize)) * digestSize;
}

/** A part of a file, and its copy if there is one. */
export interface FilePiece extends Omit<SpanJob, "from" | "to"> {
  readonly from: Fd;
  readonly to: Fd | undefined;
}

/** Works on one piece after the other, through one buffer. */
export class SpanWork {
  readonly #linux: Linux;
  /** One for each algorithm. */
  readonly #levels: readonly LevelHasher[];
  /** The longest of the spans of all, which are powers of two. */
  readonly #spanSize: number;
  readonly #shared: SharedArrayBuffer | undefined;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  /** By algorithm, the hashes of the blocks in a span of zeros. */
  #zeroSpan: readonly Uint8Array<ArrayBuffer>[] | undefined;

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
    this.#spanSize = Math.max(...hashers.map(({ digestSize }) => spanSize(blockSize, digestSize)));
  }

  /** Works on a job. Its files are open in another thread. */
  hash({ from, to, ...piece }: SpanJob): Uint8Array {
    const hashes = this.hashPiece({
      ...piece,
      from: new Fd(this.#linux, from, "a large file"),
      to: to === undefined ? undefined : new Fd(this.#linux, to, "a copy of a large file"),
    });
    // No more is said of it here: whoever has the file does it again.
    if (hashes === undefined) throw new RangeError("it ends too early");
    return hashes;
  }

  /**
   * Reads a piece, writes it to the same place of the copy, and hashes it.
   *
   * The last piece of a copy is written up to a whole number of blocks.
   *
   * @returns The hashes of its spans, or of its blocks if these are asked for, by the first algorithm, then by
   * the next; undefined if the file ends
   * before the piece does.
   */
  hashPiece(piece: FilePiece): Uint8Array | undefined {
    if (piece.isSparse) return this.#hashSparse(piece);
    const { from, to, eachBlock, into, position, length } = piece;
    const bytes = into === undefined
      ? this.#read(from, position, length)
      : this.#readShared(from, position, length, into);
    if (bytes === undefined) return undefined;
    to?.writeAt(this.#pad(length), position);
    return this.#join(this.#hashBlocks(bytes), eachBlock);
  }

  /** Does the same span by span, past those that lie in holes; the copy gets no blocks of zeros. */
  #hashSparse({ from, to, eachBlock, position, length }: FilePiece): Uint8Array | undefined {
    const span = this.#spanSize;
    const hashes: (readonly Uint8Array[])[] = [];
    for (let start = position; start < position + length; start += span) {
      const size = Math.min(span, position + length - start);
      if (size === span && isHole(from, start, start + size)) {
        hashes.push(this.#zeroSpan ??= this.#hashBlocks(new Uint8Array(span)));
        continue;
      }
      const bytes = this.#read(from, start, size);
      if (bytes === undefined) return undefined;
      if (to !== undefined) writeNonZero(to, this.#pad(size), start);
      hashes.push(this.#hashBlocks(bytes));
    }
    const all = this.#levels.map((_, algorithm) =>
      concatBytes(...hashes.map((each) => each[algorithm]!))
    );
    return this.#join(all, eachBlock);
  }

  /** Hashes each block by each algorithm. */
  #hashBlocks(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    return this.#levels.map((levels) => levels.hashBlocks(bytes));
  }

  /** Puts hashes of blocks one behind the other, or those of the spans above them. */
  #join(blocks: readonly Uint8Array<ArrayBuffer>[], eachBlock: boolean): Uint8Array {
    return joinHashes(
      eachBlock ? blocks : this.#levels.map((levels, i) => levels.hashBlocks(blocks[i]!)),
    );
  }

  #read(from: Fd, position: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const buffer = this.#buffer ??= alignedBuffer(this.#linux);
    const bytes = buffer.subarray(0, length);
    return from.readAt(bytes, position) === length ? bytes : undefined;
  }

  #readShared(
    from: Fd,
    position: number,
    length: number,
    into: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    // What is read into is memory like any other; nobody looks at it before this job is done.
    const bytes = new Uint8Array(this.#shared!, into, length) as Uint8Array as Uint8Array<
      ArrayBuffer
    >;
    return from.readAt(bytes, position) === length ? bytes : undefined;
  }

  /** What has been read, with zeros up to a whole number of blocks. */
  #pad(length: number): Uint8Array<ArrayBuffer> {
    const padded = alignUp(length, DIRECT_ALIGNMENT);
    this.#buffer!.fill(0, length, padded);
    return this.#buffer!.subarray(0, padded);
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
  const buffer = new Uint8Array(MAX_WHOLE_FILE + DIRECT_ALIGNMENT);
  const start = -linux.addressOf(buffer) & (DIRECT_ALIGNMENT - 1);
  return buffer.subarray(start, start + MAX_WHOLE_FILE);
}

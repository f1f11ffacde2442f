/**
 * Hashing and copying pieces of large files on one thread.
 *
 * @module
 */

import { LevelHasher, spanSize } from "../../lib/fsverity/spans.ts";
import type { BlockHasher } from "../../lib/fsverity/hasher.ts";
import { MAX_SPAN_HASHES, type SpanJob } from "../../lib/jobs/span_job.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import { Fd } from "../fd.ts";
import type { Linux } from "../linux.ts";

/** Bytes of a piece, and of the largest file that is read by one thread alone. */
export const MAX_WHOLE_FILE = 1 << 21;

/** What addresses and lengths of writes past the page cache are multiples of. */
const DIRECT_ALIGNMENT = 4096;

/** Tells whether a large file can be cut into pieces: then each is of whole spans. */
export function canCut({ digestSize }: BlockHasher, blockSize: number): boolean {
  const span = spanSize(blockSize, digestSize);
  return span <= MAX_WHOLE_FILE && MAX_WHOLE_FILE / span * digestSize <= MAX_SPAN_HASHES;
}

/** Works on one piece after the other, through one buffer. */
export class SpanWork {
  readonly #linux: Linux;
  readonly #levels: LevelHasher;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  constructor(linux: Linux, hasher: BlockHasher, blockSize: number) {
    this.#linux = linux;
    this.#levels = new LevelHasher(hasher, blockSize);
  }

  /** Works on a job. Its files are open in another thread. */
  hash({ from, to, position, length }: SpanJob): Uint8Array {
    const source = new Fd(this.#linux, from, "a large file");
    const copy = to === undefined ? undefined : new Fd(this.#linux, to, "a copy of a large file");
    return this.hashPiece(source, copy, position, length);
  }

  /**
   * Reads a piece, writes it to the same place of the copy, and hashes it.
   *
   * The last piece of a copy is written up to a whole number of blocks.
   *
   * @returns The hashes of its spans.
   * @throws {RangeError} If the file ends before the piece does.
   */
  hashPiece(from: Fd, to: Fd | undefined, position: number, length: number): Uint8Array {
    const buffer = this.#buffer ??= alignedBuffer(this.#linux);
    const piece = buffer.subarray(0, length);
    const count = from.readAt(piece, position);
    if (count !== length) {
      throw new RangeError(
        `Cannot read ${from.shown}: it ends after ${position + count} bytes, ` +
          `expected ${position + length} at least`,
      );
    }
    if (to !== undefined) {
      const padded = alignUp(length, DIRECT_ALIGNMENT);
      buffer.fill(0, length, padded);
      to.writeAt(buffer.subarray(0, padded), position);
    }
    return this.#levels.hashSpans(piece);
  }
}

/** Room for a piece at an address that the kernel can write from without copying. */
function alignedBuffer(linux: Linux): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(MAX_WHOLE_FILE + DIRECT_ALIGNMENT);
  const start = -linux.addressOf(buffer) & (DIRECT_ALIGNMENT - 1);
  return buffer.subarray(start, start + MAX_WHOLE_FILE);
}

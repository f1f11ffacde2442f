/**
 * Cuts a stream of bytes into lines.
 *
 * A line lies in its chunk, or in a copy if it spans several, so a dump is held in memory once at most,
 * however its chunks are cut.
 *
 * @module
 */

import { LineError } from "./_line_error.ts";

const NEWLINE = 0x0a;

/**
 * The longest line taken: 128 MiB. A path may be as long as the tree is deep; this is room for 100,000
 * levels of the longest names, escaped, and an end to a file that holds no newline.
 */
export const MAX_LINE_LENGTH = 128 * 2 ** 20;

/** Cuts chunks into lines: `push` a chunk, then take lines by `next` until there is none. */
export class LineSplitter {
  /** What the current line lies in. Stays as it is when later lines arrive. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the current line starts. */
  start = 0;
  /** Where it ends, without its newline. */
  end = 0;

  #chunk: Uint8Array = new Uint8Array(0);
  /** Where the next line starts in the chunk. */
  #position = 0;
  /** A NUL in the chunk at or behind the position, or its end. */
  #nul = 0;
  /** The start of a line that goes on in the next chunk, at the start of a buffer that grows. */
  #pending = new Uint8Array(0);
  #pendingLength = 0;

  /** Takes the next chunk, when all lines of the one before are taken. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#position = 0;
    this.#nul = 0;
    this.#findNul(0);
  }

  /** Moves to the next line that ends in the chunk; returns false if there is none. */
  next(): boolean {
    const start = this.#position;
    const end = this.#chunk.indexOf(NEWLINE, start);
    if (end < 0) {
      if (start < this.#chunk.length) this.#keep(this.#chunk.subarray(start));
      this.#position = this.#chunk.length;
      return false;
    }
    this.#position = end + 1;
    if (this.#pendingLength > 0) this.#take(this.#chunk.subarray(start, end));
    else this.#set(this.#chunk, start, end);
    return true;
  }

  /** Moves to what follows the last newline; returns false if nothing does. */
  finish(): boolean {
    if (this.#pendingLength === 0) return false;
    this.#take(new Uint8Array());
    return true;
  }

  /** Offset of the first NUL in the current line, -1 if there is none. */
  nul(): number {
    // Looked for in the chunk as a whole: usually there is none.
    if (this.bytes !== this.#chunk) return this.bytes.indexOf(0);
    if (this.#nul < this.start) this.#findNul(this.start);
    return this.#nul < this.end ? this.#nul - this.start : -1;
  }

  #findNul(from: number): void {
    const nul = this.#chunk.indexOf(0, from);
    this.#nul = nul < 0 ? this.#chunk.length : nul;
  }

  #set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  #keep(part: Uint8Array): void {
    const length = this.#pendingLength + part.length;
    if (length > MAX_LINE_LENGTH) {
      throw new LineError(`line is longer than ${MAX_LINE_LENGTH} bytes`);
    }
    if (length > this.#pending.length) {
      const larger = new Uint8Array(Math.min(2 * length, MAX_LINE_LENGTH));
      larger.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = larger;
    }
    this.#pending.set(part, this.#pendingLength);
    this.#pendingLength = length;
  }

  #take(end: Uint8Array): void {
    this.#keep(end);
    this.#set(this.#pending.slice(0, this.#pendingLength), 0, this.#pendingLength);
    this.#pendingLength = 0;
  }
}

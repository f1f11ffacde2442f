/**
 * Cuts a stream of bytes into lines.
 *
 * A line is a view of the chunk it lies in, or a copy if it spans several, so a dump is held in memory
 * once at most, however its chunks are cut.
 *
 * @module
 */

const NEWLINE = 0x0a;

/**
 * The longest line taken: 128 MiB. A path may be as long as the tree is deep; this is room for 100,000
 * levels of the longest names, escaped, and an end to a file that holds no newline.
 */
export const MAX_LINE_LENGTH = 128 * 2 ** 20;

/** Cuts chunks into lines. */
export class LineSplitter {
  /** The start of a line that goes on in the next chunk, at the start of a buffer that grows. */
  #pending = new Uint8Array(0);
  #pendingLength = 0;

  /** Gives the lines that end in this chunk, without their newlines. Keeps views of the chunk. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, void> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = chunk.subarray(start, end);
      yield this.#pendingLength > 0 ? this.#take(line) : line;
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** Gives what follows the last newline, or undefined if nothing does. */
  finish(): Uint8Array | undefined {
    return this.#pendingLength > 0 ? this.#take(new Uint8Array()) : undefined;
  }

  #keep(part: Uint8Array): void {
    const length = this.#pendingLength + part.length;
    if (length > MAX_LINE_LENGTH) {
      throw new SyntaxError(`line is longer than ${MAX_LINE_LENGTH} bytes`);
    }
    if (length > this.#pending.length) {
      const larger = new Uint8Array(Math.min(2 * length, MAX_LINE_LENGTH));
      larger.set(this.#pending.subarray(0, this.#pendingLength));
      this.#pending = larger;
    }
    this.#pending.set(part, this.#pendingLength);
    this.#pendingLength = length;
  }

  #take(end: Uint8Array): Uint8Array {
    this.#keep(end);
    const line = this.#pending.slice(0, this.#pendingLength);
    this.#pendingLength = 0;
    return line;
  }
}

/**
 * Puts together what can be read only as a whole from pieces that are cut anywhere.
 *
 * @module
 */

/** Gathers units of a size that is set for each. A unit that comes in one piece is not copied. */
export class UnitBuffer {
  #buffer = new Uint8Array();
  #size: number;
  #length = 0;

  /** Begins with a unit of this size. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Bytes of the unit that are there. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the unit that are to come; not 0. */
  get missing(): number {
    return this.#size - this.#length;
  }

  /** Sets the size of the units that follow, not 0. Only between two. */
  expect(size: number): void {
    this.#size = size;
  }

  /** Adds a piece, at most what is missing. Returns the unit, valid until the next call, if it is whole. */
  add(part: Uint8Array): Uint8Array | undefined {
    if (part.length === this.#size) return part;
    // Grows as the bytes come: a size by itself takes no memory.
    this.#reserve(this.#length + part.length);
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
    if (this.#length < this.#size) return undefined;
    this.#length = 0;
    return this.#buffer.subarray(0, this.#size);
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(length, Math.min(this.#size, 2 * this.#buffer.length)));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

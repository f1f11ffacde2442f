/**
 * Cutting a stream of chunks into blocks.
 *
 * Hands out views of the caller's chunks where a block lies whole in one, and gathers into a buffer of
 * its own only the blocks that straddle two. Knows nothing of hashing.
 *
 * @module
 */

/** Gathers chunks of any size and gives them back as blocks of one size. */
export class BlockSplitter {
  readonly #blockSize: number;
  #straddling: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  /**
   * Takes the next chunk.
   *
   * @param take Called for each block now complete, in order. The view is valid during the call.
   */
  push(chunk: Uint8Array, take: (block: Uint8Array) => void): void {
    const blockSize = this.#blockSize;
    let position = 0;
    if (this.#filled > 0) {
      position = Math.min(blockSize - this.#filled, chunk.length);
      this.#gather(chunk.subarray(0, position));
      if (this.#filled < blockSize) return;
      this.#filled = 0;
      take(this.#straddling!);
    }
    for (; position + blockSize <= chunk.length; position += blockSize) {
      take(chunk.subarray(position, position + blockSize));
    }
    if (position < chunk.length) this.#gather(chunk.subarray(position));
  }

  /** The bytes after the last whole block, as a view; empty if there are none. */
  rest(): Uint8Array {
    return this.#straddling?.subarray(0, this.#filled) ?? new Uint8Array(0);
  }

  #gather(part: Uint8Array): void {
    this.#straddling ??= new Uint8Array(this.#blockSize);
    this.#straddling.set(part, this.#filled);
    this.#filled += part.length;
  }
}

/**
 * Room for many small byte strings.
 *
 * @module
 */

import { copyBytes } from "./copy.ts";
import { viewOf } from "./view.ts";

const BLOCK_SIZE = 1 << 16;

/**
 * Cuts byte strings out of larger blocks: an array with memory of its own takes V8 ten times as long as
 * a view (measured), and more memory.
 */
export class Arena {
  /** The block. Write here from `position` on, as far as was reserved, then `take`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** Where the next byte string starts. */
  position = 0;

  /** Makes room for a byte string of up to `length` bytes. */
  reserve(length: number): void {
    if (this.position + length <= this.bytes.length) return;
    this.bytes = new Uint8Array(Math.max(length, BLOCK_SIZE));
    this.position = 0;
  }

  /** Puts in a copy of a short byte string; returns that. */
  copy(source: Uint8Array): Uint8Array<ArrayBuffer> {
    this.reserve(source.length);
    copyBytes(this.bytes, this.position, source);
    return this.take(source.length);
  }

  /** Cuts off the first `length` bytes that were reserved. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const start = this.position;
    this.position = start + length;
    return viewOf(this.bytes, start, this.position);
  }
}

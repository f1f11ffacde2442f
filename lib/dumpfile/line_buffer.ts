/**
 * Lines of a dump file or a listing, put together in one growing buffer.
 *
 * Numbers and fields are written straight into it: most of a dump is numbers, and a string for each of
 * them took longer than all the rest (measured).
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { escapeInto, type EscapeStyle, LONGEST_ESCAPE } from "./escape.ts";

const ZERO = 0x30;
const DASH = 0x2d;
const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");

/** The largest number that is written digit by digit: the least of integer arithmetic everywhere. */
const MAX_SMALL = 0x7fffffff;

/** Bytes collected into one buffer. */
export class LineBuffer {
  #buffer: Uint8Array<ArrayBuffer>;
  /** How many bytes have been collected. */
  length = 0;

  /** @param size Bytes for which there is room from the start. */
  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  /** Appends ASCII text. */
  text(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#buffer[this.length++] = text.charCodeAt(i);
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.length++] = byte;
  }

  /** Appends the first `length` bytes of an array. */
  bytes(bytes: Uint8Array, length: number): void {
    this.#reserve(length);
    copyBytes(this.#buffer, this.length, bytes, length);
    this.length += length;
  }

  /** Appends what another one has collected. */
  append(other: LineBuffer): void {
    this.bytes(other.#buffer, other.length);
  }

  /** Appends a number in decimal. */
  number(value: number | bigint): void {
    if (typeof value === "bigint" || !(value >= 0 && value <= MAX_SMALL)) {
      this.text(String(value));
      return;
    }
    let digits = 1;
    for (let limit = 10; limit <= value; limit *= 10) digits++;
    this.#reserve(digits);
    const buffer = this.#buffer;
    let at = this.length += digits;
    for (let left = value | 0; digits > 0; digits--) {
      const tens = (left / 10) | 0;
      buffer[--at] = ZERO + left - 10 * tens;
      left = tens;
    }
  }

  /** Appends a number of up to 18 bits in octal. */
  octal(value: number): void {
    let digits = 1;
    while (value >> 3 * digits !== 0) digits++;
    this.#reserve(digits);
    for (let shift = 3 * (digits - 1); shift >= 0; shift -= 3) {
      this.#buffer[this.length++] = ZERO + (value >> shift & 7);
    }
  }

  /** Appends two hexadecimal digits for each byte. */
  hex(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.#reserve(2 * (end - start));
    const buffer = this.#buffer;
    let at = this.length;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      buffer[at++] = HEX_DIGITS[byte >> 4]!;
      buffer[at++] = HEX_DIGITS[byte & 15]!;
    }
    this.length = at;
  }

  /** Appends an escaped field. */
  field(bytes: Uint8Array, style: EscapeStyle, start = 0, end: number = bytes.length): void {
    this.#reserve(LONGEST_ESCAPE * (end - start));
    this.length = escapeInto(this.#buffer, this.length, bytes, style, start, end);
  }

  /** Appends an escaped field, or the dash that means that it is absent. */
  optional(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.byte(DASH);
    else this.field(bytes, "optional");
  }

  /** Everything collected so far: a view that is valid until more is. The buffer is used again. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#buffer.length) return;
    const larger = new Uint8Array((this.length + more) * 2);
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
  }
}

/**
 * The fields of a line, taken one after the other where they lie.
 *
 * Nearly every field is a plain number or free of escapes: these are read in one pass, without a view of
 * the field. Whatever is not plain is cut out and left to the functions that know every spelling and say
 * what is wrong.
 *
 * @module
 */

import { LineError } from "./_line_error.ts";
import { Arena } from "../bytes/arena.ts";
import { quote } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { Digest } from "../digest/digest.ts";
import { HASH_ALGORITHMS } from "../digest/hasher.ts";
import { HEX_DIGITS, unescapeField } from "./escape.ts";
import { type Base, parseI64, parseU32, parseU64 } from "./_number.ts";

const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/** Digits of either base that are exact in a number. */
const EXACT_DIGITS = 15;

const SHA256_SIZE = HASH_ALGORITHMS.sha256.digestSize;

/** A path, unescaped, where it lies. */
export interface PathSpan {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Where its last slash is; before the start if it has none. */
  readonly slash: number;
}

/** A place in a line that moves from field to field. Fields are cut at spaces from left to right. */
export class Fields {
  #bytes: Uint8Array;
  #end: number;
  /** Where the next field starts; behind the end if there is none. */
  position: number;
  /** Seconds of the time that was taken last. */
  mtime: number | bigint = 0;
  /** Its nanoseconds. */
  mtimeNsec = 0;
  /** What was unescaped. */
  readonly #arena = new Arena();

  /** @param line The first line, if it is known. */
  constructor(line: Uint8Array = new Uint8Array()) {
    this.#bytes = line;
    this.#end = line.length;
    this.position = 0;
  }

  /** Moves to another line: what stands in `bytes` from `start` to `end`. */
  move(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  /** Takes a field as it stands, zero-length if the line has ended. */
  next(): Uint8Array {
    const start = Math.min(this.position, this.#end);
    this.skip();
    return this.#bytes.subarray(start, this.position - 1);
  }

  /** Takes a field without a look at it. */
  skip(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.position;
    while (at < end && bytes[at] !== SPACE) at++;
    this.position = Math.min(at, end) + 1;
  }

  /** Everything behind the fields taken so far. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(Math.min(this.position, this.#end), this.#end);
  }

  /** Tells whether nothing stands behind the fields taken so far. */
  get ended(): boolean {
    return this.position >= this.#end;
  }

  /** Takes the byte if it is the field's first. */
  takePrefix(byte: number): boolean {
    if (this.position >= this.#end || this.#bytes[this.position] !== byte) return false;
    this.position++;
    return true;
  }

  /** Takes a number of 64 bits. */
  u64(): number | bigint {
    const value = this.#plainNumber(10, SPACE);
    return value >= 0 ? value : parseU64(this.next(), 10);
  }

  /** Takes a number of which only the low 32 bits count. */
  u32(base: Base = 10): number {
    const value = this.#plainNumber(base, SPACE);
    if (value < 0) return parseU32(this.next(), base);
    return value > 0xffffffff ? value % 2 ** 32 : value;
  }

  /** Takes seconds, a dot and nanoseconds, into `mtime` and `mtimeNsec`. */
  time(): void {
    const start = this.position;
    const mtime = this.#plainNumber(10, DOT);
    const mtimeNsec = mtime < 0 ? -1 : this.#plainNumber(10, SPACE);
    if (mtimeNsec >= 0 && mtimeNsec <= 0xffffffff) {
      this.mtime = mtime;
      this.mtimeNsec = mtimeNsec;
    } else {
      this.position = start;
      this.#anyTime(this.next());
    }
  }

  #anyTime(field: Uint8Array): void {
    const dot = field.indexOf(DOT);
    if (dot < 0) {
      throw new LineError(
        `invalid time ${quote(field)}, expected seconds, a dot and nanoseconds`,
      );
    }
    this.mtime = parseI64(field.subarray(0, dot));
    this.mtimeNsec = parseU32(field.subarray(dot + 1), 10);
  }

  /**
   * Takes up to fifteen digits that end at `stop`; a space may also be the end of the line.
   *
   * @returns -1, having taken nothing, if the field is of another form.
   */
  #plainNumber(base: Base, stop: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.position;
    const limit = start + EXACT_DIGITS < end ? start + EXACT_DIGITS : end;
    let value = 0;
    let at = start;
    for (; at < limit; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit >= base) break;
      value = value * base + digit;
    }
    if (at === start || (at < end ? bytes[at] !== stop : stop !== SPACE)) return -1;
    this.position = at + 1;
    return value;
  }

  /** Takes PATH, unescaped. */
  path(): PathSpan {
    const bytes = this.#bytes;
    const lineEnd = this.#end;
    const start = this.position;
    let end = start;
    let slash = start - 1;
    let escaped = false;
    for (; end < lineEnd; end++) {
      const byte = bytes[end];
      if (byte === SPACE) break;
      if (byte === SLASH) slash = end;
      else if (byte === BACKSLASH) escaped = true;
    }
    if (!escaped) {
      this.position = end + 1;
      return { bytes, start, end, slash };
    }
    const path = this.unescape(this.next());
    refuseNul(path, "path");
    return { bytes: path, start: 0, end: path.length, slash: path.lastIndexOf(SLASH) };
  }

  /**
   * Takes an optional field, unescaped: a lone dash means that it is absent.
   *
   * @param name What a message calls a field in which C would cut the value at a NUL.
   */
  optional(name?: string): Uint8Array | undefined {
    const bytes = this.#bytes;
    const lineEnd = this.#end;
    const start = this.position;
    if (start >= lineEnd) return this.next();
    let end = start;
    let escaped = false;
    for (; end < lineEnd; end++) {
      const byte = bytes[end];
      if (byte === SPACE) break;
      if (byte === BACKSLASH) escaped = true;
    }
    this.position = end + 1;
    if (end === start + 1 && bytes[start] === DASH) return undefined;
    const field = viewOf(bytes, start, end);
    if (!escaped) return field;
    const value = this.unescape(field);
    if (name !== undefined) refuseNul(value, name);
    return value;
  }

  /** Decodes the escapes of a part of the line. */
  unescape(field: Uint8Array): Uint8Array {
    return unescapeField(field, this.#arena);
  }

  /**
   * Takes a field that is a digest by SHA-256, as nearly all are.
   *
   * @returns The digest; undefined, having taken nothing, if the field is of another form.
   */
  plainDigest(): Digest | undefined {
    const bytes = this.#bytes;
    const start = this.position;
    const end = start + 2 * SHA256_SIZE;
    if (end > this.#end || (end < this.#end && bytes[end] !== SPACE)) return undefined;
    const arena = this.#arena;
    arena.reserve(SHA256_SIZE);
    const into = arena.bytes;
    let to = arena.position;
    let wrong = 0;
    for (let at = start; at < end; at += 2) {
      const high = HEX_DIGITS[bytes[at]!]!;
      const low = HEX_DIGITS[bytes[at + 1]!]!;
      wrong |= high | low;
      into[to++] = high << 4 | low;
    }
    if (wrong > 15) return undefined;
    this.position = end + 1;
    return new Digest("sha256", arena.take(SHA256_SIZE));
  }
}

/** C cuts these strings at a NUL without a word; here they are refused. */
export function refuseNul(value: Uint8Array, name: string): void {
  if (value.includes(0)) throw new LineError(`NUL byte in ${name} ${quote(value)}`);
}

/**
 * Large JSON documents taken apart without parsing them: where the members of an object and the items of an array
 * stand. Each is parsed for itself then, so that memory goes by the largest of them.
 *
 * Brackets and strings are all that is looked at here. Whether a slice is JSON, parsing it tells.
 *
 * @module
 */

import { OciError } from "./oci_error.ts";

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** A member of an object as it stands. */
export interface MemberSlice {
  /** The string before the colon, quotes included. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * The members of the object that a document is.
 *
 * @param document What it is, for messages.
 * @throws {OciError} If it is no object.
 */
export function* memberSlices(bytes: Uint8Array, document: string): Generator<MemberSlice> {
  const cursor = new Cursor(bytes, document);
  cursor.take(OPEN_OBJECT);
  for (let more = !cursor.tryTake(CLOSE_OBJECT); more; more = cursor.tryNext(CLOSE_OBJECT)) {
    const key = cursor.value();
    cursor.take(COLON);
    yield { key, value: cursor.value() };
  }
  cursor.end();
}

/**
 * The items of the array that a slice is.
 *
 * @throws {OciError} If it is no array.
 */
export function* itemSlices(bytes: Uint8Array, document: string): Generator<Uint8Array> {
  const cursor = new Cursor(bytes, document);
  cursor.take(OPEN_ARRAY);
  for (let more = !cursor.tryTake(CLOSE_ARRAY); more; more = cursor.tryNext(CLOSE_ARRAY)) {
    yield cursor.value();
  }
  cursor.end();
}

class Cursor {
  readonly #bytes: Uint8Array;
  readonly #document: string;
  #at = 0;

  constructor(bytes: Uint8Array, document: string) {
    this.#bytes = bytes;
    this.#document = document;
  }

  /** Takes a byte, perhaps behind white space. */
  take(byte: number): void {
    if (!this.tryTake(byte)) throw this.#error();
  }

  tryTake(byte: number): boolean {
    this.#skipSpace();
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  /** Takes a comma, or else what closes the list. */
  tryNext(close: number): boolean {
    if (this.tryTake(COMMA)) return true;
    this.take(close);
    return false;
  }

  /** Makes sure that nothing follows. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#bytes.length) throw this.#error();
  }

  /** Takes a value, or what stands in its place. */
  value(): Uint8Array {
    this.#skipSpace();
    const start = this.#at;
    const bytes = this.#bytes;
    let depth = 0;
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) {
        this.#skipString();
      } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
        depth++;
      } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        if (depth === 0) break;
        depth--;
      } else if (depth === 0 && (byte === COMMA || byte === COLON)) {
        break;
      }
    }
    return bytes.subarray(start, this.#at);
  }

  /** From the opening quote of a string to its closing one. */
  #skipString(): void {
    const bytes = this.#bytes;
    for (this.#at++; bytes[this.#at] !== QUOTE; this.#at++) {
      if (bytes[this.#at] === BACKSLASH) this.#at++;
      if (this.#at >= bytes.length) throw this.#error();
    }
  }

  #skipSpace(): void {
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    }
  }

  #error(): OciError {
    const state = `not the JSON that was expected, at offset ${this.#at} of ${this.#bytes.length}`;
    return new OciError("invalid", `Cannot use ${this.#document}: ${state}`);
  }
}

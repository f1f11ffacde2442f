/**
 * DER, the byte form of certificates and signatures: nested elements of tag, length, contents.
 *
 * Reads as much as walking from element to element takes, and refuses what is not the one form that DER
 * allows. What the elements mean is left to the callers.
 *
 * @see ITU-T X.690, "Basic encoding rules" and "Distinguished encoding rules"
 *
 * @module
 */

import { EncodingError } from "./encoding_error.ts";
import { concatBytes } from "../bytes/text.ts";

/** Tags of the universal class, with the bit for contents made of elements where they always are. */
export const DER = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of a context-specific element that wraps others, such as `[0]`. */
export function derContext(number: number): number {
  return 0xa0 | number;
}

/** Encodes an element of a tag, its contents in pieces. */
export function derElement(
  tag: number,
  ...contents: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const joined = concatBytes(...contents);
  return concatBytes(Uint8Array.of(tag, ...lengthBytes(joined.length)), joined);
}

/** Encodes an object identifier, such as `1.2.840.113549.1.7.2`. */
export function derObjectIdentifier(dotted: string): Uint8Array<ArrayBuffer> {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [40 * first + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | left % 128);
    }
    bytes.push(...groups);
  }
  return derElement(DER.objectIdentifier, Uint8Array.from(bytes));
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** Walks over elements that stand one after the other. Everything handed out is a view. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  /** Starts at the first of the bytes. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /**
   * Takes the next element.
   *
   * @returns Its encoding, tag and length included.
   * @throws {EncodingError} If it has another tag or is not proper DER.
   */
  element(tag: number): Uint8Array {
    return this.#next(tag).encoding;
  }

  /**
   * Takes the next element.
   *
   * @returns What is in it.
   * @throws {EncodingError} If it has another tag or is not proper DER.
   */
  contents(tag: number): Uint8Array {
    return this.#next(tag).contents;
  }

  #next(tag: number): { readonly encoding: Uint8Array; readonly contents: Uint8Array } {
    const bytes = this.#bytes;
    const start = this.#at;
    if (bytes[start] !== tag) {
      const found = bytes[start] === undefined ? "the end" : `tag ${hex(bytes[start])}`;
      throw new EncodingError(
        `Cannot read DER: ${found} at byte ${start}, expected tag ${hex(tag)}`,
      );
    }
    const { length, at } = this.#length(start + 1);
    if (length > bytes.length - at) {
      throw new EncodingError(
        `Cannot read DER: ${length} bytes announced at byte ${start}, found ${bytes.length - at}`,
      );
    }
    this.#at = at + length;
    return {
      encoding: bytes.subarray(start, at + length),
      contents: bytes.subarray(at, at + length),
    };
  }

  #length(start: number): { readonly length: number; readonly at: number } {
    const bytes = this.#bytes;
    const first = bytes[start];
    if (first !== undefined && first < 0x80) return { length: first, at: start + 1 };
    const count = (first ?? 0) & 0x7f;
    const at = start + 1 + count;
    const improper = count === 0 || count > 4 || at > bytes.length;
    const length = improper ? 0 : bytes.subarray(start + 1, at).reduce((n, b) => n * 256 + b, 0);
    if (improper || length < 0x80 || length < 256 ** (count - 1)) {
      throw new EncodingError(`Cannot read DER: improper length at byte ${start}`);
    }
    return { length, at };
  }
}

function hex(byte: number): string {
  return "0x" + byte.toString(16).padStart(2, "0");
}

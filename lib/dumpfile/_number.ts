/**
 * Numbers as mkcomposefs 1.0.8 accepts them: what C's `strtoull` takes, then cut to the field's width.
 *
 * White space and a sign may lead, a minus negates modulo 2^64, and what does not fit 64 bits is
 * 2^64-1. There are no other spellings.
 *
 * @module
 */

import { LineError } from "./_line_error.ts";
import { quote } from "../bytes/text.ts";

const U64_MAX = 2n ** 64n - 1n;

/** Base of a number: SIZE and the like are decimal, MODE is octal. */
export type Base = 8 | 10;

/**
 * Parses an unsigned 64-bit number.
 *
 * @returns A number up to 2^53, a bigint beyond.
 * @throws {LineError} If the field is not a number in this base.
 */
export function parseU64(field: Uint8Array, base: Base): number | bigint {
  // Fifteen digits of either base are exact in a number, and nearly every field is of this form.
  if (field.length > 0 && field.length <= 15) {
    let value = 0;
    let i = 0;
    for (; i < field.length; i++) {
      const digit = field[i]! - 0x30;
      if (digit < 0 || digit >= base) break;
      value = value * base + digit;
    }
    if (i === field.length) return value;
  }
  return parseAnySpelling(field, base);
}

function parseAnySpelling(field: Uint8Array, base: Base): number | bigint {
  let at = 0;
  while (at < field.length && field[at]! >= 0x09 && field[at]! <= 0x0d) at++;
  const negative = field[at] === 0x2d;
  if (negative || field[at] === 0x2b) at++;
  const digits = field.subarray(at);
  if (digits.length === 0 || digits.some((byte) => byte < 0x30 || byte >= 0x30 + base)) {
    const kind = base === 8 ? "octal" : "decimal";
    throw new LineError(`invalid integer ${quote(field)}, expected ${kind} digits`);
  }
  let value = 0n;
  for (const byte of digits) {
    value = value * BigInt(base) + BigInt(byte - 0x30);
    // What overflows stays at the maximum, whatever its sign.
    if (value > U64_MAX) return U64_MAX;
  }
  if (negative) value = BigInt.asUintN(64, -value);
  return value <= 2n ** 53n ? Number(value) : value;
}

/** Parses a number of which only the low 32 bits count. */
export function parseU32(field: Uint8Array, base: Base): number {
  const value = parseU64(field, base);
  return typeof value === "number" ? value % 2 ** 32 : Number(BigInt.asUintN(32, value));
}

/** Parses a number of 64 bits that are taken as signed; a bigint if not a safe integer. */
export function parseI64(field: Uint8Array): number | bigint {
  const value = parseU64(field, 10);
  if (Number.isSafeInteger(value)) return value;
  const signed = BigInt.asIntN(64, BigInt(value));
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

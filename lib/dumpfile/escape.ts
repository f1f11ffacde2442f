/**
 * Escapes of composefs-dump(5): how any byte stands in a field that ends at a space.
 *
 * @module
 */

import { LineError } from "./_line_error.ts";
import type { Arena } from "../bytes/arena.ts";

const BACKSLASH = 0x5c;
const EQUALS = 0x3d;
const DASH = 0x2d;

const SHORT_ESCAPES = new Map([[0x5c, 0x5c], [0x6e, 0x0a], [0x72, 0x0d], [0x74, 0x09]]);

/** What a letter behind a backslash stands for, 0 if for nothing. */
const ESCAPED = new Uint8Array(256);
for (const [letter, byte] of SHORT_ESCAPES) ESCAPED[letter] = byte;

/**
 * Decodes the escapes of a field.
 *
 * @param arena Where a copy is put.
 * @returns The field itself if it holds none, else a copy.
 * @throws {LineError} If an escape is cut short or unknown.
 */
export function unescapeField(field: Uint8Array, arena: Arena): Uint8Array {
  let at = field.indexOf(BACKSLASH);
  if (at < 0) return field;
  arena.reserve(field.length);
  const { bytes, position } = arena;
  for (let i = 0; i < at; i++) bytes[position + i] = field[i]!;
  let end = position + at;
  while (at < field.length) {
    const byte = field[at++]!;
    if (byte !== BACKSLASH) {
      bytes[end++] = byte;
      continue;
    }
    const letter = field[at++];
    if (letter === undefined) throw new LineError("no character after the escape \\");
    if (letter === 0x78) {
      bytes[end++] = hexByte(field, at);
      at += 2;
      continue;
    }
    const plain = ESCAPED[letter]!;
    if (plain === 0) {
      throw new LineError(
        `unsupported escape \\${printableByte(letter)}, expected one of \\\\ \\n \\r \\t \\xHH`,
      );
    }
    bytes[end++] = plain;
  }
  return arena.take(end - position);
}

function printableByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "x" + byte.toString(16);
}

function hexByte(field: Uint8Array, at: number): number {
  if (at + 2 > field.length) throw new LineError("no two hexadecimal digits after \\x");
  const high = HEX_DIGITS[field[at]!]!;
  const low = HEX_DIGITS[field[at + 1]!]!;
  if (high > 15 || low > 15) throw new LineError("invalid hexadecimal digits after \\x");
  return high << 4 | low;
}

/** Value of an ASCII hexadecimal digit of either case, -1 for any other byte. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** {@linkcode hexDigit} of each byte, 255 where it is -1. */
export const HEX_DIGITS: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => hexDigit(byte),
);

/** What an escaped field is part of: some bytes are special in one place only. */
export type EscapeStyle =
  /** PATH, and what a value has in common. */
  | "path"
  /** An optional field: a lone dash would mean that it is absent. */
  | "optional"
  /** Key or value of an xattr: `=` separates them. */
  | "xattr"
  /** A path listed on a line of its own: spaces end nothing there. */
  | "listing";

/** The most bytes that one byte becomes. */
export const LONGEST_ESCAPE = 4;

/** Encodes bytes so that they stand in a field, in the spelling that composefs-info 1.0.8 uses. */
export function escapeField(bytes: Uint8Array, style: EscapeStyle): Uint8Array {
  if (isPlain(bytes, 0, bytes.length, style) && !isLoneDash(bytes, style)) return bytes;
  const encoded = new Uint8Array(LONGEST_ESCAPE * bytes.length);
  return encoded.subarray(0, escapeInto(encoded, 0, bytes, style));
}

/** Tells whether all bytes from `start` to `end` stand for themselves; a lone dash of style `"optional"` does not, see {@linkcode escapeField}. */
export function isPlain(
  bytes: Uint8Array,
  start: number,
  end: number,
  style: EscapeStyle,
): boolean {
  const plain = PLAIN[style];
  let at = start;
  while (at < end && plain[bytes[at]!] === 1) at++;
  return at === end;
}

/**
 * Writes what {@linkcode escapeField} gives of the bytes from `start` to `end`.
 *
 * @param target Has room at `at` for the longest escapes.
 * @returns Where it ends.
 */
export function escapeInto(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  style: EscapeStyle,
  start = 0,
  end: number = bytes.length,
): number {
  const plain = PLAIN[style];
  const escapeAll = isLoneDash(bytes, style, start, end);
  let to = at;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (plain[byte] === 1 && !escapeAll) {
      target[to++] = byte;
      continue;
    }
    const escape = escapeOf(byte);
    for (let j = 0; j < escape.length; j++) target[to++] = escape[j]!;
  }
  return to;
}

function isLoneDash(
  bytes: Uint8Array,
  style: EscapeStyle,
  start = 0,
  end: number = bytes.length,
): boolean {
  return style === "optional" && end - start === 1 && bytes[start] === DASH;
}

/** Escapes by byte, made as they are needed: all of them would be a tenth of the program's start. */
const ESCAPES: (Uint8Array | undefined)[] = [];

function escapeOf(byte: number): Uint8Array {
  return ESCAPES[byte] ??= makeEscape(byte);
}

function makeEscape(byte: number): Uint8Array {
  const letter = [...SHORT_ESCAPES].find(([, plain]) => plain === byte)?.[0];
  return letter === undefined
    ? new TextEncoder().encode("\\x" + byte.toString(16).padStart(2, "0"))
    : Uint8Array.of(BACKSLASH, letter);
}

/** 1 for each byte that stands for itself. */
function plainBytes(extra: readonly number[], except: readonly number[]): Uint8Array {
  const plain = new Uint8Array(256).fill(1, 0x21, 0x7f);
  for (const byte of extra) plain[byte] = 1;
  for (const byte of [BACKSLASH, ...except]) plain[byte] = 0;
  return plain;
}

const PLAIN: Readonly<Record<EscapeStyle, Uint8Array>> = {
  path: plainBytes([], []),
  optional: plainBytes([], []),
  xattr: plainBytes([], [EQUALS]),
  listing: plainBytes([0x20], []),
};

/**
 * Where an object lies in a store: `ab/cdef…`, the digest in hexadecimal with a slash after the first
 * byte, as mkcomposefs 1.0.8 lays out `--digest-store`.
 *
 * @module
 */

import { type Digest, MAX_DIGEST_SIZE } from "./digest.ts";

const SLASH = 0x2f;

/** The two hexadecimal digits of each byte, the first in the low eight bits. */
const DIGITS = new Uint16Array(256);
for (let byte = 0; byte < 256; byte++) {
  DIGITS[byte] = digit(byte >> 4) | digit(byte & 15) << 8;
}

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** Bytes of the path of an object whose digest has `digestSize`. */
export function objectPathSize(digestSize: number): number {
  return 2 * digestSize + 1;
}

/** Bytes of the longest object path. */
export const MAX_OBJECT_PATH_SIZE: number = objectPathSize(MAX_DIGEST_SIZE);

/**
 * Writes an object path to a place in `into`: many times faster than by way of a string.
 *
 * @param digest The bytes of a digest.
 */
export function writeObjectPath(into: Uint8Array, digest: Uint8Array, at = 0): void {
  for (let i = 0; i < digest.length; i++) {
    const digits = DIGITS[digest[i]!]!;
    into[at++] = digits & 0xff;
    into[at++] = digits >> 8;
    if (i === 0) into[at++] = SLASH;
  }
}

/** Path of an object below the store: two hexadecimal digits, `/`, the rest. */
export function objectPath(digest: Digest): string {
  const hex = digest.toHex();
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

/** The directory of an object below the store: two hexadecimal digits. */
export function shardOf(digest: Digest): string {
  return digest.bytes[0]!.toString(16).padStart(2, "0");
}

/**
 * Where an object lies in a store: `ab/cdef…`, the digest in hexadecimal with a slash after the first
 * byte, as mkcomposefs 1.0.8 lays out `--digest-store`.
 *
 * @module
 */

/** Path of an object below the store: two hexadecimal digits, `/`, the rest (65 bytes for SHA-256). */
export function objectPath(digest: Uint8Array): string {
  const hex = digest.toHex();
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}

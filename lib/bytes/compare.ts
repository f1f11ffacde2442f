/**
 * Byte order and equality.
 *
 * Names, link targets and xattrs are bytes, so they are ordered as C's `strcmp` orders them: by
 * unsigned byte, a proper prefix first. JavaScript's own string order is by UTF-16 unit and must not
 * be used for them.
 *
 * @module
 */

/**
 * Compares two byte strings by unsigned bytes; a proper prefix sorts first.
 *
 * @returns Negative if `a` sorts before `b`, 0 if they are equal, positive otherwise.
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = a.length < b.length ? a.length : b.length;
  for (let i = 0; i < shorter; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Tells whether two byte strings hold the same bytes. Not constant-time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && compareBytes(a, b) === 0);
}

/** Tells whether `bytes` begins with `prefix`. */
export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[i] !== prefix[i]) return false;
  }
  return true;
}

/**
 * Copying bytes into a larger array.
 *
 * @module
 */

/** Up to this length a loop is faster than the call of `set` (measured on both engines). */
const SHORT = 32;

/** Copies all of `source` to `at` in `target`, which has room for it. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array): void {
  const { length } = source;
  if (length > SHORT) {
    target.set(source, at);
    return;
  }
  for (let i = 0; i < length; i++) target[at + i] = source[i]!;
}

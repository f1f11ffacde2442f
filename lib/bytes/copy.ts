/**
 * Copying bytes into a larger array.
 *
 * @module
 */

import { viewOf } from "./view.ts";

/**
 * Up to these lengths a loop is faster than the call of `set`, for all of an array and for a part, which
 * takes a view (measured on both engines).
 */
const SHORT = 24;
const SHORT_PART = 128;

/** Copies `source`, or its first `length` bytes, to `at` in `target`, which has room for it. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  length: number = source.length,
): void {
  const whole = length === source.length;
  if (length > (whole ? SHORT : SHORT_PART)) {
    target.set(whole ? source : viewOf(source, 0, length), at);
    return;
  }
  for (let i = 0; i < length; i++) target[at + i] = source[i]!;
}

/**
 * Rounding to the multiples that the formats are laid out in.
 *
 * @module
 */

/** Rounds `value` up to a multiple of `unit`. Exact for values up to 2^53. */
export function alignUp(value: number, unit: number): number {
  const over = value % unit;
  return over === 0 ? value : value + unit - over;
}

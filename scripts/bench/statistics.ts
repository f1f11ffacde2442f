/**
 * What is said of times that were measured in turn: medians, ratios, spread.
 *
 * @module
 */

/** Several measurements of one thing. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Spread above which a figure says more about the machine than about the programs, as a part of the
 * median: with five turns on an idle machine it is below a tenth.
 */
const NOISY_SPREAD = 0.3;

/**
 * Finds the middle value, or the mean of the two middle ones.
 *
 * @throws {RangeError} If there are none.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("Cannot find the median of no values");
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Sums measurements up.
 *
 * @throws {RangeError} If there are none.
 */
export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Divides measurements turn by turn, so that a slow moment of the machine, which hits both sides of a
 * pair alike, does not show.
 *
 * @throws {RangeError} If the two are not of the same turns.
 */
export function ratios(values: readonly number[], references: readonly number[]): number[] {
  if (values.length !== references.length) {
    throw new RangeError(`Cannot pair ${values.length} values with ${references.length}`);
  }
  return values.map((value, i) => value / references[i]!);
}

/** Tells whether measurements lie so far apart that their median should not be trusted. */
export function isNoisy({ median, min, max }: Summary): boolean {
  return max - min > NOISY_SPREAD * median;
}

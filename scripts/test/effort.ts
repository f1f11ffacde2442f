/**
 * How much the tests do that could go on forever: those that try random inputs.
 *
 *     deno task test --size=20 --seed=7
 *
 * Where they begin and how many they try comes in two variables, so that the same seeds can be tried again
 * by `deno test` alone; a third leaves out what takes long. Stored goldens do not depend on any of them.
 *
 * @module
 */

import process from "node:process";

/** Variable that is added to the first seed of each test. */
export const SEED_VARIABLE = "COMPOSEFS_TEST_SEED";
/** Variable by which the number of cases of each test is multiplied. */
export const SIZE_VARIABLE = "COMPOSEFS_TEST_SIZE";
/** Variable that is set for a run of the quick tests alone. */
export const QUICK_VARIABLE = "COMPOSEFS_TEST_QUICK";

function numberFrom(variable: string, otherwise: number, isRight: (value: number) => boolean) {
  const text = process.env[variable];
  if (text === undefined || text === "") return otherwise;
  const value = Number(text);
  if (!isRight(value)) throw new RangeError(`Cannot use ${variable}=${text}`);
  return value;
}

const SEED = numberFrom(SEED_VARIABLE, 0, (seed) => Number.isInteger(seed) && seed >= 0);
const SIZE = numberFrom(SIZE_VARIABLE, 1, (size) => size > 0 && size <= 1e6);

/** Whether only what is quick is to run. */
export const QUICK: boolean = (process.env[QUICK_VARIABLE] ?? "") !== "";

/** How many cases a test tries that usually tries `count`; never none. */
export function caseCount(count: number): number {
  return Math.max(1, Math.round(count * SIZE));
}

/** Seeds of the cases of a test that usually tries `count` of them, from `first` on. */
export function* seeds(first: number, count: number): Generator<number> {
  const end = first + SEED + caseCount(count);
  for (let seed = first + SEED; seed < end; seed++) yield seed;
}

/** End of the name of a test that is no quick one, and whether it is to be left out. */
export function long(skip = ""): { readonly suffix: string; readonly ignore: boolean } {
  const suffix = skip !== "" ? skip : QUICK ? " (skipped: not a quick one)" : "";
  return { suffix, ignore: suffix !== "" };
}

/** Declares a test that takes seconds, for what is left out of a quick run. */
export function longTest(name: string, body: () => void | Promise<void>): void {
  const { suffix, ignore } = long();
  Deno.test({ name: name + suffix, ignore, fn: body });
}

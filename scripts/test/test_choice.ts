/**
 * What a run of the tests is asked for, and how its skips are told.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { QUICK_VARIABLE, SEED_VARIABLE, SIZE_VARIABLE } from "./effort.ts";
import type { TestResult } from "./junit.ts";

/** What is to be run. */
export interface Choice {
  /** Only what is quick: no long test, one form of the program, no virtual machine. */
  readonly quick: boolean;
  /** Variables that tell the tests of it. */
  readonly environment: Readonly<Record<string, string>>;
}

const USAGE = "expected [--quick] [--seed=N] [--size=FACTOR]";

/**
 * Reads a command line.
 *
 * @throws {RangeError} If something in it is not known, or a number is none.
 */
export function readChoice(args: readonly string[]): Choice {
  const unknown: string[] = [];
  const { quick, seed, size } = parseArgs([...args], {
    boolean: ["quick"],
    string: ["seed", "size"],
    unknown: (argument: string) => {
      unknown.push(argument);
      return false;
    },
  });
  if (unknown.length > 0) throw new RangeError(`Cannot use "${unknown[0]}": ${USAGE}`);
  if (seed !== undefined && !/^\d{1,9}$/.test(seed)) {
    throw new RangeError(`Cannot use --seed=${seed}: expected a whole number below 10^9`);
  }
  if (size !== undefined && !(Number(size) > 0 && Number(size) <= 1e6)) {
    throw new RangeError(`Cannot use --size=${size}: expected a factor above 0, at most 10^6`);
  }
  const environment: Record<string, string> = {};
  if (quick) environment[QUICK_VARIABLE] = "1";
  if (seed !== undefined) environment[SEED_VARIABLE] = seed;
  if (size !== undefined) environment[SIZE_VARIABLE] = size;
  return { quick, environment };
}

/** Why a test was skipped, as the end of its name says. */
export function reasonOf(name: string): string {
  return /\(skipped: ([^)]*)\)$/.exec(name)?.[1] ?? "no reason given";
}

/** Skipped tests by reason, the most frequent reason first. */
export function skipsByReason(
  results: readonly TestResult[],
): { readonly reason: string; readonly skipped: readonly TestResult[] }[] {
  const skipped = results.filter(({ outcome }) => outcome === "skipped");
  const groups = Map.groupBy(skipped, ({ name }) => reasonOf(name));
  return [...groups].map(([reason, skipped]) => ({ reason, skipped }))
    .sort((a, b) => b.skipped.length - a.skipped.length || (a.reason < b.reason ? -1 : 1));
}

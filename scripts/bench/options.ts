/**
 * The command line of the measurement.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

/** What a command line asks for. */
export type Options =
  | { readonly kind: "help" }
  | {
    readonly kind: "measure";
    /** Where trees are kept and stores are made. */
    readonly directory: string;
    readonly rounds: number;
    /** Names of rows. */
    readonly only: readonly string[];
    /** Whether stores and images stay. */
    readonly keep: boolean;
    /** Path of another build of the executable, to be compared with instead of the C programs. */
    readonly against?: string;
  };

/** What there is to choose from. */
export interface Defaults {
  readonly directory: string;
  readonly names: readonly string[];
}

const ROUNDS = 5;
/** Two builds differ by less than two programs, so more turns are needed to tell. */
const ROUNDS_AGAINST = 9;

/**
 * Reads a command line.
 *
 * @throws {RangeError} If it asks for what there is not.
 */
export function readOptions(args: readonly string[], { directory, names }: Defaults): Options {
  const { help, keep, only, dir, rounds, against } = parseArgs([...args], {
    boolean: ["help", "keep"],
    string: ["dir", "rounds", "only", "against"],
    collect: ["only"],
    alias: { help: "h" },
    unknown(arg: string) {
      throw new RangeError(`Cannot use "${arg}": expected options, see --help`);
    },
  });
  if (help) return { kind: "help" };
  if (against === "") throw new RangeError('Cannot measure against "": expected an executable');
  const usual = against === undefined ? ROUNDS : ROUNDS_AGAINST;
  const count = rounds === undefined ? usual : Number(rounds);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new RangeError(`Cannot measure "${rounds}" rounds: expected a positive integer`);
  }
  if (dir === "") throw new RangeError('Cannot measure in "": expected a directory');
  const wrong = (only as string[]).find((name) => !names.includes(name));
  if (wrong !== undefined) {
    throw new RangeError(`Cannot measure "${wrong}": expected ${names.join(" or ")}`);
  }
  return {
    kind: "measure",
    directory: dir ?? directory,
    rounds: count,
    only: only.length === 0 ? names : only as string[],
    keep,
    ...(against === undefined ? {} : { against }),
  };
}

/** What `--help` prints. */
export function helpText({ directory, names }: Defaults): string {
  return `Usage: deno task bench [OPTIONS]

Measures the program against the C one and writes dist/BENCH.md.

Options:
  --dir=DIR      Keep trees and make stores in DIR, on a disk (default=${directory})
  --rounds=N     Turns that count (default=${ROUNDS}, ${ROUNDS_AGAINST} with --against)
  --only=NAME    Measure this row; more than once for several
  --against=FILE Compare with another build of the executable instead of with C
  --keep         Leave stores and images where they are
  -h, --help     Print this help

Rows: ${names.join(", ")}

A run of all rows and ${ROUNDS} rounds takes about half an hour and 35 GB, of which 3 GB stay.
Wait a few minutes before the next one: ext4 is slow to create files soon after many were deleted.
`;
}

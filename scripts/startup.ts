/**
 * Measures how long each form of the program takes to print its version.
 *
 *     deno run -A scripts/startup.ts [ROUNDS]
 *
 * Prints medians in milliseconds; ends with 1 if one is above its limit. On a busy machine it says more
 * about the machine, so it is no test.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { PROGRAM_NAMES } from "./test/program_names.ts";
import { PROGRAMS } from "./test/programs.ts";
import { median } from "./bench/statistics.ts";

/** Milliseconds that the forms may take which are for daily use. */
const LIMITS: Readonly<Record<string, number>> = {
  [PROGRAM_NAMES.bunExecutable]: 25,
  [PROGRAM_NAMES.deno]: 120,
};

const ROUNDS = 20;

function time([program, ...args]: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(program!, [...args, "--version"], { stdio: "ignore" });
  if (status !== 0) throw new Error(`Cannot measure "${program}": status ${status}`);
  return performance.now() - start;
}

const rounds = Number(process.argv[2] ?? ROUNDS);
for (const { name, command, available } of PROGRAMS) {
  if (!available) continue;
  // The first time, the file is read from the disk.
  time(command);
  const middle = median(Array.from({ length: rounds }, () => time(command)));
  const limit = LIMITS[name];
  const note = limit === undefined ? "" : `  limit ${limit} ms`;
  process.stdout.write(`${name.padEnd(32)}${middle.toFixed(1).padStart(7)} ms${note}\n`);
  if (limit !== undefined && middle > limit) process.exitCode = 1;
}

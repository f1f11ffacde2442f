/**
 * Tests that run on both runtimes: by `deno test`, and bundled into a program on Bun.
 *
 * @module
 */

import process from "node:process";

interface Case {
  readonly name: string;
  readonly ignore: boolean;
  run(): void | Promise<void>;
}

/** What {@linkcode declareCase} took where there is no `deno test` to hand it to. */
const CASES: Case[] = [];

/** Declares a test; a skipped one says why at the end of its name. */
export function declareCase(name: string, run: Case["run"], ignore = false): void {
  if ("Bun" in globalThis) CASES.push({ name, ignore, run });
  else Deno.test({ name, ignore, fn: run });
}

/** Runs what was declared, prints a line for each, and sets the exit status. For Bun. */
export async function runCases(): Promise<void> {
  let failed = 0;
  for (const { name, ignore, run } of CASES) {
    if (ignore) {
      process.stdout.write(`ignored ${name}\n`);
      continue;
    }
    try {
      await run();
      process.stdout.write(`ok ${name}\n`);
    } catch (error) {
      failed++;
      process.stdout.write(`FAILED ${name}\n${error instanceof Error ? error.stack : error}\n`);
    }
  }
  process.stdout.write(`${CASES.length} cases, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/**
 * Runs every check that needs no test: format, lint, types, purity of `lib/`, layers, documentation.
 *
 *     deno task check
 *
 * All are run even if one fails. `test.ts` runs them too, as its first suite.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { repositoryPath } from "./build.ts";

/** One check: its name, and the arguments with which Deno does it. */
export interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

/** All checks, the fast ones first. */
export const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "layers", args: ["run", "-A", "scripts/check_layers.ts"] },
  { name: "types", args: ["check", "--quiet"] },
  {
    name: "types of lib/ without a runtime's",
    args: ["check", "--quiet", "--config", "scripts/pure.json", "lib"],
  },
  {
    name: "documentation of the library",
    args: ["doc", "--lint", "--quiet", "mod.ts", "ffi/mod.ts", "ffi/node/mod.ts", "ffi/worker.ts"],
  },
];

/**
 * Runs one check; says on standard error what it found.
 *
 * @returns Whether it found nothing.
 */
export function runCheck({ args }: Check): boolean {
  const done = spawnSync(process.execPath, args, {
    cwd: repositoryPath("."),
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (done.error !== undefined) throw done.error;
  // `deno doc --lint` prints the whole documentation after it found nothing.
  if (done.status !== 0) process.stderr.write(done.stdout);
  return done.status === 0;
}

if (import.meta.main) {
  for (const check of CHECKS) {
    if (runCheck(check)) continue;
    process.stderr.write(`Check failed: ${check.name}\n`);
    process.exitCode = 1;
  }
}

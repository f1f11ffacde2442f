/**
 * Builds `dist/composefs.js`: the whole program as one ES module that runs on Deno and on Bun.
 *
 *     deno task build
 *
 * Not minified: it starts as fast, and a stack trace of it can be read.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The module with which the program starts, as a path from the root of the repository. */
export const START = "cli/main.ts";

/** Absolute path of a file in the repository. */
export function repositoryPath(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

/**
 * Bundles a module of the repository and all that it imports.
 *
 * @param source Path from the root of the repository.
 * @param target Path of the file that is written; its directory is made.
 * @param platform `"browser"` leaves no way to a runtime's own modules.
 * @throws {Error} If the bundler fails, with what it said.
 */
export function bundle(source: string, target: string, platform: "deno" | "browser"): void {
  mkdirSync(dirname(target), { recursive: true });
  const done = spawnSync(
    process.execPath,
    ["bundle", "--quiet", "--platform", platform, "--output", target, repositoryPath(source)],
    { encoding: "utf8", cwd: repositoryPath("."), env: { ...process.env, NO_COLOR: "1" } },
  );
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Cannot bundle "${source}": ${done.stderr.trim()}`);
}

if (import.meta.main) {
  const target = "dist/composefs.js";
  bundle(START, repositoryPath(target), "deno");
  process.stdout.write(`${target}\n`);
}

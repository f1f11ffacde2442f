/**
 * Executables of the program, by `bun build --compile`: Bun's own executable with the module in it.
 *
 * Those of other machines are made from Bun's executables for them, which Bun takes from the npm
 * registry. For the program as one module see `build.ts`; for Deno's executable, `compile.ts`.
 *
 * The module in it is not minified, so that the stacks of errors have the names of functions: Bun compiles it
 * beforehand, so that it starts in the same time, and half a megabyte is little beside Bun.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle, START } from "./build.ts";
import { findBun } from "./bun.ts";
import { closeEnvironment } from "./environment.ts";
import { withAllSections } from "./sections.ts";
import { withStandIns } from "./stand_ins.ts";

/** The machines that executables are made for. */
export const TARGETS = ["linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl"] as const;

/** Time for one executable, its base fetched. */
const TIME_LIMIT_MILLISECONDS = 10 * 60_000;

/** Bun takes settings from files in the current directory; what the program does is not for them to say. */
const NO_AUTOLOAD = ["dotenv", "bunfig", "tsconfig", "package-json"]
  .map((name) => `--no-compile-autoload-${name}`);

/**
 * Makes an executable.
 *
 * @param output Path of the executable.
 * @param target One of {@linkcode TARGETS}; without it, this machine.
 * @throws {Error} If there is no Bun, or no base for the target can be had.
 */
export function buildExecutable(output: string, target?: string): void {
  const bun = findBun();
  if ("missing" in bun) throw new Error(`Cannot build executables: ${bun.missing}`);
  mkdirSync(dirname(output), { recursive: true });
  // Bun writes the names that it is given into the executable, so they are always the same.
  const directory = mkdtempSync(join(dirname(output), ".build-"));
  try {
    bundle(START, join(directory, "composefs.js"), "deno", "readable");
    const args = [
      "build",
      "--compile",
      // Compiled beforehand, it starts in half the time.
      "--bytecode",
      "--format=esm",
      ...NO_AUTOLOAD,
      ...(target === undefined ? [] : [`--target=bun-${target}`]),
      "--outfile=composefs",
      "composefs.js",
    ];
    const done = spawnSync(bun.path, args, {
      cwd: directory,
      encoding: "utf8",
      timeout: TIME_LIMIT_MILLISECONDS,
    });
    if (done.error !== undefined) throw done.error;
    if (done.status !== 0) {
      const lines = done.stderr.trim().split("\n");
      throw new Error(`Cannot build for "${target ?? "this machine"}": ${lines.at(-1)}`);
    }
    const made = changeRuntime(readFileSync(join(directory, "composefs")));
    writeFileSync(join(directory, "composefs"), made);
    renameSync(join(directory, "composefs"), output);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** All that is changed of Bun's own part, for reasons that each of these modules gives. */
function changeRuntime(made: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  closeEnvironment(made);
  return withAllSections(withStandIns(made));
}

/**
 * Builds `dist/composefs-deno`: the program as an executable of Deno, with the narrowest permissions.
 *
 *     deno task compile
 *
 * `deno compile` downloads what the executable is based on (denort); `DENORT_BIN` names a copy of it
 * where that cannot be had. For executables that need no download see `executable.ts`.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { bundle, repositoryPath, START } from "./build.ts";

/**
 * What every command can do without asking: call libc, through which it reaches files, and run the command
 * that signs, in the environment that there is.
 */
export const PERMISSIONS = [
  "--no-prompt",
  "--allow-ffi",
  "--allow-env",
  "--allow-run=/bin/sh",
] as const;

/** Longer than a download takes that gets anywhere. */
const TIME_LIMIT_MILLISECONDS = 5 * 60_000;

/**
 * Makes Deno's executable.
 *
 * @param output Path of the executable; its directory is made.
 * @throws {Error} If what it is based on cannot be had, or is not what it should be.
 */
export function compileWithDeno(output: string): void {
  mkdirSync(dirname(output), { recursive: true });
  // The name of the module is in the executable, so it is always the same; the directory is not.
  const directory = mkdtempSync(join(tmpdir(), "composefs-compile-"));
  const draft = join(dirname(output), `.compile-${process.pid}`);
  try {
    bundle(START, join(directory, "composefs.js"), "deno");
    const options = ["--quiet", "--no-config", "--no-lock", ...PERMISSIONS];
    const done = spawnSync(
      process.execPath,
      ["compile", ...options, "--output", draft, "composefs.js"],
      {
        cwd: directory,
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
        timeout: TIME_LIMIT_MILLISECONDS,
      },
    );
    if (done.error !== undefined) throw done.error;
    if (done.status !== 0) throw new Error(reasonOf(done.stderr));
    check(draft);
    renameSync(draft, output);
  } finally {
    rmSync(directory, { recursive: true });
    rmSync(draft, { force: true });
  }
}

/** What kept Deno from compiling, in one line. */
function reasonOf(said: string): string {
  const lines = said.split("\n").map((line) => line.replace(/^(error|\s*\d+): /, "").trim());
  const base = process.env.DENORT_BIN;
  if (base !== undefined) {
    const cause = lines.findLast((line) => /\(os error \d+\)$/.test(line)) ?? "cannot be used";
    return `Cannot compile with Deno: DENORT_BIN "${base}": ${cause}`;
  }
  if (said.includes("denort") || said.includes("base binary")) {
    const cause = lines.find((line) => line.startsWith("error sending request"));
    return "Cannot compile with Deno: its base executable denort cannot be downloaded" +
      `${cause === undefined ? "" : ` (${cause.replace(/: client error.*/, "")})`}; ` +
      "DENORT_BIN=PATH names a copy of it";
  }
  return `Cannot compile with Deno: ${lines.find((line) => line !== "") ?? "it does not say why"}`;
}

/** `deno` itself as a base gives a file that runs, but that runs Deno. */
function check(executable: string): void {
  const done = spawnSync(executable, ["--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
  });
  if (done.status === 0 && done.stdout.startsWith("composefs-ts ")) return;
  const base = process.env.DENORT_BIN;
  throw new Error(
    base === undefined
      ? "Cannot compile with Deno: what it made does not run"
      : `Cannot compile with Deno: "${base}" is not the denort of Deno ${Deno.version.deno}`,
  );
}

if (import.meta.main) {
  const target = "dist/composefs-deno";
  try {
    compileWithDeno(repositoryPath(target));
    process.stdout.write(`${target}\n`);
  } catch (error) {
    process.stderr.write(`compile: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

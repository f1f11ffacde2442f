/**
 * Builds the program: `dist/composefs.js`, one ES module for Deno and Bun, and executables of it.
 *
 *     deno task build [--target=NAME]...
 *
 * Without a target the executable is for this machine, `dist/composefs`; with one it is
 * `dist/composefs-NAME`, and `--target=all` makes every one there is. The same sources give the same
 * bytes, wherever the repository lies.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "@std/cli/parse-args";

/** The module with which the program starts, as a path from the root of the repository. */
export const START = "cli/main.ts";

/** The module that is built, as a path from the root of the repository. */
export const MODULE = "dist/composefs.js";

/**
 * First line of the module: where its language is too old for the rest, the line that is complained about
 * first, and printed. Node knows such groups since 23, and what the program says itself since 24.
 */
const NEEDS = "/(?i:composefs needs Deno 2.9 or Bun 1.4, not Node)/;\n";

/** Absolute path of a file in the repository. */
export function repositoryPath(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

/**
 * Bundles a module of the repository and all that it imports.
 *
 * Minified, for a program that is loaded from a URL. Functions lose their names: to keep them, the bundler
 * sets the name of each anew whenever it is made, which costs more time than it is worth.
 *
 * @param source Path, from the root of the repository if it is not absolute.
 * @param target Path of the file that is written; its directory is made.
 * @param platform `"browser"` leaves no way to a runtime's own modules.
 * @throws {Error} If the bundler fails, with what it said.
 */
export function bundle(source: string, target: string, platform: "deno" | "browser"): void {
  mkdirSync(dirname(target), { recursive: true });
  const options = ["--quiet", "--minify", "--platform", platform];
  const done = spawnSync(
    process.execPath,
    ["bundle", ...options, "--output", target, resolve(repositoryPath("."), source)],
    { encoding: "utf8", cwd: repositoryPath("."), env: { ...process.env, NO_COLOR: "1" } },
  );
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Cannot bundle "${source}": ${done.stderr.trim()}`);
  if (platform === "deno") writeFileSync(target, NEEDS + readFileSync(target, "utf8"));
}

/** Targets that a command line asks for, `undefined` among them for this machine. */
function readTargets(args: readonly string[], known: readonly string[]): (string | undefined)[] {
  const { target, _: rest } = parseArgs([...args], {
    collect: ["target"],
    string: ["target", "_"],
  });
  const asked = (target as string[]).flatMap((name) => name === "all" ? known : [name]);
  const wrong = [...rest.map(String), ...asked.filter((name) => !known.includes(name))];
  if (wrong.length > 0) {
    throw new RangeError(`Cannot build "${wrong[0]}": expected --target=${known.join(" or ")}`);
  }
  return asked.length === 0 ? [undefined] : asked;
}

async function main(): Promise<void> {
  // Finds Bun by means of the tests', which import this module.
  const { buildExecutable, TARGETS } = await import("./executable.ts");
  const targets = readTargets(process.argv.slice(2), TARGETS);
  bundle(START, repositoryPath(MODULE), "deno");
  process.stdout.write(`${MODULE}\n`);
  for (const target of targets) {
    const name = target === undefined ? "dist/composefs" : `dist/composefs-${target}`;
    buildExecutable(repositoryPath(MODULE), repositoryPath(name), target);
    process.stdout.write(`${name}\n`);
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`build: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

/**
 * Builds the program: `dist/composefs.js`, one ES module for Deno and Bun, and executables of it; and
 * `dist/composefs-lib.js`, the library as one ES module for everywhere.
 *
 *     deno task build [--target=NAME]...
 *
 * Without a target the executable is for this machine, `dist/composefs`; with one it is
 * `dist/composefs-NAME`, and `--target=all` makes every one there is.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "@std/cli/parse-args";
import { bundle, MODULE, repositoryPath, START } from "./build.ts";
import { buildExecutable, TARGETS } from "./executable.ts";
import { bundleLibrary, LIBRARY_MODULE } from "./library.ts";

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

function main(): void {
  const targets = readTargets(process.argv.slice(2), TARGETS);
  bundle(START, repositoryPath(MODULE), "deno");
  process.stdout.write(`${MODULE}\n`);
  bundleLibrary(repositoryPath(LIBRARY_MODULE));
  process.stdout.write(`${LIBRARY_MODULE}\n`);
  for (const target of targets) {
    const name = target === undefined ? "dist/composefs" : `dist/composefs-${target}`;
    buildExecutable(repositoryPath(name), target);
    process.stdout.write(`${name}\n`);
  }
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    process.stderr.write(`build: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

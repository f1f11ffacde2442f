/**
 * The program in each form that end-to-end tests run: from source, bundled on each runtime, and as
 * executables.
 *
 * Importing this builds them and looks for Bun, unless the run of all suites has done so.
 *
 * @module
 */

import process from "node:process";
import { repositoryPath, START } from "../build.ts";
import { findBun } from "../bun.ts";
import { findBundle } from "./bundle.ts";
import { findBunExecutable, findDenoExecutable } from "./executables.ts";
import { PROGRAM_NAMES } from "./program_names.ts";

/** One way to run the program. */
export interface Program {
  /** As a person would type it, for names of tests. */
  readonly name: string;
  /** What comes before the program's own arguments; nothing in it depends on the current directory. */
  readonly command: readonly string[];
  readonly available: boolean;
  /** End of a test's name if it is not available, such as `" (skipped: no bun on PATH …)"`; empty if it is. */
  readonly skipReason: string;
}

function program(name: string, command: readonly string[], missing?: string): Program {
  const available = missing === undefined;
  return { name, command, available, skipReason: available ? "" : ` (skipped: ${missing})` };
}

function findPrograms(): Program[] {
  const bundled = findBundle();
  const bun = findBun();
  const deno = [process.execPath, "run", "-A"];
  const missing = "path" in bun ? undefined : bun.missing;
  const executable = "path" in bun ? findBunExecutable() : bun;
  const denoExecutable = findDenoExecutable();
  return [
    program(PROGRAM_NAMES.source, [...deno, repositoryPath(START)]),
    program(PROGRAM_NAMES.deno, [...deno, "--no-config", bundled]),
    program(PROGRAM_NAMES.bun, ["path" in bun ? bun.path : "bun", bundled], missing),
    program(
      PROGRAM_NAMES.bunExecutable,
      ["path" in executable ? executable.path : "dist/composefs"],
      "path" in executable ? undefined : executable.missing,
    ),
    // Its base cannot be downloaded everywhere; a line for each test would only hide the others.
    ...("path" in denoExecutable
      ? [program(PROGRAM_NAMES.denoExecutable, [denoExecutable.path])]
      : []),
  ];
}

/** All of them, those that cannot be run here as well, except for Deno's executable. */
export const PROGRAMS: readonly Program[] = findPrograms();

/**
 * The program in each form that end-to-end tests run: from source, and bundled on each runtime.
 *
 * Importing this bundles the program and looks for Bun, unless the run of all suites has done so.
 *
 * @module
 */

import process from "node:process";
import { repositoryPath, START } from "../../scripts/build.ts";
import { findBun } from "./bun.ts";
import { findBundle } from "./bundle.ts";

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

function findPrograms(): Program[] {
  const bundled = findBundle();
  const bun = findBun();
  const deno = [process.execPath, "run", "-A"];
  return [
    {
      name: `deno run -A ${START}`,
      command: [...deno, repositoryPath(START)],
      available: true,
      skipReason: "",
    },
    {
      name: "deno run -A dist/composefs.js",
      command: [...deno, "--no-config", bundled],
      available: true,
      skipReason: "",
    },
    {
      name: "bun dist/composefs.js",
      command: ["path" in bun ? bun.path : "bun", bundled],
      available: "path" in bun,
      skipReason: "path" in bun ? "" : ` (skipped: ${bun.missing})`,
    },
  ];
}

/** All of them, those that cannot be run here as well. */
export const PROGRAMS: readonly Program[] = findPrograms();

/**
 * The program as executables, made anew for a run of the tests: of Bun, and of Deno where that can be.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { compileWithDeno } from "../compile.ts";
import { buildExecutable } from "../executable.ts";

/** An executable, or why there is none. */
export type Executable = { readonly path: string } | { readonly missing: string };

/** Variable with the path of Bun's executable, by which a run of all suites makes only one. */
export const BUN_EXECUTABLE_VARIABLE = "COMPOSEFS_TEST_BUN_EXECUTABLE";

/** The same for Deno's; its value is empty if none can be made. */
export const DENO_EXECUTABLE_VARIABLE = "COMPOSEFS_TEST_DENO_EXECUTABLE";

/** Makes one in a directory for temporary files, the only file in it. The caller removes the directory. */
function make(write: (path: string) => void): Executable {
  const path = join(mkdtempSync(join(tmpdir(), "composefs-executable-")), "composefs");
  try {
    write(path);
    return { path };
  } catch (error) {
    rmSync(dirname(path), { recursive: true });
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Makes the executable of Bun. The caller removes its directory. */
export function makeBunExecutable(): Executable {
  return make(buildExecutable);
}

/** Makes the executable of Deno. The caller removes its directory. */
export function makeDenoExecutable(): Executable {
  return make(compileWithDeno);
}

/** Keeps what is made in a run of single tests until the module ends that asked for it. */
function forThisModule(executable: Executable): Executable {
  if ("path" in executable) {
    const directory = dirname(executable.path);
    globalThis.addEventListener("unload", () => rmSync(directory, { recursive: true }));
  }
  return executable;
}

/** Bun's executable of the run of all suites or, in a run of single tests, one of its own. */
export function findBunExecutable(): Executable {
  const named = process.env[BUN_EXECUTABLE_VARIABLE];
  return named ? { path: named } : forThisModule(makeBunExecutable());
}

/**
 * Deno's executable of the run of all suites or, in a run of single tests, one of its own if
 * `DENORT_BIN` is set: to find out that nothing can be downloaded takes too long.
 */
export function findDenoExecutable(): Executable {
  const named = process.env[DENO_EXECUTABLE_VARIABLE];
  if (named) return { path: named };
  if (named === undefined && process.env.DENORT_BIN) return forThisModule(makeDenoExecutable());
  return { missing: "no denort" };
}

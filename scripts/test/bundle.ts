/**
 * The program as one module, made anew for a run of the tests.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { bundle, START } from "../build.ts";

/** Variable with the path of the bundle, by which a run of all suites bundles only once. */
export const BUNDLE_VARIABLE = "COMPOSEFS_TEST_BUNDLE";

/**
 * Bundles the program into a directory for temporary files. The caller removes the directory.
 *
 * @returns Path of the bundle, the only file in its directory.
 * @throws {Error} If the program cannot be bundled.
 */
export function bundleForTests(): string {
  const path = join(mkdtempSync(join(tmpdir(), "composefs-bundle-")), "composefs.js");
  try {
    bundle(START, path, "deno");
  } catch (error) {
    rmSync(dirname(path), { recursive: true });
    throw error;
  }
  return path;
}

/**
 * Finds the bundle of the run of all suites or, in a run of single tests, makes one that is removed when
 * the module ends that asked for it.
 *
 * @throws {Error} If the program cannot be bundled.
 */
export function findBundle(): string {
  const named = process.env[BUNDLE_VARIABLE];
  if (named) return named;
  const path = bundleForTests();
  // Fires at the end of each test module.
  globalThis.addEventListener("unload", () => rmSync(dirname(path), { recursive: true }));
  return path;
}

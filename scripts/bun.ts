/**
 * Finds Bun, or fetches it: the npm registry has its executable.
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

/** The version that is fetched where PATH leads to none. */
export const BUN_VERSION = "1.4.5";

/** Bun's executable, or why there is none. */
export type BunSearch = { readonly path: string } | { readonly missing: string };

/** Variable with the path of Bun's executable, by which a run of all suites searches only once. */
export const BUN_VARIABLE = "COMPOSEFS_TEST_BUN";

/**
 * Finds Bun on PATH or in the cache, and fetches it into the cache otherwise: about 90 MB below
 * `$XDG_CACHE_HOME/composefs-ts-bun`.
 */
export function findBun(): BunSearch {
  const named = process.env[BUN_VARIABLE];
  if (named) return { path: named };
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(directory, "bun");
    if (directory !== "" && isExecutable(path)) return { path };
  }
  return fetchBun();
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Whatever the reason, it cannot be run.
    return false;
  }
}

function fetchBun(): BunSearch {
  const architecture = ({ x64: "x64", arm64: "aarch64" } as Record<string, string>)[process.arch];
  if (process.platform !== "linux" || architecture === undefined) {
    return { missing: `no bun on PATH, and none to fetch for ${process.platform} ${process.arch}` };
  }
  const name = `@oven/bun-linux-${architecture}`;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "composefs-ts-bun");
  const directory = join(cache, `${BUN_VERSION}-${architecture}`);
  const path = join(directory, "node_modules", name, "bin", "bun");
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  // Beside the final name and renamed at the end: what is cut off leaves nothing that counts.
  const fresh = mkdtempSync(join(cache, "new."));
  try {
    const done = spawnSync(
      "npm",
      [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--prefix",
        fresh,
        `${name}@${BUN_VERSION}`,
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 300_000 },
    );
    if (done.status !== 0) {
      return { missing: `no bun on PATH, and npm could not fetch ${name}@${BUN_VERSION}` };
    }
    if (!existsSync(path)) renameSync(fresh, directory);
    return { path };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

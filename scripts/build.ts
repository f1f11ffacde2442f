/**
 * Bundles modules of the repository: the program among them, as `dist/composefs.js`. All that is made is
 * the same for the same sources, wherever the repository lies.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { COMMIT_PLACE } from "../cli/version.ts";

/** The module with which the program starts, as a path from the root of the repository. */
export const START = "cli/main.ts";

/** The module that is built, as a path from the root of the repository. */
export const MODULE = "dist/composefs.js";

/**
 * First line of the module: where its language is too old for the rest, the line that is complained about
 * first, and printed. Node knows such groups since 23, and what the program says itself since 24.
 */
const NEEDS = "/(?i:composefs needs Deno 2.9 or Bun 1.4, not Node)/;\n";

/**
 * The commit that the repository is at, if no file of it has been changed since: the same commit gives the
 * same bytes. Undefined where there is none, as in an archive of the sources.
 */
function commit(): string | undefined {
  const git = (...args: string[]) =>
    spawnSync("git", ["-C", repositoryPath("."), ...args], { encoding: "utf8" });
  // Another repository may be around it, whose commits are none of these sources.
  if (git("rev-parse", "--show-prefix").stdout !== "\n") return undefined;
  if (git("status", "--porcelain", "--untracked-files=no").stdout !== "") return undefined;
  return /^[0-9a-f]{12}/.exec(git("rev-parse", "HEAD").stdout)?.[0];
}

/** Puts what only the build knows into the module. */
function finish(module: string): string {
  return NEEDS + module.replaceAll(COMMIT_PLACE, commit() ?? COMMIT_PLACE);
}

/** Absolute path of a file in the repository. */
export function repositoryPath(file: string): string {
  return fileURLToPath(new URL(`../${file}`, import.meta.url));
}

/**
 * Bundles a module of the repository and all that it imports.
 *
 * Minified, for a program that is loaded from a URL, unless it is to be readable. Functions lose their names in it:
 * to keep them, the bundler sets the name of each anew whenever it is made, which costs more time than it is worth.
 *
 * @param source Path, from the root of the repository if it is not absolute.
 * @param target Path of the file that is written; its directory is made.
 * @param platform `"browser"` leaves no way to a runtime's own modules.
 * @param form `"readable"` leaves names and lines as they are; it is twice as long.
 * @throws {Error} If the bundler fails, with what it said.
 */
export function bundle(
  source: string,
  target: string,
  platform: "deno" | "browser",
  form: "minified" | "readable" = "minified",
): void {
  mkdirSync(dirname(target), { recursive: true });
  const minify = form === "minified" ? ["--minify"] : [];
  const options = ["--quiet", ...minify, "--platform", platform];
  const done = spawnSync(
    process.execPath,
    ["bundle", ...options, "--output", target, resolve(repositoryPath("."), source)],
    { encoding: "utf8", cwd: repositoryPath("."), env: { ...process.env, NO_COLOR: "1" } },
  );
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`Cannot bundle "${source}": ${done.stderr.trim()}`);
  if (platform === "deno") writeFileSync(target, finish(readFileSync(target, "utf8")));
}

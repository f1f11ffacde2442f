/**
 * Somebody who has installed the library's package by npm, and tests of what they do.
 *
 * @module
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillLibraryPackage, LIBRARY } from "../../scripts/library.ts";
import { findNode, NODE_VERSIONS } from "../../scripts/node.ts";
import { findOnPath, type ToolSearch } from "../../scripts/npm_tool.ts";
import { makePackage } from "../../scripts/release.ts";
import { long, QUICK } from "../../scripts/test/effort.ts";
import { moduleWorkspace } from "./each_program.ts";
import { textOutput } from "./process.ts";

/** Directory of the test module that imports this. */
export const directory: string = moduleWorkspace();

const npm = findOnPath("npm");
const NO_NPM = npm === undefined ? "no npm on PATH" : "";

/** The directory of somebody who has installed the package, made once. */
export function stranger(): string {
  const home = join(directory, "stranger");
  if (existsSync(home)) return home;
  mkdirSync(home);
  const archive = makePackage(directory, LIBRARY, fillLibraryPackage);
  const manifest = { name: "stranger", private: true, type: "module" };
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  const options = ["--offline", "--no-audit", "--no-fund", "--silent"];
  textOutput([npm!], ["install", ...options, archive], { cwd: home });
  return home;
}

/** Declares a test that needs a program. */
export function testWith(
  name: string,
  found: ToolSearch,
  isLong: boolean,
  body: (path: string) => void | Promise<void>,
): void {
  const skip = NO_NPM || ("missing" in found ? found.missing : "");
  const reason = skip === "" ? "" : ` (skipped: ${skip})`;
  const suffix = isLong ? long(reason).suffix : reason;
  Deno.test({
    name: `library: ${name}${suffix}`,
    ignore: suffix !== "",
    fn: () => "path" in found ? body(found.path) : undefined,
  });
}

/** Finds a program, as {@linkcode testWith} wants it. */
export function onPath(name: string): ToolSearch {
  const path = findOnPath(name);
  return path === undefined ? { missing: `no ${name} on PATH` } : { path };
}

/** Declares a test for each version of Node, and one for that on PATH, which alone is quick if `isQuick`. */
export function testOnNode(
  name: string,
  isQuick: boolean,
  body: (path: string) => void | Promise<void>,
): void {
  testWith(`${name} on the Node that is there`, onPath("node"), !isQuick, body);
  for (const version of NODE_VERSIONS) {
    // To fetch one takes long.
    const found = QUICK ? { missing: "not a quick one" } : findNode(version);
    testWith(`${name} on Node ${version}`, found, true, body);
  }
}

/**
 * The library as others get it: its package, installed by npm, on each runtime it is for; and as one module in a
 * browser.
 */

import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryPath } from "../../scripts/build.ts";
import { findBun } from "../../scripts/bun.ts";
import { bundleLibrary, fillLibraryPackage, LIBRARY } from "../../scripts/library.ts";
import { findNode, NODE_VERSIONS } from "../../scripts/node.ts";
import { findOnPath, type ToolSearch } from "../../scripts/npm_tool.ts";
import { makePackage } from "../../scripts/release.ts";
import { long, QUICK } from "../../scripts/test/effort.ts";
import { CASE_NAMES, type CaseResult } from "../kit/library/cases.ts";
import { browserPage } from "./browser.ts";
import { moduleWorkspace } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";

const directory = moduleWorkspace();
const npm = findOnPath("npm");
const NO_NPM = npm === undefined ? "no npm on PATH" : "";

/** Runs the cases and prints how they have ended. */
const RUNNER = `import { runCases } from "./cases.js";
console.log(JSON.stringify(await runCases()));
`;

/** The directory of somebody who has installed the package, made once. */
function stranger(): string {
  const home = join(directory, "stranger");
  if (existsSync(home)) return home;
  mkdirSync(home);
  const archive = makePackage(directory, LIBRARY, fillLibraryPackage);
  const manifest = { name: "stranger", private: true, type: "module" };
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  const options = ["--offline", "--no-audit", "--no-fund", "--silent"];
  textOutput([npm!], ["install", ...options, archive], { cwd: home });
  const cases = repositoryPath("tests/kit/library/cases.ts");
  output([process.execPath], ["transpile", "--quiet", "--output", join(home, "cases.js"), cases]);
  writeFileSync(join(home, "run.js"), RUNNER);
  return home;
}

function assertPassed(results: readonly CaseResult[]): void {
  assertEquals(results, CASE_NAMES.map((name) => ({ name })));
}

/** Declares a test that needs a program. */
function testWith(
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

function onPath(name: string): ToolSearch {
  const path = findOnPath(name);
  return path === undefined ? { missing: `no ${name} on PATH` } : { path };
}

for (const version of NODE_VERSIONS) {
  // To fetch one takes long.
  const found = QUICK ? { missing: "not a quick one" } : findNode(version);
  testWith(`its package on Node ${version}`, found, true, (node) => {
    assertPassed(JSON.parse(textOutput([node], ["run.js"], { cwd: stranger() })));
  });
}

testWith("its package on the Node that is there", onPath("node"), false, (node) => {
  assertPassed(JSON.parse(textOutput([node], ["run.js"], { cwd: stranger() })));
});

testWith("its package on Deno", { path: process.execPath }, false, (deno) => {
  const args = ["run", "--quiet", "--allow-read", "run.js"];
  assertPassed(JSON.parse(textOutput([deno], args, { cwd: stranger() })));
});

testWith("its package on Bun", findBun(), false, (bun) => {
  assertPassed(JSON.parse(textOutput([bun], ["run.js"], { cwd: stranger() })));
});

const MODULES = {
  "its package": () => `/node_modules/${LIBRARY}/mod.js`,
  "its one module": () => {
    bundleLibrary(join(stranger(), "composefs-lib.js"));
    return "/composefs-lib.js";
  },
};

for (const [name, prepare] of Object.entries(MODULES)) {
  testWith(`${name} in Chromium`, onPath("chromium"), true, async (chromium) => {
    const imports = { [LIBRARY]: prepare() };
    const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
import { runCases } from "./cases.js";
await fetch("/answer", { method: "POST", body: JSON.stringify(await runCases()) });
</script>`;
    assertPassed(JSON.parse(await browserPage(chromium, { page, files: stranger(), directory })));
  });
}

/** What somebody with a strict compiler writes. */
const TYPED =
  `import { createImage, Digest, fsVerityDigest, MemoryStore, memoryTree } from "${LIBRARY}";
import { nativeHashers } from "${LIBRARY}/node";

const image: Uint8Array = await createImage(memoryTree({ a: "b" }), { store: new MemoryStore() });
const digest: Digest = fsVerityDigest(image, { hasher: nativeHashers.hasher("sha256")! });
export const text: string = digest.toString();
// @ts-expect-error: types are there.
export const wrong: number = digest.toString();
`;

for (const [resolution, module] of [["nodenext", "nodenext"], ["bundler", "esnext"]] as const) {
  testWith(`its types, found by ${resolution}`, { path: process.execPath }, true, (deno) => {
    const home = stranger();
    writeFileSync(join(home, "typed.ts"), TYPED);
    const options = [
      ...["--strict", "--noEmit", "--target", "es2022", "--lib", "esnext,dom", "--types", ""],
      ...["--exactOptionalPropertyTypes", "--module", module, "--moduleResolution", resolution],
    ];
    const args = ["run", "-A", "--quiet", "npm:typescript@7.0.2/tsc", ...options];
    const done = run([deno], [...args, join(home, "typed.ts")], { cwd: repositoryPath(".") });
    assertEquals([done.code, new TextDecoder().decode(done.stdout)], [0, ""], done.stderr);
  });
}

testWith("its package is the same whenever it is made", { path: process.execPath }, false, () => {
  mkdirSync(join(directory, "again"), { recursive: true });
  stranger();
  const again = makePackage(join(directory, "again"), LIBRARY, fillLibraryPackage);
  const first = join(directory, again.slice(again.lastIndexOf("/") + 1));
  assert(readFileSync(again).equals(readFileSync(first)), "the packages differ");
});

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
import { makePackage } from "../../scripts/release.ts";
import { CASE_NAMES, type CaseResult } from "../kit/library/cases.ts";
import { browserPage } from "./browser.ts";
import { output, run, textOutput } from "./process.ts";
import { directory, onPath, stranger, testOnNode, testWith } from "./stranger.ts";

/** Runs the cases and prints how they have ended. */
const RUNNER = `import { runCases } from "./cases.js";
console.log(JSON.stringify(await runCases()));
`;

/** The directory of somebody who has the cases, and runs them. */
function withCases(): string {
  const home = stranger();
  if (existsSync(join(home, "run.js"))) return home;
  const cases = repositoryPath("tests/kit/library/cases.ts");
  output([process.execPath], ["transpile", "--quiet", "--output", join(home, "cases.js"), cases]);
  writeFileSync(join(home, "run.js"), RUNNER);
  return home;
}

function assertPassed(results: readonly CaseResult[]): void {
  assertEquals(results, CASE_NAMES.map((name) => ({ name })));
}

function assertPasses(command: readonly string[]): void {
  assertPassed(JSON.parse(textOutput(command, ["run.js"], { cwd: withCases() })));
}

testOnNode("its package", true, (node) => assertPasses([node]));

testWith("its package on Deno", { path: process.execPath }, false, (deno) => {
  assertPasses([deno, "run", "--quiet", "--allow-read"]);
});

testWith("its package on Bun", findBun(), false, (bun) => assertPasses([bun]));

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
    assertPassed(JSON.parse(await browserPage(chromium, { page, files: withCases(), directory })));
  });
}

/** What somebody with a strict compiler writes. */
const TYPED =
  `import { createImage, Digest, fsVerityDigest, MemoryStore, memoryTree } from "${LIBRARY}";
import { directoryTree, nativeHashers } from "${LIBRARY}/node";
import { type Machine, openLinux } from "${LIBRARY}/linux";

const image: Uint8Array<ArrayBuffer> = await createImage(memoryTree({ a: "b" }), { store: new MemoryStore() });
const digest: Digest = fsVerityDigest(image, { hasher: nativeHashers.hasher("sha256")! });
const linux: Machine = await openLinux();
linux.writeFile("image", await createImage(directoryTree("tree"), { xattrs: "none" }));
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

testWith("its package is the same whenever it is made", { path: process.execPath }, true, () => {
  mkdirSync(join(directory, "again"), { recursive: true });
  stranger();
  const again = makePackage(join(directory, "again"), LIBRARY, fillLibraryPackage);
  const first = join(directory, again.slice(again.lastIndexOf("/") + 1));
  assert(readFileSync(again).equals(readFileSync(first)), "the packages differ");
});

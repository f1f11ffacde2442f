/**
 * The library as others get it: its package, installed by npm, on each runtime it is for; and as one module in a
 * browser.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { openLinux } from "../../ffi/mod.ts";
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

/** Programs that README shows for one entry of the library. */
function readmeProgram(entry: string): string {
  const readme = readFileSync(repositoryPath("README.md"), "utf8");
  const programs = [...readme.matchAll(/^```[jt]s\n([^]*?)^```$/gm)].map(([, program]) => program!);
  const found = programs.filter((program) => program.includes(`"${LIBRARY}/${entry}"`));
  assertEquals(found.length, 1, entry);
  return found[0]!;
}

/** Runs one of these in a directory of its own, below what npm has installed. */
function assertReads(command: readonly string[], entry: string): void {
  const home = mkdtempSync(join(stranger(), "program-"));
  mkdirSync(join(home, "rootfs/etc"), { recursive: true });
  const motd = "Welcome!\n".repeat(20_000);
  writeFileSync(join(home, "rootfs/etc/motd"), motd);
  const program = readmeProgram(entry);
  assert(program.split("\n").length <= 20);
  writeFileSync(join(home, "program.js"), program);
  assertEquals(textOutput(command, ["program.js"], { cwd: home }), `${motd}\n`);
  const [object, ...others] = readdirSync(join(home, "objects"), { recursive: true })
    .map((name) => join(home, "objects", String(name)))
    .filter((path) => statSync(path).isFile());
  assertEquals(others, []);
  assertEquals(readFileSync(object!, "utf8"), motd);
}

testWith("README's program on Deno", { path: process.execPath }, false, (deno) => {
  assertReads([deno, "run", "--quiet", "-A"], "linux");
});

testWith("README's program on Bun", findBun(), true, (bun) => {
  assertReads([bun], "linux");
  assertReads([bun], "node");
});

testWith("README's program on the Node that is there", onPath("node"), true, (node) => {
  assertReads([node], "node");
});

for (const version of NODE_VERSIONS) {
  const found = QUICK ? { missing: "not a quick one" } : findNode(version);
  testWith(`README's program on Node ${version}`, found, true, (node) => {
    assertReads([node], "node");
  });
}

/** Makes an image by the threads of two modules and by none, and prints whether it is the same. */
const THREADS = `import { equal } from "node:assert/strict";
import { fsVerityDigest } from "${LIBRARY}";
import { openLinux } from "${LIBRARY}/linux";
const make = async (options) => fsVerityDigest(await (await openLinux(options)).createImage("tree"));
const digest = await make();
for (const name of ["${LIBRARY}/worker", "./worker.js"]) {
  equal(\`${"${await make({ module: import.meta.resolve(name) })}"}\`, \`${"${digest}"}\`);
}
`;

/** A module of threads that leaves a trace of each. */
const WORKER = `import "${LIBRARY}/worker";
import { appendFileSync } from "node:fs";
appendFileSync("started", ".");
`;

function assertThreads(command: readonly string[]): void {
  const home = mkdtempSync(join(stranger(), "threads-"));
  mkdirSync(join(home, "tree"));
  // With less it is not worth a thread.
  const contents = new Uint8Array(64 << 20).fill(7);
  writeFileSync(join(home, "tree/large"), contents);
  for (let i = 0; i < 100; i++) writeFileSync(join(home, `tree/${i}`), `${i}`.repeat(50_000));
  writeFileSync(join(home, "threads.js"), THREADS);
  writeFileSync(join(home, "worker.js"), WORKER);
  output(command, ["threads.js"], { cwd: home });
  assertMatch(readFileSync(join(home, "started"), "utf8"), /^[.]+$/);
}

testWith("its threads on Deno", { path: process.execPath }, true, (deno) => {
  assertThreads([deno, "run", "--quiet", "-A"]);
});

testWith("its threads on Bun", findBun(), true, (bun) => assertThreads([bun]));

/** Makes an image of a directory by node:fs. */
const MAKE = `import { writeFileSync } from "node:fs";
import { createImage } from "${LIBRARY}";
import { directoryTree } from "${LIBRARY}/node";
for (const hardLinks of [false, true]) {
  const image = await createImage(directoryTree("tree"), { xattrs: "none", hardLinks });
  writeFileSync(\`image-\${hardLinks}\`, image);
}
`;

/** A directory with a file of each kind that node:fs knows all of. */
const TREE = `mkdir -p tree/sub/deep; chmod 1751 tree/sub; cd tree; printf small >small
yes large | head -n 10000 >sub/large; chmod 4755 sub/large; ln sub/large also; ln -s sub/nowhere link
mkfifo fifo; printf x >"$(printf '\\377\\200')"; touch -d 1969-12-31T23:59:58.75Z small
touch -h -d @1234567890.123456789 link`;

async function assertSameImage(command: readonly string[]): Promise<void> {
  const home = mkdtempSync(join(stranger(), "tree-"));
  output(["sh"], ["-c", TREE], { cwd: home });
  writeFileSync(join(home, "make.js"), MAKE);
  output(command, ["make.js"], { cwd: home });
  const linux = await openLinux();
  for (const hardLinks of [false, true]) {
    const image = await linux.createImage(join(home, "tree"), { xattrs: "none", hardLinks });
    const made = readFileSync(join(home, `image-${hardLinks}`));
    assert(made.equals(image), `hard links ${hardLinks}`);
  }
}

testWith("images by node:fs are the kernel's, on Node", onPath("node"), false, async (node) => {
  await assertSameImage([node]);
});

testWith("images by node:fs are the kernel's, on Bun", findBun(), true, async (bun) => {
  await assertSameImage([bun]);
});

testWith("node:fs says what it does not tell", onPath("node"), true, (node) => {
  const home = mkdtempSync(join(stranger(), "refused-"));
  mkdirSync(join(home, "tree"));
  const program = MAKE.replace('xattrs: "none", ', "");
  writeFileSync(join(home, "make.js"), program);
  assertMatch(run([node], ["make.js"], { cwd: home }).stderr, /Cannot read extended attributes/);
  const deno = run([process.execPath], ["run", "-A", "make.js"], { cwd: home });
  assertMatch(deno.stderr, /changes names and times: expected composefs-ts\/linux/);
});

testWith("without FFI the kernel is refused in a line", onPath("node"), true, (node) => {
  const home = stranger();
  writeFileSync(
    join(home, "linux.js"),
    `import { openLinux } from "${LIBRARY}/linux";
await openLinux();
`,
  );
  const { code, stderr } = run([node], ["linux.js"], { cwd: home });
  assertEquals(code, 1);
  assertMatch(stderr, /TypeError: Cannot call the kernel: FFI of Deno or Bun expected/);
});

/** Examples that Deno does not run, because node:fs is not exact there. */
function nodeExamples(): string[] {
  const modules = ["mod.ts", "directory_tree.ts"].map((name) =>
    readFileSync(repositoryPath(`ffi/node/${name}`), "utf8")
  );
  return modules.flatMap((text) => [...text.matchAll(/^ \* ```ts ignore\n([^]*?)^ \* ```$/gm)])
    .map(([, example]) => example!.replace(/^ \* ?/gm, ""));
}

testWith("examples of what is for Node", onPath("node"), true, (node) => {
  const examples = nodeExamples();
  assertEquals(examples.length, 2);
  for (const [index, example] of examples.entries()) {
    writeFileSync(join(stranger(), `example-${index}.js`), example);
    textOutput([node], [`example-${index}.js`], { cwd: stranger() });
  }
});

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

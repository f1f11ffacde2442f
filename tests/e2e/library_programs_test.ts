/**
 * Programs of those who use the library: README's, as they stand, and what the entries for Linux and for Node do.
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
import { LIBRARY } from "../../scripts/library.ts";
import { output, run, textOutput } from "./process.ts";
import { onPath, stranger, testOnNode, testWith } from "./stranger.ts";

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

testWith("README's program on Deno", { path: process.execPath }, true, (deno) => {
  assertReads([deno, "run", "--quiet", "-A"], "linux");
});

testWith("README's program on Bun", findBun(), true, (bun) => {
  assertReads([bun], "linux");
  assertReads([bun], "node");
});

testOnNode("README's program", false, (node) => assertReads([node], "node"));

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
  // On a busy machine a thread may come when there is nothing left to do.
  for (let tries = 0; tries < 5 && !existsSync(join(home, "started")); tries++) {
    output(command, ["threads.js"], { cwd: home });
  }
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

testWith("images by node:fs are the kernel's, on Node", onPath("node"), true, async (node) => {
  await assertSameImage([node]);
});

testWith("images by node:fs are the kernel's, on Bun", findBun(), true, async (bun) => {
  await assertSameImage([bun]);
});

/** Decodes two members, and two frames where there is a decoder for them. */
const DECODE = `import zlib from "node:zlib";
import { decode } from "${LIBRARY}/node";
import { UnsupportedCompressionError } from "${LIBRARY}";
async function lengthOf(part, compression) {
  let length = 0;
  for await (const piece of decode([part, part], compression, { maxSize: 1e9 })) length += piece.length;
  return length;
}
const bytes = new Uint8Array(1e6).map((_, i) => i * i);
const zstd = zlib.zstdCompressSync?.(bytes) ?? new Uint8Array(1);
const refused = (error) => error instanceof UnsupportedCompressionError && "none";
console.log(await lengthOf(zlib.gzipSync(bytes), "gzip"), await lengthOf(zstd, "zstd").catch(refused));
`;

testOnNode("decoding", true, (node) => {
  writeFileSync(join(stranger(), "decode.js"), DECODE);
  const hasZstd = !textOutput([node], ["--version"]).startsWith("v20.");
  assertEquals(
    textOutput([node], ["decode.js"], { cwd: stranger() }),
    `2000000 ${hasZstd ? "2000000" : "none"}\n`,
  );
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

testWith(
  "by its name it hashes as Node does, by its pure module not",
  onPath("node"),
  true,
  (node) => {
    const inside = `./node_modules/${LIBRARY}`;
    for (
      const [name, expected] of [[LIBRARY, "true\n"], [`${inside}/mod.js`, "false\n"]] as const
    ) {
      const program = `import "${name}";
import { hasHashers } from "${inside}/lib/digest/sha2.js";
console.log(hasHashers());
`;
      writeFileSync(join(stranger(), "hashers.js"), program);
      assertEquals(textOutput([node], ["hashers.js"], { cwd: stranger() }), expected, name);
    }
  },
);

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

/**
 * `--cache`: what has changed is read again, whatever is done to hide it, and nothing else is.
 */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { moduleWorkspace, type Subject, testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Longer than a file must have been left alone for its digest to be kept. */
const QUIET_MILLISECONDS = 4500;

const WORKSPACE = moduleWorkspace();
const CONTENTS = "some contents of a file ".repeat(20);
const OTHER = CONTENTS.toUpperCase();

/** A tree for each form of the program, made at once so that the wait is for all of them. */
let made = 0;
function makeTree(): string {
  const name = `tree-${made++}`;
  const make = new TreeMaker(WORKSPACE);
  make.directory(name);
  for (const file of ["a", "b", "c", "d"]) make.file(`${name}/${file}`, `${file} ${CONTENTS}`);
  make.file(`${name}/small`, "inline");
  make.file(`${name}/large`, new Uint8Array(5 * 2 ** 20).fill(7));
  return `${WORKSPACE}/${name}`;
}

const TREES = Array.from({ length: 16 }, makeTree);
const READY = new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS));

let taken = 0;
async function quietTree(): Promise<string> {
  await READY;
  return TREES[taken++]!;
}

interface Digest {
  readonly digest: string;
  readonly stderr: string;
}

function digestOf(subject: Subject, tree: string, ...options: string[]): Digest {
  const args = [...options, "--print-digest-only", tree];
  const { code, stdout, stderr } = run(subject.tool("mkcomposefs"), args);
  assertEquals(code, 0, stderr);
  return { digest: new TextDecoder().decode(stdout).trim(), stderr };
}

/** What the image must be, found out without a cache. */
function assertTrue(subject: Subject, tree: string, cache: string): void {
  const { digest, stderr } = digestOf(subject, tree, `--cache=${cache}`);
  assertEquals(digest, digestOf(subject, tree).digest);
  assertEquals(stderr, "");
}

/** Files that a run opens for reading below the tree. */
function filesRead(subject: Subject, tree: string, cache: string): string[] {
  const trace = subject.path("trace");
  const command = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=openat,openat2"];
  const args = [...subject.tool("mkcomposefs"), `--cache=${cache}`, "--print-digest-only", tree];
  assertEquals(run(command, args).code, 0);
  return [
    ...readFileSync(trace, "utf8").matchAll(
      /"([a-z]+)", (?:O_RDONLY|\{flags=O_RDONLY)\|O_NONBLOCK/g,
    ),
  ]
    .map(([, name]) => name!).sort();
}

testEach(
  "cache: reads only what has changed",
  { tools: ["strace"], long: true },
  async (subject) => {
    const tree = await quietTree();
    const cache = subject.path("cache");
    assertEquals(filesRead(subject, tree, cache), ["a", "b", "c", "d", "large", "small"]);
    // Files that are kept in the image have no digest.
    assertEquals(filesRead(subject, tree, cache), ["small"]);
    writeFileSync(`${tree}/b`, OTHER);
    assertEquals(filesRead(subject, tree, cache), ["b", "small"]);
    // It was changed a moment ago, so its digest was not kept.
    assertEquals(filesRead(subject, tree, cache), ["b", "small"]);
  },
);

testEach("cache: cannot be fooled", {}, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  assertTrue(subject, tree, cache);
  const before = digestOf(subject, tree).digest;

  // Rewritten in place: the same size, and the modification time put back.
  const { atimeMs, mtimeMs } = statSync(`${tree}/a`);
  writeFileSync(`${tree}/a`, `a ${OTHER}`);
  utimesSync(`${tree}/a`, atimeMs / 1000, mtimeMs / 1000);
  assertEquals(statSync(`${tree}/a`).mtimeMs, mtimeMs);
  assertTrue(subject, tree, cache);
  assertNotEquals(digestOf(subject, tree).digest, before);

  // Again and again within the same tick of the clock.
  for (let i = 0; i < 20; i++) {
    writeFileSync(`${tree}/c`, `${i % 10} ${CONTENTS}`);
    utimesSync(`${tree}/c`, atimeMs / 1000, mtimeMs / 1000);
    if (i % 5 === 0) assertTrue(subject, tree, cache);
  }
  assertTrue(subject, tree, cache);

  // Another file in its place, with the same times.
  writeFileSync(`${tree}/new`, `d ${OTHER}`);
  const old = statSync(`${tree}/d`);
  utimesSync(`${tree}/new`, old.atimeMs / 1000, old.mtimeMs / 1000);
  renameSync(`${tree}/new`, `${tree}/d`);
  assertTrue(subject, tree, cache);

  // Changed through another name, and two files that take each other's.
  renameSync(`${tree}/a`, `${tree}/x`);
  renameSync(`${tree}/b`, `${tree}/a`);
  renameSync(`${tree}/x`, `${tree}/b`);
  assertTrue(subject, tree, cache);
  truncateSync(`${tree}/large`, 5 * 2 ** 20 - 1);
  assertTrue(subject, tree, cache);
});

testEach("cache: a store that lacks an object gets it", {}, async (subject) => {
  const tree = await quietTree();
  const cache = subject.path("cache");
  digestOf(subject, tree, `--cache=${cache}`);
  for (const store of ["one", "two"].map((name) => subject.path(name))) {
    textOutput(subject.tool("mkcomposefs"), [
      `--cache=${cache}`,
      `--digest-store=${store}`,
      tree,
      subject.path("image"),
    ]);
    textOutput(subject.tool("verify"), [`--basedir=${store}`, subject.path("image")]);
  }
});

testEach(
  "cache: a damaged one is replaced with a note, another file never",
  {},
  async (subject) => {
    const tree = await quietTree();
    const cache = subject.path("cache");
    const { digest } = digestOf(subject, tree, `--cache=${cache}`);
    const whole = readFileSync(cache);
    whole[whole.length >> 1]! ^= 1;
    for (const damaged of [whole, whole.subarray(0, 40), whole.subarray(0, whole.length - 1)]) {
      writeFileSync(cache, damaged);
      const run = digestOf(subject, tree, `--cache=${cache}`);
      assertEquals(run.digest, digest);
      assertStringIncludes(run.stderr, `note: Cannot use "${cache}" as a cache: `);
      assertEquals(digestOf(subject, tree, `--cache=${cache}`), { digest, stderr: "" });
    }
    const foreign = subject.path("letter");
    writeFileSync(foreign, "Dear reader");
    const refused = digestOf(subject, tree, `--cache=${foreign}`);
    assertEquals(refused.digest, digest);
    assertStringIncludes(refused.stderr, "another kind of file; going on without");
    assertEquals(readFileSync(foreign, "utf8"), "Dear reader");
    const lost = digestOf(subject, tree, `--cache=${subject.path("none/cache")}`);
    assertEquals(lost.digest, digest);
    assertStringIncludes(lost.stderr, "the cache is not kept");
    assert(!existsSync(subject.path("none")));
  },
);

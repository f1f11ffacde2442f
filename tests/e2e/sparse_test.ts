/**
 * Files with holes: what is a hole is neither read nor stored, wherever it goes.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  closeSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { fsVerityDigest, FsVerityHasher } from "../../lib/digest/fs_verity.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MARK = new TextEncoder().encode("xy");

/** A file that is nothing but a hole, one with bytes amid holes, and a small one. */
const FILES: Readonly<Record<string, { readonly size: number; readonly data: readonly number[] }>> =
  {
    hole: { size: 20 * GIB, data: [] },
    bytes: { size: 5 * GIB + 12_345, data: [2 * MIB - 1, 5_000_000_000] },
    small: { size: MIB, data: [500_000] },
  };

function makeTree(subject: Subject): string {
  const tree = subject.path("tree");
  mkdirSync(tree);
  for (const [name, { size, data }] of Object.entries(FILES)) {
    writeFileSync(`${tree}/${name}`, "");
    truncateSync(`${tree}/${name}`, size);
    const file = openSync(`${tree}/${name}`, "r+");
    for (const position of data) writeSync(file, MARK, 0, MARK.length, position);
    closeSync(file);
  }
  return tree;
}

/** What the digest of one must be, byte by byte but for the holes. */
function digestOf({ size, data }: { size: number; data: readonly number[] }): string {
  const hasher = new FsVerityHasher();
  for (const position of data) {
    hasher.updateZeros(position - hasher.size).update(MARK);
  }
  return hasher.updateZeros(size - hasher.size).digest().toHex();
}

function objectPath(store: string, digest: string): string {
  return `${store}/${digest.slice(0, 2)}/${digest.slice(2)}`;
}

testEach(
  "sparse: holes are neither read nor stored",
  { long: true, tools: ["strace"] },
  (subject) => {
    const tree = makeTree(subject);
    const [store, image] = [subject.path("store"), subject.path("image")];
    const trace = subject.path("trace");
    /** Runs a command, and makes sure that it reads and writes little. */
    const frugal = (command: readonly string[], args: readonly string[]) => {
      const calls = "trace=pread64,pwrite64,read,write";
      const tracer = ["strace", "-f", "-qq", "-o", trace, "-e", calls, "-e", "signal=none"];
      const { code, stdout, stderr } = run([...tracer, ...command], args, { timeout: 300_000 });
      assertEquals(code, 0, stderr);
      const lines = textOutput(["grep"], ["-E", "(pread64|pwrite64)\\(", trace]).split("\n");
      const bytes = lines.reduce((sum, line) => sum + Number(/= (\d+)$/.exec(line)?.[1] ?? 0), 0);
      assert(bytes < 64 * MIB, `${args.join(" ")} reads and writes ${bytes} bytes`);
      return new TextDecoder().decode(stdout);
    };
    const digests = Object.values(FILES).map(digestOf);
    const paths = Object.keys(FILES).map((name) => `${tree}/${name}`);
    assertEquals(
      frugal(subject.tool("digest"), paths),
      digests.map((each) => `${each}\n`).join(""),
    );
    frugal(subject.tool("mkcomposefs"), [`--digest-store=${store}`, tree, image]);
    frugal(subject.tool("mkcomposefs"), [
      `--digest-store=${store}`,
      "--verify-objects",
      tree,
      image,
    ]);
    for (const [index, path] of paths.entries()) {
      const object = statSync(objectPath(store, digests[index]!));
      assertEquals(object.size, statSync(path).size);
      assert(object.blocks <= statSync(path).blocks, `${path} takes ${object.blocks} blocks`);
    }
    frugal(subject.tool("verify"), [`--basedir=${store}`, image]);
    const extracted = subject.path("extracted");
    frugal(subject.tool("extract"), [`--basedir=${store}`, "--no-same-owner", image, extracted]);
    for (const name of Object.keys(FILES)) {
      assert(statSync(`${extracted}/${name}`).blocks <= statSync(`${tree}/${name}`).blocks, name);
    }
    assertEquals(
      frugal(subject.tool("digest"), paths.map((each) => each.replace(tree, extracted))),
      digests.map((each) => `${each}\n`).join(""),
    );
  },
);

testEach("sparse: a hole in the place of data is found", { long: true }, (subject) => {
  const tree = subject.path("tree");
  mkdirSync(tree);
  const contents = new Uint8Array(6 * MIB).fill(7);
  writeFileSync(`${tree}/file`, contents);
  const [store, image] = [subject.path("store"), subject.path("image")];
  output(subject.tool("mkcomposefs"), [`--digest-store=${store}`, tree, image]);
  const object = objectPath(store, fsVerityDigest(contents).toHex());
  for (
    const [offset, length] of [[0, 4096], [2 * MIB, 2 * MIB], [4 * MIB, 2 * MIB], [0, 6 * MIB]]
  ) {
    writeFileSync(object, contents);
    textOutput(["fallocate"], ["-p", "-o", `${offset}`, "-l", `${length}`, object]);
    const found = run(subject.tool("verify"), [`--basedir=${store}`, image]);
    assertEquals(found.code, 1);
    for (const command of [["cat", image, "/file"], ["extract", image, subject.path("out")]]) {
      const [verb, ...args] = command;
      const { code, stdout, stderr } = run(subject.tool(verb!), [`--basedir=${store}`, ...args]);
      assertEquals([code, stdout.length], [1, 0]);
      assertStringIncludes(stderr, "fs-verity digest");
    }
  }
});

testEach("sparse: a hole is printed as zeros", { once: true }, (subject) => {
  const tree = subject.path("tree");
  mkdirSync(tree);
  writeFileSync(`${tree}/file`, "begin");
  truncateSync(`${tree}/file`, 70 * MIB);
  const [store, image] = [subject.path("store"), subject.path("image")];
  output(subject.tool("mkcomposefs"), [`--digest-store=${store}`, tree, image]);
  const copy = subject.path("copy");
  const { code } = run(subject.tool("cat"), [`--basedir=${store}`, image, "/file"], {
    stdout: copy,
  });
  assertEquals(code, 0);
  output(["cmp"], [copy, `${tree}/file`]);
});

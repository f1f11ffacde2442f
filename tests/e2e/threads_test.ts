/**
 * The same results from any number of threads: images, stores, digests, findings, errors.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRandom } from "../../scripts/random.ts";
import { moduleWorkspace, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const WORKSPACE = moduleWorkspace();
const TREE = `${WORKSPACE}/tree`;

/** Bytes of a piece of a large file, and of a span of the Merkle tree. */
const PIECE = 2 ** 21;
const SPAN = 2 ** 19;

/** Enough to start threads: large files around the edges of pieces and spans, and many small ones. */
function makeTree(): void {
  const random = createRandom(20);
  const make = new TreeMaker(WORKSPACE);
  make.directory("tree");
  const sizes = [PIECE - 1, PIECE, PIECE + 1, PIECE + 4096, 2 * PIECE, 2 * PIECE + SPAN + 1];
  for (const size of [...sizes, 9 * PIECE + 12_345]) make.file(`tree/${size}`, random.bytes(size));
  make.sparse("tree/sparse", 5 * PIECE + 1);
  make.directory("tree/many");
  for (let i = 0; i < 1500; i++) make.file(`tree/many/${i}`, `${i} `.repeat(i % 90));
  make.directory("tree/same");
  for (let i = 0; i < 50; i++) make.file(`tree/same/${i}`, "the same contents ".repeat(300));
  make.hardLink("tree/link", "tree/many/7");
}

makeTree();

/** Paths of all files below a directory, in order. */
function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`).sort();
}

testEach(
  "threads: image and store are the same for every number of them",
  { long: true },
  (subject) => {
    const results = [1, 2, 5].map((threads) => {
      const store = subject.path(`store-${threads}`);
      const image = subject.path(`image-${threads}`);
      const args = [`--threads=${threads}`, `--digest-store=${store}`, TREE, image];
      output(subject.tool("mkcomposefs"), args);
      // Once more, with all objects there.
      output(subject.tool("mkcomposefs"), args);
      assertEquals(storeFaults(store), []);
      return { image: readFileSync(image), objects: listFiles(store) };
    });
    assertEquals(results[1], results[0]);
    assertEquals(results[2], results[0]);
    const digest = (...options: string[]) =>
      textOutput(subject.tool("mkcomposefs"), [...options, "--print-digest-only", TREE]);
    assertEquals(digest(), digest("--threads=1"));
  },
);

testEach("threads: the image is the C program's", { tools: ["mkcomposefs"] }, (subject) => {
  const ours = textOutput(subject.tool("mkcomposefs"), ["--print-digest-only", TREE]);
  assertEquals(ours, textOutput(["mkcomposefs"], ["--print-digest-only", TREE]));
});

testEach("threads: digests of many files come in their order", {}, (subject) => {
  const names = filesBelow(TREE);
  const lines = textOutput(subject.tool("fsverity"), ["digest", ...names]).trim().split("\n");
  assertEquals(lines.map((line) => line.replace(/^\S+ /, "")), names);
  for (const name of [names[0]!, names.at(-1)!, `${TREE}/${PIECE + 1}`]) {
    const alone = textOutput(subject.tool("fsverity"), ["digest", name]);
    assertEquals(lines[names.indexOf(name)] + "\n", alone);
  }
});

testEach("threads: every command that digests files takes --threads", {}, (subject) => {
  const { composefs, path } = subject;
  const make = new TreeMaker(subject.directory);
  make.directory("few");
  for (const size of [10, 100, 70_000, PIECE + 1]) make.file(`few/${size}`, "x".repeat(size));
  const [store, image, few] = [path("store"), path("image"), path("few")];
  output(subject.tool("mkcomposefs"), [`--digest-store=${store}`, few, image]);
  const stored = `--store=${store}`;
  const commands = [
    ["digest", `${few}/100`, few],
    ["fsverity", "digest", `${few}/100`, `${few}/70000`],
    ["verify", stored, image],
    ["verify", few],
    ...["ls", "dump", "objects"].map((command) => [command, few]),
    ["stat", few, "/100"],
    ["missing-objects", stored, few],
    ["cat", stored, image, `/${PIECE + 1}`],
    ["extract", "--dry-run", few, path("out")],
    ["create", "--print-digest-only", few],
  ];
  for (const command of commands) {
    const [one, three] = [1, 3].map((threads) =>
      textOutput(composefs, [...command, `--threads=${threads}`])
    );
    assertEquals(one, three, command.join(" "));
  }
  for (const command of [["verify", stored, image], ["create", few, image]]) {
    const none = run(composefs, [...command, "--threads=0"]);
    assertEquals(none.code, 2);
    assertStringIncludes(none.stderr, 'option "--threads=0": expected a whole number, 1 to ');
  }
});

testEach(
  "threads: other hashes and block sizes, too",
  { long: true, tools: ["fsverity"] },
  (subject) => {
    const files = [PIECE, PIECE + 1, 9 * PIECE + 12_345].map((size) => `${TREE}/${size}`);
    for (
      const options of [
        ["--hash-alg=sha512"],
        ["--block-size=1024"],
        ["--block-size=64"],
        ["--block-size=1048576"],
        ["--salt=abcd"],
        ["--hash-alg=sha512", "--block-size=128", "--salt=00"],
      ]
    ) {
      const args = ["digest", ...options, ...files];
      assertEquals(textOutput(subject.tool("fsverity"), args), textOutput(["fsverity"], args));
    }
  },
);

testEach(
  "threads: a file that cannot be read ends digests after those before it",
  {},
  (subject) => {
    const many = filesBelow(TREE).slice(0, 300);
    const args = ["digest", "--compact", ...many, subject.path("none"), ...many];
    const { code, stdout, stderr } = run(subject.tool("fsverity"), args);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      `Cannot open "${subject.path("none")}": No such file or directory`,
    );
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n").length, many.length);
  },
);

testEach(
  "threads: verify finds what is wrong among many, and only that",
  { long: true },
  (subject) => {
    const store = subject.path("store");
    const image = subject.path("image");
    output(subject.tool("mkcomposefs"), [`--digest-store=${store}`, TREE, image]);
    const verify = () => run(subject.tool("verify"), [`--basedir=${store}`, image]);
    assertEquals(verify().code, 0);
    const objects = filesBelow(store).map((path) => path.slice(store.length + 1));
    const bySize = objects.toSorted((a, b) =>
      readFileSync(`${store}/${b}`).length - readFileSync(`${store}/${a}`).length
    );
    const damaged = [bySize[0]!, bySize[1]!, bySize.at(-1)!, objects[500]!];
    for (const object of damaged) {
      const bytes = readFileSync(`${store}/${object}`);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(`${store}/${object}`, bytes);
    }
    const { code, stdout } = verify();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 1);
    for (const object of damaged) assertStringIncludes(text, `object ${object}: fs-verity digest`);
    const wrong = text.split("\n").filter((line) => line.includes(": object "));
    assertEquals(new Set(wrong.map((line) => /object (\S+):/.exec(line)![1])), new Set(damaged));
  },
);

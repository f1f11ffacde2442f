/** What `create` refuses before it begins, and what it tells in the end. */

import { assert, assertEquals } from "@std/assert";
import { chownSync, existsSync, symlinkSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { output, run } from "./process.ts";
import { listFiles } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const CONTENTS = "what goes into a store because it is longer than sixty-four bytes are, this file";

testEach("create: writes neither image nor objects into the tree it reads", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.file("tree/file", CONTENTS);
  symlinkSync("tree", subject.path("link"));
  const tree = subject.path("tree");
  const places: readonly (readonly string[])[] = [
    [tree, `${tree}/image`],
    [tree, `${subject.path("link")}/image`],
    [tree, `${tree}/new/../image`],
    [`--digest-store=${tree}`, tree, subject.path("image")],
    [`--digest-store=${tree}/new/store`, tree, subject.path("image")],
    [`--digest-store=${subject.path("link")}/store/`, tree, subject.path("image")],
  ];
  for (const args of places) {
    const { code, stderr } = run([...subject.composefs, "create"], args);
    assertEquals(code, 1);
    assert(stderr.startsWith(`composefs: Cannot make an image of "${tree}": the `), stderr);
    assert(stderr.endsWith(" lies in it\n"), stderr);
  }
  assertEquals(listFiles(tree).map((line) => line.split(" ")[0]), ["file"]);
  // As C does it: the image of an earlier run is in the next one.
  output(subject.tool("mkcomposefs"), [tree, `${tree}/image`]);
  output([...subject.composefs, "create"], [tree, "/dev/null"]);
});

testEach("create: options that contradict each other are errors", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  const dump = subject.path("dump");
  writeFileSync(dump, "/ 4096 40755 2 0 0 0 0.0 - - -\n");
  const [tree, image, store] = ["tree", "image", "store"].map((name) => subject.path(name));
  const cases: readonly (readonly string[])[] = [
    ["--min-version=1", "--max-version=0", tree!, image!],
    ["--from-file", `--digest-store=${store}`, dump, image!],
    ["--enable-verity", tree!, "-"],
    ["--enable-verity=try", "--print-digest-only", tree!],
    ["--enable-verity=perhaps", tree!, image!],
  ];
  for (const args of cases) {
    const { code, stderr } = run([...subject.composefs, "create"], args);
    assertEquals(code, 2, args.join(" "));
    assert(/^composefs: Cannot use [^\n]*: [^\n]*\n$/.test(stderr), stderr);
    // Options go by their present names, whichever was given.
    assert(!stderr.includes("--digest-store"), stderr);
    assertEquals(existsSync(image!) || existsSync(store!), false);
  }
  assertEquals(run(subject.tool("mkcomposefs"), cases[1]!).code, 0);
});

testEach("create: owners that a user namespace hides are told of", { root: true }, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.file("tree/mine", CONTENTS);
  make.file("tree/other", CONTENTS);
  chownSync(subject.path("tree/other"), 5, 5);
  const args = ["create", "--print-digest-only", subject.path("tree")];
  assertEquals(run(subject.composefs, args).stderr, "");
  const { code, stderr } = run(["unshare"], ["-Ur", ...subject.composefs, ...args]);
  assertEquals(code, 0, stderr);
  assert(stderr.startsWith("composefs: note: 1 files in "), stderr);
  assert(stderr.endsWith("in the image they belong to 65534\n"), stderr);
  // Whose they are does not matter where they get others.
  const others = run(["unshare"], ["-Ur", ...subject.composefs, ...args, "--owner=0:0"]);
  assertEquals([others.code, others.stderr], [0, ""]);
});

/**
 * Images of one tree in several format versions and by several digests.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { openImage } from "../../lib/composefs/open.ts";
import { Digest } from "../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { testEach } from "./each_program.ts";
import { run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

const GOLDEN = new URL("../golden/composefs-rs/", import.meta.url);

/** Files of every way of reading: kept in the image, read whole, cut into pieces. */
function makeTree(directory: string): void {
  const make = new TreeMaker(directory);
  make.directory("tree");
  for (const size of [0, 64, 65, 70_000, 5 * 2 ** 20 + 3]) {
    const contents = Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >> 9));
    writeFileSync(`${directory}/tree/${size}`, contents);
  }
}

testEach("wanted images: the ids of composefs-rs come out of its dumps", {}, (subject) => {
  const create = subject.tool("create");
  const ids = readFileSync(new URL("ids.tsv", GOLDEN), "utf8").trimEnd().split("\n");
  const names = new Set(ids.map((row) => row.split("\t")[0]!));
  for (const name of names) {
    const algorithm = name.endsWith(".sha512") ? "sha512" : "sha256";
    const expected = ids
      .map((row) => row.split("\t"))
      .filter((row) => row[0] === name)
      .map(([, version, id]) => `${version} ${algorithm}:${id}\n`);
    const dump = new URL(`${name}.dump`, GOLDEN).pathname;
    const options = ["--from-file", "--print-digest-only", "--format=0,1,2"];
    const printed = textOutput(create, [...options, `--hash=${algorithm}`, dump]);
    assertEquals(printed, expected.join(""), name);
  }
});

testEach("wanted images: one reading makes an image by each digest", {}, (subject) => {
  makeTree(subject.directory);
  const options = { cwd: subject.directory };
  const args = ["--hash=sha512,sha256", "--format=1,2", "--print-digest", "tree"];
  const lines = textOutput(subject.tool("create"), [...args, "{hash}-{format}.cfs"], options)
    .trimEnd().split("\n");
  assertEquals(lines.map((line) => line.slice(0, 10)), [
    "V1 sha256:",
    "V1 sha512:",
    "V2 sha256:",
    "V2 sha512:",
  ]);
  for (const line of lines) {
    const [version, text] = line.split(" ");
    const digest = Digest.parse(text!);
    const { algorithm } = digest;
    const name = `${algorithm}-${version!.slice(1)}.cfs`;
    const image = new Uint8Array(readFileSync(subject.path(name)));
    assert(fsVerityDigest(image, { algorithm }).equals(digest), name);
    assertEquals(openImage(image).version, Number(version!.slice(1)));
    // An image that is made alone has the same digest.
    const alone = [`--hash=${algorithm}`, `--format=${version!.slice(1)}`, "--print-digest-only"];
    const printed = textOutput(subject.tool("create"), [...alone, "tree"], options);
    assertEquals(printed, `${digest.toHex()}\n`);
  }
});

testEach("wanted images: SHA-512 works through the whole line", {}, (subject) => {
  makeTree(subject.directory);
  const options = { cwd: subject.directory };
  const print = (name: string, args: readonly string[]) => {
    const done = run(subject.tool(name), args, options);
    assertEquals(done.code, 0, done.stderr);
    return new TextDecoder().decode(done.stdout);
  };
  const digest = print("create", [
    "--hash=sha512",
    "--digest-store=objects",
    "--cache=cache",
    "--print-digest",
    "tree",
    "image",
  ]).trim();
  assertEquals(digest.length, 128);
  const objects = readdirSync(subject.path("objects"), { recursive: true })
    .map(String).filter((path) => path.includes("/"));
  assertEquals(objects.map((path) => path.length), [129, 129, 129]);
  const expected = [`--digest=${digest}`, "--basedir=objects"];
  assertStringIncludes(print("verify", [...expected, "image"]), "Nothing is wrong: 5 files, 3 ");
  assertEquals(
    run(subject.tool("verify"), ["--digest=" + digest.slice(64), "--image-only", "image"], options)
      .code,
    1,
  );
  for (const size of [64, 65, 70_000, 5 * 2 ** 20 + 3]) {
    const { stdout } = run(subject.tool("cat"), [...expected, "image", `/${size}`], options);
    assert(stdout.every((byte, i) => byte === (i * 7 + (i >> 9) & 0xff)) && stdout.length === size);
  }
  print("extract", [...expected, "image", "out"]);
  const again = ["--hash=sha512", "--print-digest-only"];
  assertEquals(print("create", [...again, "--cache=cache", "tree"]).trim(), digest);
  writeFileSync(subject.path("dump"), print("dump", ["image"]));
  assertEquals(print("create", [...again, "--from-file", "dump"]).trim(), digest);
  // One bit of an object is changed.
  const object = subject.path(`objects/${objects[0]}`);
  const contents = readFileSync(object);
  contents[contents.length - 1]! ^= 1;
  writeFileSync(object, contents);
  const found = run(subject.tool("verify"), [...expected, "image"], options);
  assertEquals(found.code, 1);
  assertStringIncludes(new TextDecoder().decode(found.stdout), "fs-verity digest ");
});

testEach("wanted images: contradictions are refused, and nothing is made", {}, (subject) => {
  makeTree(subject.directory);
  const refused: readonly (readonly [args: readonly string[], message: string])[] = [
    [["--format=1", "--min-version=1"], "Cannot use --format with --min-version"],
    [["--format=1", "--max-version=1"], "Cannot use --format with --max-version"],
    [["--format=3"], "expected 0 or 1 or 2"],
    [["--format=1,1"], "expected each once"],
    [["--format="], "expected 0 or 1 or 2"],
    [["--hash=md5"], "expected sha256 or sha512"],
    [["--format=0,1"], "expected {format} in it"],
    [["--hash=sha256,sha512"], "expected {hash} in it"],
    [["--hash=sha256,sha512", "--digest-store=objects"], "a store has objects of one kind"],
  ];
  for (const [args, message] of refused) {
    const done = run(subject.tool("create"), [...args, "tree", "image"], {
      cwd: subject.directory,
    });
    assertEquals(done.code, 2, args.join(" "));
    assertStringIncludes(done.stderr, message);
  }
  assert(!existsSync(subject.path("image")) && !existsSync(subject.path("objects")));
});

/**
 * Layers that are zstd:chunked, read by their tables of contents where `--trust-toc` says so.
 */

import { assert, assertEquals } from "@std/assert";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { utf8 } from "../../lib/bytes/text.ts";
import {
  type ChunkedBlob,
  chunkedBlob,
  type ChunkedParts,
  chunkTar,
  compress,
} from "../kit/chunked_layer.ts";
import { digestOf, MemoryLayout, OCI } from "../kit/oci_layout.ts";
import { type Subject, testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

const DIGEST_ONLY = ["create", "--print-digest-only"];
const TRUSTING = [...DIGEST_ONLY, "--trust-toc"];

/** A layer, and the archive that its diff_id names. */
interface Layer {
  readonly blob: ChunkedBlob;
  readonly tar: Uint8Array;
}

/** Puts an image of layers on the disk; gives its reference. */
function place(layers: readonly Layer[], directory: string): string {
  const layout = new MemoryLayout();
  const manifest = {
    schemaVersion: 2,
    config: layout.config(layers.map(({ tar }) => tar)),
    layers: layers.map(({ blob: { bytes, annotations } }) => ({
      ...layout.blob(`${OCI}.layer.v1.tar+zstd`, bytes),
      annotations,
    })),
  };
  layout.list(layout.blob(`${OCI}.manifest.v1+json`, manifest), "v1");
  rmSync(directory, { recursive: true, force: true });
  for (const [path, bytes] of layout.files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
  return `oci:${directory}:v1`;
}

function tarOf(directory: string, ...options: readonly string[]): Uint8Array {
  const ordered = ["--format=posix", "--sort=name", "--numeric-owner", ...options];
  return output(["tar"], ["-C", directory, ...ordered, "-cf", "-", "."]);
}

/** A tree with a file of several chunks, zeros amid them. */
function makeTree(directory: string): void {
  mkdirSync(directory);
  const make = new TreeMaker(directory);
  make.directory("usr");
  make.file("usr/empty", "");
  make.file("usr/small", "small\n");
  make.file("usr/large", "large ".repeat(20_000) + "\0".repeat(200_000) + "end");
  linkSync(join(directory, "usr/small"), join(directory, "usr/twin"));
  make.symlink("usr/soft", "small");
  for (const path of ["usr", ""]) make.time(path, 1_700_000_000, 0);
}

const CHUNKS = { chunkSize: 30_000 };

/** The layer of a tree. */
function layerOf(directory: string): Layer {
  const tar = tarOf(directory);
  return { tar, blob: chunkedBlob(chunkTar(tar, CHUNKS)) };
}

testEach("trusted tables: a layer has the digest of its archive", {}, ({ composefs, path }) => {
  makeTree(path("tree"));
  mkdirSync(path("upper"));
  const make = new TreeMaker(path("upper"));
  make.directory("usr");
  make.file("usr/.wh.small", "");
  make.file("usr/new", "new ".repeat(1000));
  for (const path of ["usr", ""]) make.time(path, 1_700_000_001, 500);
  const lower = layerOf(path("tree"));
  const upper = layerOf(path("upper"));
  const plain = { tar: upper.tar, blob: { bytes: compress(upper.tar), annotations: {} } };
  const chunked = place([lower, upper], path("layout"));
  const expected = textOutput(composefs, [...DIGEST_ONLY, chunked]);
  assertEquals(textOutput(composefs, [...TRUSTING, chunked]), expected);
  // A layer without a table is read as usual beside one that has one.
  const mixed = place([lower, plain], path("layout"));
  assertEquals(textOutput(composefs, [...TRUSTING, mixed]), expected);
  const archive = output(["tar"], ["-C", path("layout"), "-cf", "-", "."]);
  writeFileSync(path("layout.tar"), archive);
  assertEquals(textOutput(composefs, [...TRUSTING, `oci-archive:${path("layout.tar")}`]), expected);
});

testEach(
  "trusted tables: a blob that is not the archive of its diff_id is read by its table only",
  {},
  ({ composefs, path }) => {
    makeTree(path("tree"));
    writeFileSync(path("tree/usr/holes"), "begin");
    truncateSync(path("tree/usr/holes"), 500_000);
    new TreeMaker(path("tree")).time("usr", 1_700_000_000, 0);
    const tar = tarOf(path("tree"), "--sparse");
    // As by skopeo: what is behind the headers is expanded, the headers are not.
    const reference = place([{ tar, blob: chunkedBlob(chunkTar(tar, CHUNKS)) }], path("layout"));
    const { code, stderr, stdout } = run(composefs, [...DIGEST_ONLY, reference]);
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(/^composefs: Cannot read layer [^\n]* --trust-toc [^\n]*\n$/.test(stderr), stderr);
    assertEquals(
      textOutput(composefs, [...TRUSTING, reference]),
      textOutput(composefs, [...DIGEST_ONLY, "--hardlinks", path("tree")]),
    );
  },
);

testEach(
  "trusted tables: where only the diff_id is wrong, the table is enough",
  {},
  ({ composefs, path }) => {
    makeTree(path("tree"));
    const layer = layerOf(path("tree"));
    const reference = place([{ ...layer, tar: utf8("another archive") }], path("layout"));
    const { code, stderr } = run(composefs, [...DIGEST_ONLY, reference]);
    assertEquals(code, 1);
    assert(/: the archive in it has the digest [^\n]* --trust-toc [^\n]*\n$/.test(stderr), stderr);
    assertEquals(
      textOutput(composefs, [...TRUSTING, reference]),
      textOutput(composefs, [...DIGEST_ONLY, "--hardlinks", path("tree")]),
    );
  },
);

testEach("trusted tables: every command that reads images takes them", {}, (subject) => {
  const { composefs, path } = subject;
  makeTree(path("tree"));
  mkdirSync(path("tmp"));
  const layer = layerOf(path("tree"));
  // Read as an archive, none of them would succeed.
  const reference = place([{ ...layer, tar: utf8("another archive") }], path("layout"));
  const env = { TMPDIR: path("tmp") };
  const text = (...args: string[]) => textOutput(composefs, [...args, "--trust-toc"], { env });
  assertEquals(text("cat", reference, "/usr/small"), "small\n");
  assertEquals(text("ls", reference).split("\n").length, 7);
  assert(text("stat", reference, "/usr/large").includes("320003"));
  assert(text("dump", reference).includes("/usr/soft"));
  assert(text("verify", reference).startsWith("Nothing is wrong"));
  assertEquals(
    text("digest", reference).split(/\s/)[0],
    textOutput(composefs, [...TRUSTING, reference]).trim(),
  );
  text("extract", reference, path("out"));
  output(["diff"], ["-r", "--no-dereference", path("tree"), path("out")]);
  const made = ["create", "--trust-toc", `--store=${path("store")}`, reference, path("image")];
  assertEquals(run(composefs, made).code, 0);
  const verified = textOutput(composefs, ["verify", `--store=${path("store")}`, path("image")]);
  assert(verified.startsWith("Nothing is wrong"), verified);
  assertEquals(readdirSync(path("tmp")), []);
});

/** A digest of something else. */
const OTHER = digestOf(utf8("other"));

/** What is wrong with a layer, and what is said of it. */
const WRONG: readonly (readonly [string, (parts: ChunkedParts) => ChunkedBlob, RegExp])[] = [
  ["another table", (parts) => {
    const { bytes, annotations } = chunkedBlob(parts);
    return { bytes: bytes.with(-1, bytes.at(-1)! ^ 1), annotations };
  }, /Cannot use table of contents sha256:\w+: the digest of its bytes is sha256:\w+$/],
  ["a changed frame", (parts) => {
    const { offset, endOffset } = parts.entries.find(({ name }) => name === "./usr/small")!;
    const last = endOffset! - 1;
    assert(last > offset!);
    return chunkedBlob({ ...parts, frames: parts.frames.with(last, parts.frames[last]! ^ 1) });
  }, /Cannot read layer sha256:\w+: ".\/usr\/small"[:,] /],
  ["another size", (parts) =>
    chunkedBlob({
      ...parts,
      entries: parts.entries.map((entry) =>
        entry.name === "./usr/small" && entry.type === "reg" ? { ...entry, size: 7 } : entry
      ),
    }), /".\/usr\/small", in bytes \d+ to \d+ of its blob: 6 bytes, expected 7$/],
  ["another digest", (parts) =>
    chunkedBlob({
      ...parts,
      entries: parts.entries.map((entry) =>
        entry.name === "./usr/large" && entry.type === "reg" ? { ...entry, digest: OTHER } : entry
      ),
    }), /".\/usr\/large": the digest of its bytes is sha256:\w+, expected sha256:\w+$/],
  ["a lost name", (parts) =>
    chunkedBlob({
      ...parts,
      entries: parts.entries.map((entry) => ({
        ...entry,
        name: entry.name.replace("m", "\ufffd"),
      })),
    }), /Cannot use table of contents: [^\n]* has U\+FFFD in its name, /],
  ["an annotation that makes no sense", (parts) => {
    const { bytes, annotations } = chunkedBlob(parts);
    const prefix = "io.github.containers.zstd-chunked.manifest-";
    return { bytes, annotations: { ...annotations, [`${prefix}position`]: "1:2" } };
  }, /Cannot use layer sha256:\w+ as zstd:chunked: [\w.-]+ is "1:2", expected OFFSET:/],
];

for (const [name, make, message] of WRONG) {
  testEach(`trusted tables: ${name} is an error, and leaves no image`, {}, (subject: Subject) => {
    const { composefs, path } = subject;
    makeTree(path("tree"));
    const tar = tarOf(path("tree"));
    const reference = place([{ tar, blob: make(chunkTar(tar, CHUNKS)) }], path("layout"));
    const args = ["create", "--trust-toc", `--store=${path("store")}`, reference, path("image")];
    const { code, stderr, stdout } = run(composefs, args);
    assertEquals([code, stdout.length], [1, 0], stderr);
    assert(/^composefs: [^\n]*\n$/.test(stderr) && message.test(stderr.trimEnd()), stderr);
    assert(!existsSync(path("image")));
  });
}

testEach("trusted tables: --max-size bounds the files of a layer", {}, ({ composefs, path }) => {
  makeTree(path("tree"));
  const reference = place([layerOf(path("tree"))], path("layout"));
  const { code, stderr } = run(composefs, [...TRUSTING, "--max-size=100000", reference]);
  assertEquals(code, 1);
  assert(stderr.includes('"./usr/large" makes it 320003 bytes of files'), stderr);
  assertEquals(run(composefs, [...TRUSTING, "--max-size=320100", reference]).code, 0);
});

testEach(
  "trusted tables: a signal ends what reads nothing for long",
  { long: true, tools: ["timeout"] },
  ({ composefs, path }) => {
    // Zeros that take minutes to hash.
    const size = 2 ** 40;
    const zeros = { type: "reg", name: "zeros", size, digest: OTHER, chunkType: "zeros" };
    const blob = chunkedBlob({ frames: new Uint8Array(), entries: [zeros] });
    const reference = place([{ tar: utf8("another archive"), blob }], path("layout"));
    const interrupted = ["timeout", "--preserve-status", "-k", "30", "-s", "INT", "1"];
    const args = [...TRUSTING, `--max-size=${size}`, reference];
    assertEquals(run([...interrupted, ...composefs], args).code, 130);
  },
);

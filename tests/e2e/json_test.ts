import { assert, assertEquals } from "@std/assert";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { moduleWorkspace, testEach } from "./each_program.ts";
import { makeOddTree } from "./odd_tree.ts";
import { output, textOutput } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

interface Line {
  readonly path: string;
  readonly pathBase64?: string;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mtimeNsec: number;
  readonly nlink: number;
  readonly rdev?: number;
  readonly target?: string;
  readonly object?: string;
  readonly digest?: string;
  readonly hardLinkTo?: string;
  readonly line: string;
  readonly algorithm: string;
}

function parseLines(text: string): Line[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const WORKSPACE = moduleWorkspace();

/** The odd tree, made on first use. */
function oddTree(): string {
  const tree = `${WORKSPACE}/tree`;
  if (!existsSync(tree)) {
    mkdirSync(tree);
    makeOddTree(tree);
  }
  return tree;
}

testEach("json: create says digest, size and version", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("tree");
  make.file("tree/file", "contents");
  const image = subject.path("image");
  for (const version of [0, 1]) {
    const args = ["--json", `--min-version=${version}`, subject.path("tree"), image];
    const answer = JSON.parse(textOutput(subject.tool("mkcomposefs"), args));
    const digest = textOutput([...subject.composefs, "digest"], [image]).trimEnd();
    const { length } = readFileSync(image);
    assertEquals(answer, {
      digest,
      algorithm: "sha256",
      size: length,
      formatVersion: version,
    });
  }
});

testEach(
  "json: ls, dump, objects and missing-objects agree with their text",
  { long: true },
  (subject) => {
    const image = subject.path("image");
    output(subject.tool("mkcomposefs"), ["--hardlinks", oddTree(), image]);
    const text = (...args: string[]) => textOutput(subject.composefs, [...args, image]);

    const dump = parseLines(text("dump", "--json"));
    assertEquals(dump.map(({ line }) => line + "\n").join(""), text("dump"));
    for (const command of ["objects", "missing-objects"]) {
      const objects = parseLines(text(command, "--json")).map(({ object }) => object + "\n");
      assertEquals(objects.join(""), text(command));
    }
    const listed = parseLines(text("ls", "--json"));
    const plain = text("ls").trimEnd().split("\n");
    assertEquals(listed.length, plain.length);
    const byPath = new Map(listed.map((entry) => [entry.path, entry]));
    assertEquals(byPath.size, listed.length);
    const { size, mtime, mtimeNsec, object, digest } = byPath.get("/files/4097")!;
    assertEquals([size, mtime, mtimeNsec], [4097, 1_700_000_000, 123_456_789]);
    assertEquals(object, `${digest!.slice(0, 2)}/${digest!.slice(2)}`);
    assertEquals(byPath.get("/times/1")!.mtime, -2_000_000_000);
    assertEquals(byPath.get("/links/59")!.target, "t".repeat(59));
    assertEquals(byPath.get("/files/linked")!.hardLinkTo, "/files/another");
    assertEquals(byPath.get("/empty")!.mode, "1777");
    assertEquals(byPath.get("/special/fifo")!.type, "fifo");
    const odd = byPath.get("/names/\\xff\\xfe")!;
    assertEquals([...atob(odd.pathBase64!)].map((c) => c.charCodeAt(0)).slice(-2), [0xff, 0xfe]);
    assert(!("pathBase64" in byPath.get("/names/ä")!));
  },
);

testEach("json: digests name algorithm and file", {}, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.file("file", "hello");
  const file = subject.path("file");
  const digest = "555b589c26ee43b7a2510e6c67ced9fb3190b6da6e9e683984551f5d77a763de";
  for (const command of [["digest"], ["composefs-info", "measure-file"], ["fsverity", "digest"]]) {
    const answer = JSON.parse(textOutput([...subject.composefs, ...command], ["--json", file]));
    assertEquals(answer, { path: file, algorithm: "sha256", digest });
  }
});

/** Archives by the programs that others use are read as the trees that they were made of. */

import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { openKernel } from "../../ffi/sys/open.ts";
import { openSourceTree } from "../../ffi/tree/source_tree.ts";
import { concatBytes, latin1, utf8 } from "../../lib/bytes/text.ts";
import { memoryFile, readWhole } from "../../lib/file/file.ts";
import { type LayerMember, LayerMerger } from "../../lib/layers/merge.ts";
import type { TarMember } from "../../lib/tar/member.ts";
import { TarReader } from "../../lib/tar/read.ts";
import { writeTar } from "../../lib/tar/write.ts";
import { scanTree } from "../../lib/tree/scan.ts";
import type { Node, Stat, Tree } from "../../lib/tree/tree.ts";
import { walk } from "../../lib/tree/walk.ts";
import { createRandom } from "../../scripts/random.ts";
import { END, extended, file, header, nameOf, tell } from "../kit/tar_archive.ts";
import { type Needs, testEach } from "./each_program.ts";
import { acl, NO_ID } from "../kit/acl.ts";
import { IS_ROOT, makeOddTree } from "./odd_tree.ts";
import { run } from "./process.ts";
import { TreeMaker } from "./tree_maker.ts";

/** Reads a directory, contents as bytes; sockets left out, as archives cannot have them. */
async function scan(root: string): Promise<Tree<Uint8Array>> {
  using source = openSourceTree(await openKernel(), utf8(root));
  return scanTree(source, ({ name }, directory) => {
    using file = source.open(
      directory.length === 0 ? name : concatBytes(directory, utf8("/"), name),
    );
    return readWhole(file);
  }, { hardLinks: true });
}

/** Reads an archive in pieces of random sizes, checks that it can be put together again, and makes a tree of it. */
function readArchive(archive: Uint8Array): Tree<Uint8Array> {
  const random = createRandom(archive.length);
  const members: LayerMember<Uint8Array>[] = [];
  const hash = createHash("sha256");
  let file = new Uint8Array();
  let member: TarMember | undefined;
  const reader = new TarReader({
    member(begun) {
      member = begun;
      file = new Uint8Array(begun.size);
    },
    contents(bytes, position) {
      hash.update(bytes);
      file.set(bytes, position);
    },
    end() {
      members.push(member!.kind === "regular" ? { member: member!, file } : { member: member! });
    },
    literal: (bytes) => hash.update(bytes),
  });
  for (let at = 0; at < archive.length;) {
    const chunk = archive.slice(at, at + random.pick([1, 100, 512, 4096, 65536, 1 << 20]));
    reader.write(chunk);
    at += chunk.length;
  }
  reader.end();
  assertEquals(hash.digest("hex"), createHash("sha256").update(archive).digest("hex"));
  const merger = new LayerMerger<Uint8Array>("container");
  merger.apply(members, "the archive");
  return merger.finish();
}

/** What of a tree an archive does not say. */
interface Lost {
  readonly nanoseconds?: true;
  readonly xattrs?: true;
  readonly acls?: true;
  /** By path, what cannot be right. */
  readonly paths?: RegExp;
}

function statLine(stat: Stat, { nanoseconds, xattrs, acls }: Lost): string {
  const { mode, uid, gid, mtime, mtimeNsec } = stat;
  const attributes = stat.xattrs
    .map(({ name, value }) => `${latin1(name)}=${latin1(value)}`)
    .filter((line) => !xattrs && !(acls && line.startsWith("system.posix_acl")))
    .sort();
  const time = nanoseconds ? `${mtime}` : `${mtime}.${mtimeNsec}`;
  return [mode.toString(8), uid, gid, time, ...attributes].map((part) => JSON.stringify(part)).join(
    " ",
  );
}

function nodeLine(node: Node<Uint8Array>): string {
  switch (node.kind) {
    case "directory":
      return "";
    case "regular":
      return `${node.file.length} ${createHash("sha256").update(node.file).digest("hex")}`;
    case "symlink":
      return JSON.stringify(latin1(node.target));
    default:
      return `${node.rdev}`;
  }
}

/** A line for each name of a tree. */
function lines(tree: Tree<Uint8Array>, lost: Lost): string[] {
  const first = new Map<number, string>();
  const found: string[] = [];
  for (const { path, node, leaf } of walk(tree)) {
    const name = latin1(path);
    if (node.kind === "socket" || lost.paths?.test(name)) continue;
    if (leaf >= 0 && !first.has(leaf)) first.set(leaf, name);
    const link = leaf < 0 ? name : first.get(leaf)!;
    found.push(
      [
        JSON.stringify(name),
        JSON.stringify(link),
        node.kind,
        statLine(node.stat, lost),
        nodeLine(node),
      ].join(" "),
    );
  }
  return found;
}

/** What every format has room for. */
function makeOldTree(root: string): void {
  const make = new TreeMaker(root);
  const random = createRandom(7);
  make.directory("dir", 0o1777);
  for (const size of [0, 1, 511, 512, 513, 70_000]) {
    make.file(`dir/${size}`, random.bytes(size), 0o4750);
  }
  make.file("dir/" + "n".repeat(80), "long");
  make.hardLink("dir/another", "dir/513");
  make.symlink("dir/link", "\xff\n target");
  make.file("odd\xff\n name", "odd");
  if (IS_ROOT) make.chown("dir/1", 1000, 100);
  make.timeAll(1_700_000_000, 0);
}

/** What every format since POSIX has room for. */
function makePlainTree(root: string): void {
  makeOldTree(root);
  const make = new TreeMaker(root);
  make.node("fifo", 0o010640);
  if (IS_ROOT) {
    make.node("null", 0o020666, (1 << 8) | 3);
    make.node("sda1", 0o060660, (8 << 8) | 1);
  }
  make.timeAll(1_700_000_000, 0);
}

/** An owner that no machine has a name for: GNU tar writes it where there is one, whatever it is told. */
const NOBODY_HERE = 1_123_456_789;

function makeAclTree(root: string): void {
  const make = new TreeMaker(root);
  const access = acl(
    [1, 6, NO_ID],
    [2, 4, NOBODY_HERE],
    [4, 4, NO_ID],
    [8, 2, NOBODY_HERE],
    [16, 6, NO_ID],
    [32, 4, NO_ID],
  );
  for (const name of ["a", "b", "c", "d"]) {
    make.directory(name);
    make.xattr(name, "system.posix_acl_default", latin1(access));
    make.file(`${name}/file`, name);
    make.xattr(`${name}/file`, "system.posix_acl_access", latin1(access));
  }
  make.timeAll(1_700_000_000, 1);
}

/** Files with holes: at the start, at the end, nothing but one, and very many. */
function makeSparseTree(root: string): void {
  const make = new TreeMaker(root);
  make.sparse("hole", 1 << 20);
  const block = 1 << 16;
  const files: [name: string, size: number, data: readonly number[]][] = [
    ["start", 20 * block, [0]],
    ["end", 20 * block + 1, [20 * block]],
    ["middle", 30 * block, [7 * block]],
    ["many", 200 * block, Array.from({ length: 100 }, (_, i) => 2 * i * block)],
  ];
  for (const [name, size, data] of files) {
    make.sparse(name, size);
    for (const position of data) {
      writeAt(`${root}/${name}`, `data at ${position}`.slice(0, size - position), position);
    }
  }
  make.timeAll(1_700_000_000, 5);
}

function writeAt(path: string, text: string, position: number): void {
  const file = openSync(path, "r+");
  writeSync(file, text, position);
  closeSync(file);
}

type Make = (root: string) => void;

/** Declares a test: the command gets the names of the archive and of the tree after its arguments. */
function testProgram(
  name: string,
  needs: Needs,
  make: Make,
  commands: readonly (readonly string[])[],
  lost: Lost = {},
): void {
  testEach(`read tar: ${name}`, { once: true, ...needs }, async ({ path }) => {
    mkdirSync(path("tree"));
    make(path("tree"));
    const expected = lines(await scan(path("tree")), lost);
    assert(expected.length > 5);
    for (const command of commands) {
      const place = command.map((word) =>
        word === "FILE" ? path("archive") : word === "TREE" ? path("tree") : word
      );
      const { code, stderr } = run(place.slice(0, 1), place.slice(1));
      assertEquals(code, 0, stderr);
      assertEquals(
        lines(readArchive(readFileSync(path("archive"))), lost),
        expected,
        command.join(" "),
      );
    }
  });
}

const GNU = ["tar", "--numeric-owner", "-C", "TREE", "-cf", "FILE"];
const ATTRIBUTES = ["--xattrs", "--xattrs-include=*"];

testProgram("GNU tar, everything in its pax format", { tools: ["tar"] }, makeOddTree, [
  [...GNU, "--format=posix", ...ATTRIBUTES, "."],
  [...GNU, "--format=posix", ...ATTRIBUTES, "--sparse", "."],
], { acls: true });

testProgram("GNU tar, ACLs of owners without names", { tools: ["tar"] }, makeAclTree, [
  [...GNU, "--format=posix", "--acls", "."],
]);

testProgram("GNU tar, everything in its own format", { tools: ["tar"] }, makeOddTree, [
  [...GNU, "--format=gnu", "."],
  [...GNU, "--format=oldgnu", "--sparse", "."],
], { nanoseconds: true, xattrs: true });

testProgram("GNU tar, the format of v7", { tools: ["tar"] }, makeOldTree, [
  [...GNU, "--format=v7", "."],
]);

testProgram("GNU tar, every format", { tools: ["tar"] }, makePlainTree, [
  ...["ustar", "oldgnu", "gnu", "posix"].map((format) => [...GNU, `--format=${format}`, "."]),
]);

testProgram("GNU tar, every format of sparse files", { tools: ["tar"] }, makeSparseTree, [
  ...["0.0", "0.1", "1.0"].map((version) => [
    ...GNU,
    "--format=posix",
    "--sparse",
    `--sparse-version=${version}`,
    ".",
  ]),
]);

testProgram("GNU tar, sparse files in its own format", { tools: ["tar"] }, makeSparseTree, [
  [...GNU, "--format=gnu", "--sparse", "."],
], { nanoseconds: true });

const BSD = ["bsdtar", "--numeric-owner", "-C", "TREE", "-cf", "FILE"];

testProgram("bsdtar, everything in its pax format", { tools: ["bsdtar"] }, makeOddTree, [
  [...BSD, "--format=pax", "--xattrs", "--acls", "."],
  // It writes fractions before the epoch as if they were counted from the second before.
], { paths: /^\/times\/[01]$/ });

testProgram("bsdtar, ACLs", { tools: ["bsdtar"] }, makeAclTree, [
  [...BSD, "--format=pax", "--acls", "."],
  [...BSD, "--format=pax", "--acls", "--xattrs", "."],
]);

testProgram("bsdtar, the format of v7", { tools: ["bsdtar"] }, makeOldTree, [
  [...BSD, "--format=v7", "."],
]);

testProgram("bsdtar, every format", { tools: ["bsdtar"] }, makePlainTree, [
  ...["ustar", "gnutar", "pax"].map((format) => [...BSD, `--format=${format}`, "."]),
]);

testProgram("bsdtar, sparse files", { tools: ["bsdtar"] }, makeSparseTree, [
  [...BSD, "--format=pax", "--read-sparse", "."],
]);

const PYTHON = `
import sys, tarfile
file, tree, form = sys.argv[1:]
with tarfile.open(file, "w", format=getattr(tarfile, form), errors="surrogateescape") as archive:
    archive.add(tree, ".", filter=lambda member: None if "/times/" in member.name else member)
`;

testProgram("Python, every format", { tools: ["python3"] }, makePlainTree, [
  ...["USTAR", "GNU", "PAX"].map((
    format,
  ) => ["python3", "-c", PYTHON, "FILE", "TREE", `${format}_FORMAT`]),
]);

testProgram("Python, everything", { tools: ["python3"] }, makeOddTree, [
  ...["GNU", "PAX"].map((format) => ["python3", "-c", PYTHON, "FILE", "TREE", `${format}_FORMAT`]),
  // It has times as floating-point numbers only, and those close to 0 it writes with an exponent.
], { nanoseconds: true, xattrs: true, paths: /^\/times\// });

testEach("read tar: what is written here", { once: true }, async ({ path }) => {
  mkdirSync(path("tree"));
  makeOddTree(path("tree"));
  const tree = await scan(path("tree"));
  const contents = tree.leaves.map((leaf) => leaf.kind === "regular" ? leaf.file : undefined);
  const leaves = tree.leaves.map((leaf, i) =>
    leaf.kind === "regular"
      ? { ...leaf, file: { kind: "inline", bytes: contents[i]! } as const }
      : leaf
  );
  const archive = writeTar({ ...tree, leaves }, {
    open: ({ file }) => memoryFile(file.kind === "inline" ? file.bytes : new Uint8Array()),
  });
  const pieces = Array.from(archive, (piece) => piece.slice());
  assertEquals(lines(readArchive(concatBytes(...pieces)), {}), lines(tree, {}));
});

/** Archives that no program writes any more, or that end early, as GNU tar reads them. */
const ODD_ARCHIVES: Readonly<Record<string, readonly Uint8Array[]>> = {
  "no end": [file({}, "x")],
  "half an end": [file({}, "x"), END.subarray(512)],
  "more behind the end": [file({}, "x"), END, file({}, "y")],
  "a name in records and apart": [
    extended([["path", "records"]]),
    file({ name: "././@LongLink", type: "L", magic: "ustar  \0" }, "apart\0"),
    file({}, "x"),
    END,
  ],
  "a name for all, and apart": [
    extended([["path", "all"]], "g"),
    file({ name: "././@LongLink", type: "L", magic: "ustar  \0" }, "apart\0"),
    file({}, "x"),
    END,
  ],
  "hard links with contents": [
    extended([["size", "3"]]),
    file({ type: "1", linkName: "file" }, "abc"),
    file({ name: "next" }, "x"),
    END,
  ],
  "hard links with a size": [
    header({ type: "1", linkName: "file", size: 3 }),
    file({ name: "next" }, "x"),
    END,
  ],
  "directories with a size": [header({ type: "5", size: 3 }), file({ name: "next" }, "x"), END],
  "a list of a directory": [
    file({ name: "d", type: "D", magic: "ustar  \0" }, "Yfile\0\0"),
    file({ name: "next" }, "x"),
    END,
  ],
  "records as Solaris had them": [file({ type: "X" }, "13 path=name\n"), file({}, "x"), END],
};

testEach(
  "read tar: what is odd is read as by GNU tar",
  { once: true, tools: ["tar"] },
  ({ path }) => {
    for (const [what, parts] of Object.entries(ODD_ARCHIVES)) {
      const archive = concatBytes(...parts);
      writeFileSync(path("archive"), archive);
      const { code, stdout, stderr } = run(["tar"], ["-tf", path("archive")]);
      assertEquals(code, 0, `${what}: ${stderr}`);
      const names = latin1(stdout).trimEnd().split("\n").map((name) => name.replace(/\/$/, ""));
      assertEquals(tell([archive]).members.map(nameOf), names, what);
    }
  },
);

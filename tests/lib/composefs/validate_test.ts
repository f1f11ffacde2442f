import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { randomDump } from "../../kit/random_dump.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import type { Content, Directory, Entry, Leaf, Stat, Tree } from "../../../lib/tree/tree.ts";
import { validateTree } from "../../../lib/composefs/_validate.ts";
import {
  directory,
  external,
  hardLink,
  inline,
  listing,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

function refuse(tree: Tree<Content>, message: string): void {
  assertThrows(() => validateTree(tree), TreeError, message);
}

/** Refuses a node that stands at `/d/n`. */
function refuseNode(node: Leaf<Content>, message: string): void {
  refuse(directory({ d: directory({ n: node }) }), `Cannot make an image of "/d/n": ${message}`);
}

const refuseStat = (given: Partial<Stat>, message: string) => {
  refuseNode(inline("", given), message);
  refuse(directory({}, given), `Cannot make an image of "/": ${message}`);
};

/** A directory of these names in this order, as bytes. */
function names(...list: Uint8Array[]): Tree<Content> {
  return listing(...list.map((name) => [name, inline("")] as const));
}

Deno.test("a tree of everything passes", () => {
  const file = inline("x".repeat(5000), { nlink: 2 ** 32 - 1 });
  validateTree(directory({
    a: hardLink(file),
    b: file,
    c: external(2 ** 53, "p".repeat(4095), new Uint8Array(32)),
    d: directory({ a: symlink("t".repeat(4095)), b: special("fifo") }),
    e: special("block", 2 ** 32 - 1),
    f: inline("", { mtime: -(2n ** 63n), mtimeNsec: 2 ** 32 - 1, mode: 0o7777 }),
  }));
});

Deno.test("names ascend within each directory", () => {
  validateTree(directory({ a: directory({ z: inline("") }), b: directory({ a: inline("") }) }));
  refuse(names(utf8("b"), utf8("a")), 'of "/a": entries are not in ascending byte order');
  refuse(names(utf8("a"), utf8("a")), "not in ascending byte order");
  refuse(names(utf8("\u{1f600}"), utf8("\u{ff5e}")), "not in ascending byte order");
  refuse(
    directory({ b: directory({ z: inline("") }), a: inline("") }),
    'of "/a": entries are not in ascending byte order',
  );
});

Deno.test("names that no directory has are refused", () => {
  for (const name of ["", ".", "..", "a/b", "a\0b", "n".repeat(256)]) {
    refuse(names(utf8(name)), "Cannot make an image of");
  }
  validateTree(names(Uint8Array.of(0xff, 0xfe), new Uint8Array(255).fill(0xff)));
});

Deno.test("a directory that holds itself is refused, not followed", () => {
  const entries: Entry[] = [];
  const root: Directory = { ...directory().root, entries };
  entries.push({ name: utf8("self"), node: root });
  refuse({ root, leaves: [] }, '"/self": the same directory stands at another place of the tree');
});

Deno.test("a directory that holds its parent is refused", () => {
  const entries: Entry[] = [];
  const outer: Directory = { ...directory().root, entries };
  const inner = { ...directory().root, entries: [{ name: utf8("outer"), node: outer }] };
  entries.push({ name: utf8("inner"), node: inner });
  const root = { ...directory().root, entries: [{ name: utf8("top"), node: outer }] };
  refuse({ root, leaves: [] }, '"/top/inner/outer": the same directory');
});

Deno.test("a directory has one name, a file any number but none", () => {
  const file = inline("");
  validateTree(directory({ a: file, b: file, c: hardLink(file) }));
  const shared = directory().root;
  const entries = ["a", "b"].map((name) => ({ name: utf8(name), node: shared }));
  refuse({ root: { ...directory().root, entries }, leaves: [] }, '"/b": the same directory');
  refuse({ root: directory().root, leaves: [file] }, '"/": no name leads to file 0 of 1');
});

Deno.test("a number is that of a leaf", () => {
  for (const node of [1, -1, 0.5, NaN]) {
    const entries = [{ name: utf8("a"), node }];
    const tree = { root: { ...directory().root, entries }, leaves: [inline("")] };
    assertThrows(() => validateTree(tree), TreeError, `"/a": file ${node} of 1`);
  }
});

Deno.test("a home is one of the file's names", () => {
  const { root, leaves } = directory({ a: inline(""), b: inline("") });
  const home = (leaf: number, directory: Directory, name: string) => {
    const homes = new Map([[leaf, { directory, name: utf8(name) }]]);
    return { root, leaves, form: { homes } };
  };
  validateTree(home(1, root, "b"));
  refuse(home(1, root, "a"), '"a": it is no name of file 1 of 2, and cannot be its home');
  refuse(home(1, root, "c"), '"c": it is no name of file 1');
  refuse(home(0, { ...root }, "a"), '"a": it is no name of file 0');
});

Deno.test("contents", () => {
  refuseNode(inline("x".repeat(5001)), "inline content size 5001 exceeds maximum 5000");
  for (const size of [0, -1, 0.5, NaN, Infinity, 2 ** 53 + 2]) {
    refuseNode(external(size), `size ${size}, expected 1 to`);
  }
  refuseNode(external(9, "p".repeat(4096)), "invalid payload");
  refuseNode(external(9, "a\0"), "invalid payload");
});

Deno.test("symlinks and devices", () => {
  refuseNode(symlink(""), "invalid symlink");
  refuseNode(symlink("t".repeat(4096)), "invalid symlink");
  refuseNode(symlink("a\0"), "invalid symlink");
  for (const rdev of [-1, 2 ** 32, 0.5, NaN]) {
    refuseNode(special("block", rdev), `device number ${rdev}`);
  }
});

Deno.test("metadata of files and directories", () => {
  refuseStat({ mode: 0o100644 }, "mode 0100644, expected permissions");
  refuseStat({ mode: 0o10000 }, "mode 010000");
  refuseStat({ uid: -1 }, "uid -1");
  refuseStat({ uid: 2 ** 32 }, "uid 4294967296");
  refuseStat({ gid: 0.5 }, "gid 0.5");
  refuseStat({ nlink: NaN }, "link count NaN");
  refuseStat({ mtimeNsec: 2 ** 32 }, "nanoseconds 4294967296");
});

Deno.test("a time is a number where that is exact, a bigint of 64 bits where not", () => {
  for (const mtime of [2 ** 53, 0.5, NaN, -Infinity, 5n, 0n, 2n ** 53n - 1n, 2n ** 63n]) {
    refuseStat({ mtime }, `mtime ${mtime}`);
  }
  for (const mtime of [2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, 2n ** 63n - 1n, -(2n ** 53n)]) {
    validateTree(directory({}, { mtime }));
  }
});

Deno.test("xattrs", () => {
  refuseStat({ xattrs: [xattr("")] }, "empty xattr name");
  refuseStat({ xattrs: [xattr("n".repeat(256))] }, "xattr name of 256 bytes");
  refuseStat({ xattrs: [xattr("user.a\0")] }, 'xattr "user.a\\x00" twice, or with a NUL');
  refuseStat(
    { xattrs: [xattr("user.a"), xattr("user.b"), xattr("user.a", "2")] },
    'xattr "user.a" twice',
  );
  const value = new Uint8Array(16_366);
  const three = ["a", "b", "c"].map((name) => xattr(name, value));
  refuseStat({ xattrs: three }, "xattrs take more than 32767 bytes");
  validateTree(directory({}, { xattrs: three.slice(0, 2) }));
});

Deno.test("100,000 levels need no stack", () => {
  let tree = directory();
  for (let level = 0; level < 100_000; level++) tree = directory({ d: tree });
  validateTree(tree);
});

Deno.test("what the parser of dump files lets through can be made into an image", () => {
  for (const seed of seeds(0, 200)) {
    const { dump } = randomDump(seed);
    let tree: Tree<Content>;
    try {
      tree = parseDumpfile([dump]);
    } catch (error) {
      if (!(error instanceof DumpfileSyntaxError)) throw error;
      continue;
    }
    validateTree(tree);
  }
});

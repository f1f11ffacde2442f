import { CONTENT_INODES } from "../../../lib/composefs/_file_inodes.ts";
import { assertEquals } from "@std/assert";
import { latin1 } from "../../../lib/bytes/text.ts";
import { overlayInodes } from "../../../lib/composefs/_overlay.ts";
import type { Inode } from "../../../lib/erofs/inode.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import {
  directory,
  extended,
  external,
  hardLink,
  inline,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const HEX_NAMES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The inodes of a tree and their names, the root's empty. */
function inodesOf(tree: Tree<Content>, version: 0 | 1 = 0): Map<string, Inode> {
  const inodes = overlayInodes(tree, CONTENT_INODES, version);
  const paths: string[] = [""];
  for (const [number, inode] of inodes.entries()) {
    if (inode.data.kind !== "entries") continue;
    for (const [name, child] of entriesOf(inode)) paths[child] ??= `${paths[number]}/${name}`;
  }
  return new Map(inodes.map((inode, number) => [paths[number]!, inode]));
}

/** An inode's xattrs as text. */
const xattrsOf = (inode: Inode | undefined) =>
  inode!.xattrs.map(({ name, head, rest }) =>
    `${latin1(name.bytes)}=${latin1(head)}${latin1(rest)}`
  );

/** What an inode's data is, without the metadata and digests that come with it. */
function dataOf(inode: Inode | undefined): unknown {
  const { data } = inode!;
  const { kind } = data;
  if (kind === "entries" || kind === "inline" || kind === "symlink") return data;
  if (kind === "external") return { kind, size: data.size };
  return { kind, rdev: data.rdev };
}

/** A directory's names and the inodes they lead to. */
function entriesOf(inode: Inode | undefined): [string, number][] {
  if (inode?.data.kind !== "entries") throw new TypeError("No directory");
  const { names, inodes } = inode.data;
  return names.map((name, i) => [latin1(name), inodes[i]!]);
}

Deno.test("inodes are breadth first, each directory's in byte order", () => {
  const tree = directory({
    a: directory({ d: directory({ f: inline("") }), e: inline("") }),
    b: inline(""),
    c: directory({ g: inline("") }),
  });
  const paths = [...inodesOf(tree).keys()].filter((path) => !/^\/[0-9a-f]{2}$/.test(path));
  assertEquals(paths, ["", "/a", "/b", "/c", "/a/d", "/a/e", "/c/g", "/a/d/f"]);
});

Deno.test("the root hides 256 names, in byte order among its own", () => {
  const inodes = overlayInodes(directory({ "!": inline(""), "7z": inline("") }), CONTENT_INODES, 0);
  assertEquals(inodes.length, 1 + 2 + 256);
  const names = entriesOf(inodes[0]).map(([name]) => name);
  assertEquals(names, [...HEX_NAMES, "!", "7z", ".", ".."].sort());
});

Deno.test("a name of the root's own is not hidden, whatever it is", () => {
  const file = inline("x");
  const tree = directory({ "00": directory(), "0a": file, "0b": hardLink(file), "FF": inline("") });
  const inodes = inodesOf(tree);
  assertEquals(inodes.get("/00")!.kind, "directory");
  assertEquals(inodes.get("/0a")!.kind, "regular");
  assertEquals(inodes.get("/ff")!.kind, "character");
  assertEquals(inodes.size, 1 + 3 + 253);
});

Deno.test("the root's whiteouts have its owner, time and label, and nothing else of it", () => {
  const given = {
    mode: 0o700,
    uid: 1,
    gid: 2,
    nlink: 9,
    mtime: 3,
    mtimeNsec: 4,
    xattrs: [xattr("user.a"), xattr("security.selinux", "l")],
  };
  const whiteout = inodesOf(directory({}, given)).get("/00")!;
  const xattrs = given.xattrs.slice(1);
  assertEquals([whiteout.kind, whiteout.nlink], ["character", 1]);
  assertEquals(whiteout.stat, { ...given, mode: 0o644, nlink: 1, xattrs });
  assertEquals(xattrsOf(whiteout), ["security.selinux=l"]);
  assertEquals(dataOf(whiteout), { kind: "character", rdev: 0 });
});

Deno.test("the root is opaque; a source's own mark is escaped", () => {
  const tree = directory({}, { xattrs: [xattr("trusted.overlay.opaque", "x")] });
  assertEquals(xattrsOf(inodesOf(tree).get("")), [
    "trusted.overlay.opaque=y",
    "trusted.overlay.overlay.opaque=x",
  ]);
});

Deno.test(". and .. lead to the directory and its parent, sorted like any name", () => {
  const tree = directory({
    d: directory({ "!": inline(""), "..a": inline(""), ".a": inline("") }),
  });
  const inodes = overlayInodes(tree, CONTENT_INODES, 0);
  const d = inodes.findIndex((inode, i) => i > 0 && inode.kind === "directory");
  const entries = entriesOf(inodes[d]);
  assertEquals(entries.map(([name]) => name), ["!", ".", "..", "..a", ".a"]);
  assertEquals(entries.slice(1, 3).map(([, inode]) => inode), [d, 0]);
  const root = new Map(entriesOf(inodes[0]));
  assertEquals([root.get("."), root.get("..")], [0, 0]);
});

Deno.test("a directory's link count is computed, a file's is kept", () => {
  const tree = directory(
    { d: directory({ e: directory({}, { nlink: 9 }), f: inline("", { nlink: 7 }) }) },
    { nlink: 5 },
  );
  const nlinks = [...inodesOf(tree)].filter(([path]) => !/^\/[0-9a-f]{2}$/.test(path))
    .map(([, inode]) => inode.nlink);
  assertEquals(nlinks, [3, 3, 2, 7]);
});

Deno.test("hard links lead to the inode where the file stands, wherever they stand", () => {
  const file = inline("x", { nlink: 7 });
  const tree = directory({ a: hardLink(file), d: directory({ a: file, b: hardLink(file) }) });
  const inodes = overlayInodes(tree, CONTENT_INODES, 0);
  const number = inodes.findIndex(({ nlink }) => nlink === 7);
  const d = inodes.find((inode, i) => i > 0 && inode.kind === "directory");
  assertEquals(number, inodes.length - 1);
  assertEquals(entriesOf(inodes[0]).find(([name]) => name === "a"), ["a", number]);
  assertEquals(entriesOf(d).slice(2), [["a", number], ["b", number]]);
});

Deno.test("an external file says where its contents are and what they hash to", () => {
  const digest = new Uint8Array(32).fill(0x41);
  const inodes = inodesOf(directory({
    both: external(9, "ab/cd", digest),
    none: external(9),
    path: external(9, "/x"),
  }));
  assertEquals(xattrsOf(inodes.get("/both")), [
    "trusted.overlay.metacopy=\0$\0\x01" + "A".repeat(32),
    "trusted.overlay.redirect=/ab/cd",
  ]);
  assertEquals(xattrsOf(inodes.get("/none")), ["trusted.overlay.metacopy="]);
  assertEquals(xattrsOf(inodes.get("/path")), [
    "trusted.overlay.metacopy=",
    "trusted.overlay.redirect=//x",
  ]);
  assertEquals(dataOf(inodes.get("/none")), { kind: "external", size: 9 });
});

Deno.test("files in the image have no marks, even empty", () => {
  const inodes = inodesOf(directory({ e: inline(""), i: inline("hi"), l: symlink("t") }));
  for (const path of ["/e", "/i", "/l"]) assertEquals(xattrsOf(inodes.get(path)), []);
});

Deno.test("a source's marks are escaped before ours are added", () => {
  const xattrs = [xattr("trusted.overlay.redirect", "r"), xattr("trusted.overlay.metacopy", "m")];
  const inodes = inodesOf(directory({ f: external(9, "p", undefined, { xattrs }) }));
  assertEquals(xattrsOf(inodes.get("/f")), [
    "trusted.overlay.metacopy=",
    "trusted.overlay.overlay.metacopy=m",
    "trusted.overlay.overlay.redirect=r",
    "trusted.overlay.redirect=/p",
  ]);
});

Deno.test("xattrs are sorted after escaping", () => {
  const xattrs = [xattr("user.a"), xattr("trusted.z"), xattr("trusted.overlay.z"), xattr("a")];
  assertEquals(xattrsOf(inodesOf(directory({ f: inline("", { xattrs }) })).get("/f")), [
    "a=",
    "trusted.overlay.overlay.z=",
    "trusted.z=",
    "user.a=",
  ]);
});

Deno.test("a whiteout becomes an empty regular file that overlayfs shows as one", () => {
  const gone = special("character", 0, { mode: 0o600, uid: 5, xattrs: [xattr("user.a", "b")] });
  const whiteout = inodesOf(directory({ gone })).get("/gone")!;
  assertEquals([whiteout.kind, whiteout.stat.mode, whiteout.stat.uid], ["regular", 0o600, 5]);
  assertEquals(whiteout.data, { kind: "inline", bytes: new Uint8Array() });
  assertEquals(xattrsOf(whiteout), [
    "trusted.overlay.overlay.whiteout=",
    "user.a=b",
    "user.overlay.whiteout=",
  ]);
});

Deno.test("its directory is marked, from version 1 on as opaque too", () => {
  const tree = directory({ d: directory({ gone: special("character", 0) }), e: directory() });
  assertEquals(xattrsOf(inodesOf(tree, 0).get("/d")), [
    "trusted.overlay.overlay.whiteouts=",
    "user.overlay.whiteouts=",
  ]);
  assertEquals(xattrsOf(inodesOf(tree, 1).get("/d")), [
    "trusted.overlay.overlay.opaque=x",
    "trusted.overlay.overlay.whiteouts=",
    "user.overlay.opaque=x",
    "user.overlay.whiteouts=",
  ]);
  assertEquals(xattrsOf(inodesOf(tree, 1).get("/e")), []);
});

Deno.test("marks take the place of the source's xattrs of the same name", () => {
  const xattrs = [xattr("user.overlay.opaque", "mine"), xattr("user.overlay.whiteouts", "mine")];
  const tree = directory({ d: directory({ gone: special("character", 0) }, { xattrs }) });
  assertEquals(xattrsOf(inodesOf(tree, 1).get("/d")).filter((each) => each.includes("mine")), []);
});

Deno.test("a link to a whiteout does not mark its directory", () => {
  const gone = special("character", 0);
  const inodes = inodesOf(directory({ d: directory({ l: hardLink(gone) }), gone }), 1);
  assertEquals(xattrsOf(inodes.get("/d")), []);
});

Deno.test("devices keep their number, files that are extended without need stay so", () => {
  const tree = directory({
    b: special("block", 0),
    c: special("character", 259),
    f: special("fifo"),
  });
  const inodes = inodesOf(extended(tree, 2));
  assertEquals(dataOf(inodes.get("/b")), { kind: "block", rdev: 0 });
  assertEquals(dataOf(inodes.get("/c")), { kind: "character", rdev: 259 });
  assertEquals(dataOf(inodes.get("/f")), { kind: "fifo", rdev: 0 });
  assertEquals(["/b", "/c", "/f"].map((path) => inodes.get(path)!.extended), [false, false, true]);
});

import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { MemoryNode, memoryTree } from "../../../lib/tree/memory_tree.ts";
import { joinName, type ScanOptions, scanTree } from "../../../lib/tree/scan.ts";
import type { SourceEntry, SourceInfo, SourceTree, XattrFilter } from "../../../lib/tree/source.ts";
import type { Directory, Tree } from "../../../lib/tree/tree.ts";
import { entryAt, nodeAt, stat, xattr } from "../../kit/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A file as it was found. */
interface Found {
  readonly path: Uint8Array;
  readonly size: number;
}

function scan(source: SourceTree, options: ScanOptions = {}): Tree<Found> {
  const take = ({ name, size }: SourceEntry, directory: Uint8Array) => {
    return { path: joinName(directory, name), size };
  };
  return scanTree(source, take, options);
}

/** A source whose listings are made up from another's. */
function relisted(
  source: SourceTree,
  change: (entry: SourceEntry, path: string) => SourceEntry,
): SourceTree {
  return {
    root: (xattrs) => source.root(xattrs),
    open: (path) => source.open(path),
    list: (path, options) =>
      source.list(path, options).map((entry) =>
        change(entry, [text(path), text(entry.name)].filter((part) => part !== "").join("/"))
      ),
  };
}

/** A source in which names are links to one file by what `fileIds` says of their paths. */
function linked(source: SourceTree, fileIds: Record<string, string>): SourceTree {
  return relisted(source, (entry, path) => {
    const fileId = fileIds[path];
    return fileId === undefined ? entry : { ...entry, fileId };
  });
}

/** A source of one file of this kind. */
function sourceOf(found: Partial<SourceInfo>): SourceTree {
  return relisted(
    memoryTree({ x: "" }),
    (entry) => ({ ...entry, ...found }),
  );
}

/** A regular file with what its source says of it. */
function regular(tree: Tree<Found>, ...names: string[]): unknown {
  const node = nodeAt(tree, ...names);
  if (node.kind !== "regular") return node.kind;
  const { size, path } = node.file;
  return { ...node, file: { size, path } };
}

Deno.test("names come in byte order, files with path and size", () => {
  const tree = scan(memoryTree({ "é": "", "b": { "d": "12", "c": "" }, "a": "1", "B": "" }));
  assertEquals(tree.root.entries.map(({ name }) => text(name)), ["B", "a", "b", "é"]);
  assertEquals(regular(tree, "b", "d"), {
    kind: "regular",
    stat: stat({ mode: 0o644 }),
    file: { size: 2, path: utf8("b/d") },
  });
});

Deno.test("metadata is kept, but the link count is 1", () => {
  const given = { mode: 0o4755, uid: 1, gid: 2, mtime: 2n ** 60n, mtimeNsec: 3 };
  const xattrs = [xattr("user.a", "b")];
  const tree = scan(memoryTree({ f: new MemoryNode("", { ...given, xattrs }) }));
  assertEquals(regular(tree, "f"), {
    kind: "regular",
    stat: stat({ ...given, xattrs }),
    file: { size: 0, path: utf8("f") },
  });
});

Deno.test("symlinks and devices", () => {
  const tree = scan(memoryTree({ l: new MemoryNode({ target: utf8("t") }) }));
  assertEquals(nodeAt(tree, "l"), {
    kind: "symlink",
    stat: stat({ mode: 0o777 }),
    target: utf8("t"),
  });
  const device = scan(sourceOf({ kind: "block", rdev: 259 }));
  assertEquals(nodeAt(device, "x"), { kind: "block", stat: stat(), rdev: 259 });
});

Deno.test("several names of a file are several files, unless hard links are asked for", () => {
  const source = linked(memoryTree({ a: "x", b: "x" }), { a: "1", b: "1" });
  const tree = scan(source);
  assertEquals(tree.root.entries.map(({ node }) => node), [0, 1]);
  assertEquals(tree.leaves.map(({ kind, stat: { nlink } }) => [kind, nlink]), [
    ["regular", 1],
    ["regular", 1],
  ]);
});

Deno.test("with hard links names lead to one file, which was met under the first of them", () => {
  const source = linked(
    memoryTree({ z: "x", b: { y: "x", z: "x" }, a: { c: { d: "x" } }, q: "other" }),
    { "z": "1", "b/y": "1", "b/z": "2", "a/c/d": "1", "q": "2" },
  );
  const tree = scan(source, { hardLinks: true });
  for (const names of [["a", "c", "d"], ["b", "y"], ["z"]]) {
    assertEquals(entryAt(tree, ...names), 0);
  }
  for (const names of [["b", "z"], ["q"]]) assertEquals(entryAt(tree, ...names), 1);
  assertEquals(tree.leaves.map(({ stat }) => stat.nlink), [3, 2]);
  const [file] = tree.leaves;
  assertEquals(file?.kind === "regular" && text(file.file.path), "a/c/d");
  assertEquals(tree.form, undefined);
});

Deno.test("links to files outside the tree do not count", () => {
  const tree = scan(linked(memoryTree({ a: "x" }), { a: "1" }), { hardLinks: true });
  assertEquals(regular(tree, "a"), {
    kind: "regular",
    stat: stat(),
    file: { size: 1, path: utf8("a") },
  });
});

Deno.test("useEpoch sets every time to 0", () => {
  const late = { mtime: 7, mtimeNsec: 8 };
  const source = memoryTree(
    new MemoryNode({ d: new MemoryNode({ f: new MemoryNode("", late) }, late) }, late),
  );
  const tree = scan(source, { useEpoch: true });
  for (const names of [[], ["d"], ["d", "f"]]) {
    const { stat } = nodeAt(tree, ...names);
    assertEquals([stat.mtime, stat.mtimeNsec], [0, 0]);
  }
});

Deno.test("what is asked for reaches the source", () => {
  const asked: unknown[] = [];
  const base = memoryTree({ d: {} });
  const source: SourceTree = {
    root(xattrs) {
      asked.push(xattrs);
      return base.root(xattrs);
    },
    list(path, options) {
      asked.push([text(path), options.xattrs, options.skipDevices]);
      return base.list(path, options);
    },
    open: (path) => base.open(path),
  };
  const askedWith = (options: ScanOptions) => {
    asked.length = 0;
    scan(source, options);
    return asked;
  };
  assertEquals(askedWith({}), ["all", ["", "all", false], ["d", "all", false]]);
  assertEquals(askedWith({ xattrs: "user", skipDevices: true }), [
    "user",
    ["", "user", true],
    ["d", "user", true],
  ]);
});

Deno.test("progress counts entries", () => {
  const counts: number[] = [];
  scan(memoryTree({ a: { b: "", c: "" }, d: "" }), { onScan: (count) => counts.push(count) });
  assertEquals(counts, [2, 4]);
});

Deno.test("the root is a directory", () => {
  for (const root of [new MemoryNode("file"), new MemoryNode({ target: utf8("t") })]) {
    assertThrows(() => scan(memoryTree(root)), TreeError, "expected a directory");
  }
});

Deno.test("an error of the source comes through as it is", () => {
  const error = new Error("Cannot read");
  const source = relisted(memoryTree({ a: "" }), () => {
    throw error;
  });
  assertStrictEquals(assertThrows(() => scan(source)), error);
});

Deno.test("a source of 5,000 levels needs no stack", () => {
  const base = memoryTree({ d: {} });
  const source = {
    ...relisted(base, (entry) => entry),
    list: (path: Uint8Array) =>
      path.length < 2 * 5000 ? base.list(utf8(""), { xattrs: "all" }) : [],
  };
  let depth = 0;
  let node: Directory | number | undefined = scan(source).root;
  for (; typeof node === "object"; node = node.entries[0]?.node) depth++;
  assertEquals(depth, 5002);
});

Deno.test("scanTree() stays on the file system of the root if told to, and leaves others empty", () => {
  const mtime = 7;
  const within = memoryTree({
    "mnt": new MemoryNode({ "hidden": "", "back": {} }, { mtime }),
    "own": { "file": "" },
  });
  const source = {
    ...relisted(within, (entry, path) => ({
      ...entry,
      fileSystem: entry.kind !== "directory" ? undefined : path === "mnt" ? 2 : 1,
    })),
    root: (xattrs: XattrFilter) => ({ ...within.root(xattrs), fileSystem: 1 }),
  };
  const crossed = scan(source);
  assertEquals(nodeAt(crossed, "mnt", "hidden").kind, "regular");
  const stayed = scan(source, { oneFileSystem: true });
  const mountPoint = nodeAt(stayed, "mnt") as Directory;
  assertEquals(mountPoint.entries, []);
  assertEquals(mountPoint.stat.mtime, mtime);
  assertEquals(nodeAt(stayed, "own", "file").kind, "regular");
  // A source that does not tell has one file system.
  assertEquals(nodeAt(scan(within, { oneFileSystem: true }), "mnt", "hidden").kind, "regular");
});

import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { MemoryNode, memoryTree } from "../../../lib/tree/memory_tree.ts";
import { xattr } from "../../kit/trees.ts";

const TREE = memoryTree({
  "file": "hello",
  "bytes": Uint8Array.of(0xff),
  "link": new MemoryNode({ target: utf8("file") }),
  "dir": { "größe": new MemoryNode("inner", { mode: 0o600, uid: 5, mtime: -1 }) },
});

const list = (path: string) => TREE.list(utf8(path), { xattrs: "all" });

Deno.test("kinds, sizes and permissions follow from the values", () => {
  const found = list("").map(({ kind, size, stat }) => [kind, size, stat.mode]);
  assertEquals(found, [
    ["regular", 5, 0o644],
    ["regular", 1, 0o644],
    ["symlink", 4, 0o777],
    ["directory", 0, 0o755],
  ]);
  assertEquals(list("")[2]!.target, utf8("file"));
  assertEquals(TREE.root("all").kind, "directory");
});

Deno.test("metadata as given", () => {
  const { name, stat } = list("dir")[0]!;
  assertEquals(name, utf8("größe"));
  assertEquals([stat.mode, stat.uid, stat.gid, stat.mtime], [0o600, 5, 0, -1]);
});

Deno.test("xattrs by filter", () => {
  const xattrs = [xattr("user.a"), xattr("security.b")];
  const tree = memoryTree(new MemoryNode({}, { xattrs }));
  assertEquals(tree.root("all").stat.xattrs, xattrs);
  assertEquals(tree.root("user").stat.xattrs, xattrs.slice(0, 1));
  assertEquals(tree.root("none").stat.xattrs, []);
});

Deno.test("files open by path and read from any position", () => {
  using file = TREE.open(utf8("dir/größe"));
  const into = new Uint8Array(3);
  assertEquals([file.size, file.readAt(into, 3), into[0], into[1]], [5, 2, 0x65, 0x72]);
  assertEquals(file.readAt(into, 5), 0);
});

Deno.test("what is not there, or of another kind, is refused", () => {
  assertThrows(() => list("file"), TreeError, "no directory");
  assertThrows(() => TREE.open(utf8("dir")), TreeError, "no regular file");
  assertThrows(() => TREE.open(utf8("link")), TreeError, "no regular file");
  for (const path of ["x", "dir/x", "file/x", "toString", "constructor"]) {
    assertThrows(() => TREE.open(utf8(path)), TreeError, `Cannot find "${path}"`);
  }
});

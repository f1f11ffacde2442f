import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { lookupPath } from "../../../lib/tree/lookup.ts";
import { directory, hardLink, inline, nodeAt, special, symlink } from "../../kit/trees.ts";

const file = inline("x");
const fifo = special("fifo");
const TREE = directory({
  "a": directory({
    "b": directory({ "abs": symlink("/a/b//c"), "c": file, "up": symlink("../../f") }),
    "dir": symlink("b"),
    "out": symlink("../../../../f"),
  }),
  "f": fifo,
  "hard": hardLink(file),
  "loop": symlink("loop2"),
  "loop2": symlink("./loop"),
  "nowhere": symlink("a/none"),
});

Deno.test("a path finds its file, through links and dots, within the tree", () => {
  for (const path of ["a/b/c", "/a/b/c", "//a//./b/../b/c", "a/dir/c", "a/b/abs", "hard"]) {
    assertEquals(lookupPath(TREE, utf8(path)), file, path);
  }
  for (const path of ["f", "../../f", "a/b/up", "a/dir/up", "a/out"]) {
    assertEquals(lookupPath(TREE, utf8(path)), fifo, path);
  }
  for (const path of ["", "/", ".", "..", "a/..", "a/dir/../../."]) {
    assertEquals(lookupPath(TREE, utf8(path)), TREE.root, path);
  }
  assertEquals(lookupPath(TREE, utf8("a/dir/")), nodeAt(TREE, "a", "b"));
});

Deno.test("a path that leads nowhere is refused", () => {
  const refuse = (path: string, state: string) =>
    assertThrows(
      () => lookupPath(TREE, utf8(path)),
      TreeError,
      `Cannot find "${path}": ${state}`,
    );
  refuse("z", "no such file or directory");
  refuse("nowhere", "no such file or directory");
  refuse("a/b/c/d", '"c" is not a directory');
  refuse("f/..", '"f" is not a directory');
  refuse("loop", "too many levels of symbolic links");
});

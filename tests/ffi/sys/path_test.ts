import { assertEquals, assertThrows } from "@std/assert";
import { cString, joinPath, pathPieces, splitPath } from "../../../ffi/sys/path.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("cString: ends in NUL and takes none inside", () => {
  assertEquals([...cString(utf8("ab"))], [97, 98, 0]);
  assertThrows(() => cString(utf8("a\0b")), TypeError, 'Cannot pass "a\\x00b" to the kernel');
});

test("joinPath: one slash, none for nothing", () => {
  const join = (a: string, b: string) => text(joinPath(utf8(a), utf8(b)));
  assertEquals(join("a", "b"), "a/b");
  assertEquals(join("a/", "b"), "a/b");
  assertEquals(join("", "b"), "b");
  assertEquals(join("a", ""), "a");
});

test("splitPath: before the last name", () => {
  const split = (path: string) => {
    const { directory, name } = splitPath(utf8(path));
    return [text(directory), text(name)];
  };
  assertEquals(split("a/b/c"), ["a/b", "c"]);
  assertEquals(split("c"), [".", "c"]);
  assertEquals(split("/c"), ["/", "c"]);
});

test("pathPieces: as many names as fit, one at least", () => {
  const pieces = (path: string, limit: number) => pathPieces(utf8(path), limit).map(text);
  assertEquals(pieces("a/bb/ccc", 0), ["a", "bb", "ccc"]);
  assertEquals(pieces("a/bb/ccc", 4), ["a/bb", "ccc"]);
  assertEquals(pieces("a/bb/ccc", 8), ["a/bb/ccc"]);
  assertEquals(pieces("a//bb/", 0), ["a", "bb"]);
  assertEquals(pieces("", 10), ["."]);
});

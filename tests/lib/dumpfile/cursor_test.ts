import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { DirectoryCursor } from "../../../lib/dumpfile/_cursor.ts";
import { Fields } from "../../../lib/dumpfile/_fields.ts";
import { GrowingDirectory } from "../../../lib/tree/growing_directory.ts";
import { stat } from "../../kit/trees.ts";

type Growing = GrowingDirectory;

/** A directory with directories in it, and a file `f`. */
function growing(children: Record<string, Growing> = {}): Growing {
  const made = new GrowingDirectory(stat());
  for (const [name, child] of Object.entries(children)) made.add({ name: utf8(name), node: child });
  made.add({ name: utf8("f"), node: 0 });
  return made;
}

const C = growing();
const B = growing({ c: C });
const AB = growing({ c: growing() });
const A = growing({ b: B });
const ROOT = growing({ a: A, ab: AB });

/** The path of a file in a directory. */
const fileIn = (path: string) => new Fields(utf8(`${path}/x`)).path();

/** Moves one cursor to files in directories; gives the directories. */
function moves(...paths: string[]): Growing[] {
  const cursor = new DirectoryCursor(ROOT);
  return paths.map((path) => cursor.move(fileIn(path)));
}

Deno.test("the empty path and slashes alone are the root", () => {
  for (const found of moves("", "/", "///", "")) assertStrictEquals(found, ROOT);
});

Deno.test("slashes may be missing, repeated or trailing", () => {
  for (const found of moves("/a/b/c", "a/b/c", "//a///b/c//", "a//b//c", "/a/b/c/")) {
    assertStrictEquals(found, C);
  }
});

Deno.test("down, up and sideways", () => {
  assertEquals(
    moves("/a", "/a/b", "/a/b/c", "/a/b", "/ab", "/ab/c", "/a", "/", "/a/b/c").map((found) =>
      [ROOT, A, B, C, AB].indexOf(found)
    ),
    [1, 2, 3, 2, 4, -1, 1, 0, 3],
  );
});

Deno.test("a name that begins another is no ancestor of it", () => {
  assertStrictEquals(moves("/a", "/ab")[1], AB);
  assertStrictEquals(moves("/ab", "/a")[1], A);
});

Deno.test("any order of odd spellings leads where each leads alone", () => {
  const paths = [
    "",
    "/",
    "a",
    "/a/",
    "a//b",
    "/a/b//",
    "//a/b/c",
    "ab",
    "/ab/",
    "ab//c",
    "/a/b/c/",
  ];
  for (const first of paths) {
    for (const second of paths) {
      assertStrictEquals(moves(first, second)[1], moves(second)[0], `${first} then ${second}`);
    }
  }
});

Deno.test("names on the way must be there and be directories", () => {
  assertThrows(() => moves("/x"), LineError, 'parent directory missing for "/x/x"');
  assertThrows(() => moves("/a/f"), LineError, 'parent must be a directory for "/a/f/x"');
  assertThrows(() => moves("/a/f/g"), LineError, "parent must be a directory");
  assertThrows(() => moves("/a/./b"), LineError, "parent directory missing");
  assertThrows(() => moves("/a/../a"), LineError, "parent directory missing");
});

Deno.test("a failed move does not lead the next one astray", () => {
  const cursor = new DirectoryCursor(ROOT);
  for (const [path, found] of [["/a/b/c", C], ["/ab", AB]] as const) {
    for (let i = 0; i < 2; i++) assertThrows(() => cursor.move(fileIn("/a/b/x")), LineError);
    assertStrictEquals(cursor.move(fileIn(path)), found);
  }
});

Deno.test("a directory added below the cursor is found", () => {
  const root = growing();
  const cursor = new DirectoryCursor(root);
  cursor.move(fileIn("/"));
  const late = growing();
  root.add({ name: utf8("late"), node: late });
  assertStrictEquals(cursor.move(fileIn("/late")), late);
});

import { assert, assertEquals } from "@std/assert";
import { writeDumpfile } from "../../../lib/dumpfile/write.ts";
import type { Content, Leaf } from "../../../lib/tree/tree.ts";
import {
  directory,
  dumpBytes,
  dumpText,
  extended,
  external,
  hardLink,
  inline,
  parse,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

/** The line of a node named `n` in the root. */
function lineOf(node: Leaf<Content>): string {
  return dumpText(directory({ n: node })).split("\n")[1]!;
}

Deno.test("the root's line", () => {
  assertEquals(dumpText(directory()), "/ 0 40755 1 0 0 0 0.0 - - -\n");
  assertEquals(
    dumpText({ root: { ...directory().root, size: 4096 }, leaves: [] }),
    "/ 4096 40755 1 0 0 0 0.0 - - -\n",
  );
});

Deno.test("regular files", () => {
  const digest = new Uint8Array(32).fill(0xab);
  assertEquals(lineOf(inline("hi")), "/n 2 100644 1 0 0 0 0.0 - hi -");
  assertEquals(lineOf(inline("")), "/n 0 100644 1 0 0 0 0.0 - - -");
  assertEquals(lineOf(external(9)), "/n 9 100644 1 0 0 0 0.0 - - -");
  assertEquals(
    lineOf(external(2 ** 53, "ab/c d", digest)),
    `/n 9007199254740992 100644 1 0 0 0 0.0 ab/c\\x20d - ${"ab".repeat(32)}`,
  );
});

Deno.test("values of a lone dash do not read as absent", () => {
  assertEquals(lineOf(inline("-")), "/n 1 100644 1 0 0 0 0.0 - \\x2d -");
  assertEquals(lineOf(external(9, "-")), "/n 9 100644 1 0 0 0 0.0 \\x2d - -");
  assertEquals(lineOf(symlink("-")), "/n 1 120644 1 0 0 0 0.0 \\x2d - -");
});

Deno.test("other kinds", () => {
  assertEquals(lineOf(symlink("a=b")), "/n 3 120644 1 0 0 0 0.0 a=b - -");
  assertEquals(lineOf(special("character", 259)), "/n 0 20644 1 0 0 259 0.0 - - -");
  assertEquals(lineOf(special("block", 2 ** 32 - 1)), "/n 0 60644 1 0 0 4294967295 0.0 - - -");
  assertEquals(lineOf(special("fifo")), "/n 0 10644 1 0 0 0 0.0 - - -");
  assertEquals(lineOf(special("socket")), "/n 0 140644 1 0 0 0 0.0 - - -");
});

Deno.test("a special file that is extended without need states the least size that keeps it so", () => {
  const text = dumpText(extended(directory({ n: special("fifo") }), 0));
  assertEquals(text.split("\n")[1], "/n 4294967296 10644 1 0 0 0 0.0 - - -");
});

Deno.test("times are plain numbers, negative and beyond 2^53 too", () => {
  assertEquals(
    lineOf(inline("", { mtime: -5, mtimeNsec: 7 })),
    "/n 0 100644 1 0 0 0 -5.7 - - -",
  );
  assertEquals(
    lineOf(inline("", { mtime: -(2n ** 63n) })),
    "/n 0 100644 1 0 0 0 -9223372036854775808.0 - - -",
  );
});

Deno.test("xattrs in the order they have, equals signs escaped", () => {
  const xattrs = [xattr("user.b", "1=2"), xattr("user.a=", "\0 x")];
  assertEquals(
    lineOf(inline("", { xattrs })),
    "/n 0 100644 1 0 0 0 0.0 - - - user.b=1\\x3d2 user.a\\x3d=\\x00\\x20x",
  );
});

Deno.test("depth first, names escaped, no slash doubled", () => {
  const tree = directory({
    "a b": directory({ "=": inline("") }),
    "c": inline(""),
  });
  const paths = dumpText(tree).trimEnd().split("\n").map((line) => line.split(" ")[0]);
  assertEquals(paths, ["/", "/a\\x20b", "/a\\x20b/=", "/c"]);
});

Deno.test("a hard link repeats the file's data and names its path", () => {
  const file = external(9, "obj", undefined, { nlink: 2, xattrs: [xattr("user.a", "b")] });
  const tree = directory({ d: directory({ "f ": file }), e: hardLink(file) });
  const lines = dumpText(tree).trimEnd().split("\n");
  assertEquals(lines[2], "/d/f\\x20 9 100644 2 0 0 0 0.0 obj - - user.a=b");
  assertEquals(lines[3], "/e 9 @100644 2 0 0 0 0.0 /d/f\\x20 - - user.a=b");
});

Deno.test("a hard link may stand before its file, at any depth", () => {
  const file = inline("x");
  const tree = directory({
    a: hardLink(file),
    b: directory({ a: directory(), c: directory({ f: file, g: hardLink(file) }), z: inline("") }),
    c: hardLink(file),
  });
  const links = dumpText(tree).split("\n").filter((line) => line.includes("@"));
  assertEquals(links.map((line) => line.split(" ")[8]), ["/b/c/f", "/b/c/f", "/b/c/f"]);
});

Deno.test("what is written parses to the same text", () => {
  const file = inline("\\ \n\0é-=", { mtime: -1, mtimeNsec: 999_999_999 });
  const tree = directory({
    " ": hardLink(file),
    "-": directory({ "\n": file, "é": symlink("../-/\n") }),
    "\\": external(70, "-", new Uint8Array(32), { xattrs: [xattr("a=b", "c=d ")] }),
  });
  const text = dumpText(tree);
  assertEquals(dumpText(parse(text)), text);
});

Deno.test("chunks are handed out along the way", () => {
  const names = Array.from({ length: 5000 }, (_, i) => String(i).padStart(200, "0"));
  const tree = directory(Object.fromEntries(names.map((name) => [name, inline("")])));
  let largest = 0;
  let count = 0;
  for (const chunk of writeDumpfile(tree)) {
    largest = Math.max(largest, chunk.length);
    count++;
  }
  assert(count > 10, `${count} chunks`);
  assert(largest < 1 << 17, `${largest} bytes`);
  assertEquals(dumpBytes(tree).length > 5000 * 200, true);
});

Deno.test("deep hard links cost no more memory than their names", () => {
  // Kept as paths, the targets would take 400 MB.
  let node = directory();
  for (let level = 0; level < 20_000; level++) {
    const file = inline("");
    node = directory({ d: node, f: file, g: hardLink(file) });
  }
  const before = Deno.memoryUsage();
  let first = 0;
  for (const chunk of writeDumpfile(node)) {
    first += chunk.length;
    if (first > 1 << 20) break;
  }
  const after = Deno.memoryUsage();
  const growth = after.external + after.heapUsed - before.external - before.heapUsed;
  assert(growth < 64 * 2 ** 20, `grew by ${growth} bytes`);
});

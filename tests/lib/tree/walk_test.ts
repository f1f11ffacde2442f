import { TreeError } from "../../../lib/tree/tree_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { PathBuffer } from "../../../lib/tree/path_buffer.ts";
import { pathOf } from "../../../lib/tree/place.ts";
import { checkPathLengths, nameCounts, TreeWalk, walk } from "../../../lib/tree/walk.ts";
import { directory, hardLink, inline, symlink } from "../../kit/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a directory comes before its entries, those with all below them", () => {
  const tree = directory({
    a: inline(""),
    b: directory({ c: directory(), d: inline("") }),
    e: directory(),
  });
  const steps = Array.from(walk(tree), ({ name, depth }) => `${depth}${text(name)}`);
  assertEquals(steps, ["0", "1a", "1b", "2c", "2d", "1e"]);
});

Deno.test("a file is met once for each name, and then again", () => {
  const file = inline("x");
  const link = symlink("y");
  const tree = directory({
    "a": hardLink(file),
    "b": directory({ "c": file, "d": directory({ "e": hardLink(file), "f": link }) }),
    "g": hardLink(link),
    "h": inline("alone"),
  });
  const steps = Array.from(walk(tree), ({ node, leaf, name, depth, path, place, again }) => {
    assertEquals(path, pathOf(place));
    const first = again === undefined ? "" : ` again, of ${text(pathOf(again))}`;
    return `${depth} ${text(name)} ${text(path)} ${node.kind} ${leaf}${first}`;
  });
  assertEquals(steps, [
    "0  / directory -1",
    "1 a /a regular 0",
    "1 b /b directory -1",
    "2 c /b/c regular 0 again, of /a",
    "2 d /b/d directory -1",
    "3 e /b/d/e regular 0 again, of /a",
    "3 f /b/d/f symlink 1",
    "1 g /g symlink 1 again, of /b/d/f",
    "1 h /h regular 2",
  ]);
});

Deno.test("names are counted where a file has several", () => {
  const file = inline("");
  assertEquals(nameCounts(directory({ a: file, d: directory({ b: inline("") }) })), undefined);
  const tree = directory({ a: file, b: inline(""), d: directory({ c: file, d: file }) });
  assertEquals(nameCounts(tree), Uint32Array.of(3, 1));
});

Deno.test("a number that no leaf has is refused", () => {
  const entries = [{ name: utf8("a"), node: 3 }];
  const tree = { root: { ...directory().root, entries }, leaves: [inline("")] };
  assertThrows(() => [...walk(tree)], TreeError, 'Cannot use "/a": file 3 of 1');
});

Deno.test("a tree of any depth is walked, and its places take no more room than its names", () => {
  let tree = directory({ "bottom": inline("") });
  for (let depth = 0; depth < 20_000; depth++) tree = directory({ ["n".repeat(200)]: tree });
  const places = Array.from(walk(tree), ({ place }) => place);
  assertEquals(places.length, 20_002);
  assertEquals(pathOf(places.at(-1)!).length, 20_000 * 201 + "/bottom".length);
});

Deno.test("a walk that has ended stays so", () => {
  for (const tree of [directory(), directory({ a: directory() })]) {
    const ended = new TreeWalk(tree);
    while (ended.next());
    assertEquals([ended.next(), ended.next()], [false, false]);
  }
});

Deno.test("100,000 levels need no stack", () => {
  let tree = directory();
  for (let level = 0; level < 100_000; level++) tree = directory({ d: tree });
  let deepest = 0;
  for (const { depth } of walk(tree)) deepest = Math.max(deepest, depth);
  assertEquals(deepest, 100_000);
  const moving = new TreeWalk(tree);
  while (moving.next() && moving.depth < 100_000);
  assertEquals(moving.path.length, 200_000);
});

Deno.test("the path follows the walk", () => {
  const tree = directory({
    a: directory({ long: directory({ b: inline("") }), z: inline("") }),
    c: inline(""),
  });
  const path = new PathBuffer();
  const paths = Array.from(walk(tree), (step) => {
    path.move(step.depth, step.name);
    assertEquals(path.bytes.subarray(0, path.length), path.path.subarray(0, path.length));
    assertEquals(step.path, path.path);
    assertEquals(pathOf(step.place), path.path);
    return text(path.path);
  });
  assertEquals(paths, ["/", "/a", "/a/long", "/a/long/b", "/a/z", "/c"]);
  for (const asked of paths) {
    // A path must also be right where it is the only one asked for in a walk.
    const found = walk(tree).find((step) =>
      step.name.length > 0 && asked.endsWith(text(step.name))
    );
    if (found !== undefined) assertEquals(text(found.path), text(pathOf(found.place)));
  }
});

Deno.test("the path outgrows its buffer", () => {
  const path = new PathBuffer();
  const name = utf8("n".repeat(255));
  path.move(0, name);
  for (let depth = 1; depth <= 100; depth++) path.move(depth, name);
  assertEquals(text(path.path), `/${text(name)}`.repeat(100));
  path.move(2, utf8("x"));
  assertEquals(text(path.path), `/${text(name)}/x`);
  path.move(0, name);
  assertEquals(text(path.path), "/");
});

Deno.test("a name may be a part of something", () => {
  const [whole, part] = [new PathBuffer(), new PathBuffer()];
  const names = utf8("-usr-lib-");
  for (
    const [depth, start, end] of [[1, 1, 4], [2, 5, 8], [2, 0, 9], [0, 1, 4], [1, 5, 8]] as const
  ) {
    whole.move(depth, names.subarray(start, end));
    part.moveTo(depth, names, start, end);
    assertEquals(text(part.path), text(whole.path));
  }
  assertEquals(text(part.path), "/lib");
});

Deno.test("paths are as long as the kernel takes them, or refused", () => {
  const deep = (levels: number, last: number) => {
    let tree = directory({ ["n".repeat(last)]: inline("x") });
    for (let level = 0; level < levels; level++) tree = directory({ d: tree });
    return tree;
  };
  checkPathLengths(deep(2000, 94));
  assertThrows(() => checkPathLengths(deep(2000, 95)), TreeError, "of 4096 bytes");
  assertThrows(() => checkPathLengths(deep(100_000, 1)), TreeError, "of 4096 bytes");
});

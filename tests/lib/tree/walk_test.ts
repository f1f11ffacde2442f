import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { checkPathLengths, PathBuffer, TreeWalk, walk } from "../../../lib/tree/walk.ts";
import { directory, hardLink, inline } from "../../kit/trees.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a directory comes before its entries, those with all below them", () => {
  const tree = directory({
    a: inline(""),
    b: directory({ c: directory(), d: inline("") }),
    e: directory(),
  });
  const steps = [...walk(tree)].map(({ name, depth }) => `${depth}${text(name)}`);
  assertEquals(steps, ["0", "1a", "1b", "2c", "2d", "1e"]);
});

Deno.test("hard links are met, not followed", () => {
  const file = inline("");
  const link = hardLink(file);
  const nodes = [...walk(directory({ a: link, b: file }))].map(({ node }) => node);
  assertStrictEquals(nodes[1], link);
  assertStrictEquals(nodes[2], file);
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
  assertEquals(moving.path().length, 200_000);
});

Deno.test("the path follows the walk", () => {
  const tree = directory({
    a: directory({ long: directory({ b: inline("") }), z: inline("") }),
    c: inline(""),
  });
  const path = new PathBuffer();
  const paths = [...walk(tree)].map(({ name, depth }) => {
    path.move(depth, name);
    assertEquals(path.bytes.subarray(0, path.length), path.path.subarray(0, path.length));
    return text(path.path);
  });
  assertEquals(paths, ["/", "/a", "/a/long", "/a/long/b", "/a/z", "/c"]);
  const made: string[] = [];
  const moving = new TreeWalk(tree);
  while (moving.next()) made.push(text(moving.path()));
  assertEquals(made, paths);
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

Deno.test("paths are as long as the kernel takes them, or refused", () => {
  const deep = (levels: number, last: number) => {
    let tree = directory({ ["n".repeat(last)]: inline("x") });
    for (let level = 0; level < levels; level++) tree = directory({ d: tree });
    return tree;
  };
  checkPathLengths(deep(2000, 94));
  assertThrows(() => checkPathLengths(deep(2000, 95)), RangeError, "of 4096 bytes");
  assertThrows(() => checkPathLengths(deep(100_000, 1)), RangeError, "of 4096 bytes");
});

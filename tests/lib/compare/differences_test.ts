/**
 * What is different in two trees, held against their dumps line by line.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { changesOf, pathOfNames } from "../../../lib/compare/changes.ts";
import {
  type Difference,
  differences,
  imageDifferences,
} from "../../../lib/compare/differences.ts";
import { objectsToFetch } from "../../../lib/compare/fetch.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../../lib/dumpfile/write.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { changeTree } from "../../../lib/tree/change_tree.ts";
import { Excludes, parseExclude } from "../../../lib/tree/excludes.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { randomRootfs } from "./rootfs.ts";

/** Lines of a dump by path, without the sizes and links of directories, which nobody compares. */
function linesOf(tree: Tree<Content>): Map<string, string> {
  const text = [...writeDumpfile(tree)].map(latin1).join("");
  return new Map(
    text.trimEnd().split("\n").map((line) => {
      const [path, size, mode, nlink, ...rest] = line.split(" ");
      const isDirectory = mode!.startsWith("4");
      return [path!, [isDirectory ? "" : size, mode, isDirectory ? "" : nlink, ...rest].join(" ")];
    }),
  );
}

/** The paths whose lines are not the same, as dumps spell them. */
function expectedPaths(before: Tree<Content>, after: Tree<Content>): string[] {
  const [from, to] = [linesOf(before), linesOf(after)];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((path) => from.get(path) !== to.get(path)).sort();
}

function pathsOf(found: Iterable<Difference>): string[] {
  const paths: string[] = [];
  for (const { names } of found) paths.push(spelt(latin1(pathOfNames(names))));
  return paths.sort();
}

/** As dumps have it. */
function spelt(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

/** Changes some of everything. */
function edited(tree: Tree<Content>, random: Random): Tree<Content> {
  const names = ["f00", "f01", "sub", "x", "sda"].filter(() => random.chance(30));
  const excludes = new Excludes(names.map((name) => parseExclude(utf8(name))));
  return changeTree(tree, {
    excludes,
    stat(stat) {
      if (random.chance(85)) return stat;
      return random.pick([
        { ...stat, mode: stat.mode ^ 0o100 },
        { ...stat, uid: stat.uid + 1 },
        { ...stat, mtimeNsec: 1 },
        { ...stat, xattrs: [] },
      ]);
    },
  });
}

Deno.test("differences: those of dumps line by line, in trees and in images", () => {
  let count = 0;
  for (const seed of seeds(1, 40)) {
    const random = createRandom(seed);
    const before = randomRootfs(random);
    const after = edited(before, random);
    const expected = expectedPaths(before, after);
    count += expected.length;
    assertEquals(pathsOf(differences(before, after)), expected, `seed ${seed}`);
    const [a, b] = [before, after].map((tree) => openImage(encodeImage(tree)));
    assertEquals(pathsOf(imageDifferences(a!, b!)), expected, `seed ${seed}`);
    assertEquals(pathsOf(imageDifferences(a!, a!)), [], `seed ${seed}`);
    assertEquals(pathsOf(differences(after, after)), [], `seed ${seed}`);
  }
  assert(count > 100);
});

Deno.test("differences: images of other versions and other algorithms are compared as well", () => {
  const tree = randomRootfs(createRandom(3));
  const [a, b] = ([1, 2] as const).map((format) => openImage(encodeImage(tree, { format })));
  const found = [...imageDifferences(a!, b!)];
  // Version 2 holds no nanoseconds.
  assertEquals(new Set(found.flatMap(({ attributes }) => attributes)), new Set(["time"]));
});

function treeOf(...lines: string[]): Tree<Content> {
  const text = ["/ 0 40755 2 0 0 0 0.0 - - -", ...lines].join("\n");
  return parseDumpfile([utf8(`${text}\n`)]);
}

Deno.test("changes: hard links that come and go are told", () => {
  const apart = treeOf("/a 1 100644 1 0 0 0 0.0 - x -", "/b 1 100644 1 0 0 0 0.0 - x -");
  const linked = treeOf("/a 1 100644 2 0 0 0 0.0 - x -", "/b 1 @100644 2 0 0 0 0.0 /a - -");
  const found = changesOf(differences(apart, linked));
  assertEquals(found.map((each) => "attributes" in each && each.attributes), [["links"], [
    "links",
  ]]);
});

Deno.test("changes: a file with the contents of another that is gone is renamed, and only one", () => {
  const before = treeOf("/a 2 100644 1 0 0 0 0.0 - hi -");
  const after = treeOf(
    "/b 2 100600 1 0 0 0 0.0 - hi -",
    "/c 2 100644 1 0 0 0 0.0 - hi -",
    "/d 0 100644 1 0 0 0 0.0 - - -",
  );
  const found = changesOf(differences(before, after));
  assertEquals(found.map(({ change, path }) => `${change} ${latin1(path)}`), [
    "renamed /b",
    "added /c",
    "added /d",
  ]);
  const [first] = found;
  assertEquals(first?.change === "renamed" && first.attributes, ["mode"]);
});

Deno.test("objects to fetch: each that is new, once", () => {
  const object = (name: string, fill: string) =>
    `/${name} 100 100644 1 0 0 0 0.0 ${fill.repeat(2)}/${fill.repeat(62)} - ${fill.repeat(64)}`;
  const [before, after] = [
    treeOf(object("a", "1")),
    treeOf(object("a", "1"), object("b", "2"), object("c", "2")),
  ].map((tree) => openImage(encodeImage(tree)));
  const found = objectsToFetch(before!, after!);
  assertEquals(found.map(({ path, size }) => [latin1(path).slice(0, 2), size]), [["22", 100]]);
  assertEquals(objectsToFetch(after!, before!), []);
});

Deno.test("differences: an image in which a directory is in itself has an end", () => {
  const image = encodeImage(
    treeOf("/d 0 40755 2 0 0 0 0.0 - - -", "/d/e 0 40755 2 0 0 0 0.0 - - -"),
  );
  const opened = openImage(image);
  const [outer, inner] = ["/d", "/d/e"].map((path) => opened.lookup(path).nid);
  // The entry for e leads to d.
  const view = new DataView(image.buffer);
  for (let at = 0; at + 8 <= image.length; at += 4) {
    if (view.getBigUint64(at, true) === BigInt(inner!)) view.setBigUint64(at, BigInt(outer!), true);
  }
  const other = openImage(encodeImage(treeOf()));
  assertThrows(() => [...imageDifferences(openImage(image), other)], ImageFormatError);
});

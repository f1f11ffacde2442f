/**
 * Pairs of images at random, and what two mounts of them say is different: the judge of `diff`.
 *
 * @module
 */

import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { type Difference, imageDifferences } from "../../../lib/compare/differences.ts";
import { pathOfNames } from "../../../lib/compare/changes.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { changeTree } from "../../../lib/tree/change_tree.ts";
import { Excludes, parseExclude } from "../../../lib/tree/excludes.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import { createRandom, type Random } from "../../../scripts/random.ts";
import { randomRootfs } from "../../lib/compare/rootfs.ts";
import type { Facts, FactTree } from "./facts.ts";

/** Two images, as bytes. */
export type ImagePair = readonly [before: Uint8Array, after: Uint8Array];

/** What became of paths: `added`, `removed`, or the attributes that differ, in order. One UTF-16 unit a byte. */
export type Verdict = ReadonlyMap<string, string>;

/** Makes a pair: in turn a tree and the same with some changes, and two trees that share names alone. */
export function imagePair(seed: number): ImagePair {
  const random = createRandom(seed);
  const before = withoutAcls(randomRootfs(random));
  const after = seed % 2 === 0 ? edited(before, random) : withoutAcls(randomRootfs(random));
  return [encodeImage(before), encodeImage(after)];
}

/** The lists of these trees are empty: the kernel takes such a one for none. */
function withoutAcls(tree: Tree<Content>): Tree<Content> {
  return changeTree(tree, {
    stat: (stat) => ({
      ...stat,
      xattrs: stat.xattrs.filter(({ name }) => !latin1(name).startsWith("system.")),
    }),
  });
}

function edited(tree: Tree<Content>, random: Random): Tree<Content> {
  const names = ["f00", "f01", "sub", "x", "sda"].filter(() => random.chance(30));
  return changeTree(tree, {
    excludes: new Excludes(names.map((name) => parseExclude(utf8(name)))),
    stat(stat) {
      if (random.chance(85)) return stat;
      return random.pick([
        { ...stat, mode: stat.mode ^ 0o100 },
        { ...stat, gid: stat.gid + 1 },
        { ...stat, mtimeNsec: 1 },
        { ...stat, xattrs: [] },
      ]);
    },
  });
}

/** What our comparison says of a pair. */
export function ownVerdict([before, after]: ImagePair): Verdict {
  const verdict = new Map<string, string>();
  for (const found of imageDifferences(openImage(before), openImage(after))) {
    verdict.set(latin1(pathOfNames(found.names)), wordsOf(found));
  }
  return verdict;
}

function wordsOf({ before, after, attributes }: Difference): string {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : [...attributes].sort().join();
}

/** What the kernel says: the facts of two mounts, without a store, held against each other. */
export function kernelVerdict(before: FactTree, after: FactTree): Verdict {
  const verdict = new Map<string, string>();
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(path), after.get(path)];
    if (hidesObjects(path, a ?? b)) continue;
    const words = a === undefined ? "added" : b === undefined ? "removed" : changedFacts(a, b);
    if (words !== "") verdict.set(path, words);
  }
  return verdict;
}

/** Whether it is one of the whiteouts that images have for the directories of a store. */
function hidesObjects(path: string, facts: Facts | undefined): boolean {
  return /^\/[0-9a-f]{2}$/.test(path) && typeOf(facts) === CHARACTER && facts?.get("rdev") === "0";
}

const TYPE = 0o170000;
const CHARACTER = 0o020000;
const DIRECTORY = 0o040000;

function typeOf(facts: Facts | undefined): number {
  return parseInt(facts?.get("mode") ?? "0", 8) & TYPE;
}

function changedFacts(a: Facts, b: Facts): string {
  if (typeOf(a) !== typeOf(b)) return "type";
  const attributes = new Set<string>();
  for (const fact of new Set([...a.keys(), ...b.keys()])) {
    // What directories have of these is said by their entries.
    if (typeOf(a) === DIRECTORY && ["size", "nlink"].includes(fact)) continue;
    if (a.get(fact) !== b.get(fact)) attributes.add(attributeOf(fact, a));
  }
  return [...attributes].sort().join();
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  mode: "mode",
  uid: "owner",
  gid: "owner",
  mtime: "time",
  rdev: "device",
  target: "target",
  contents: "contents",
  nlink: "links",
  "same file as": "links",
};

function attributeOf(fact: string, facts: Facts): string {
  if (fact === "size") return facts.has("target") ? "target" : "contents";
  // Where the object of a file is, and its digest.
  if (fact.startsWith("xattr trusted.overlay.")) return "contents";
  if (fact.startsWith("xattr ")) return "xattrs";
  const attribute = ATTRIBUTES[fact];
  if (attribute === undefined) throw new Error(`Cannot tell the attribute of "${fact}"`);
  return attribute;
}

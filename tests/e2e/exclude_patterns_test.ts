/** Patterns leave out what GNU tar leaves out by them, told that wildcards do not match slashes. */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { latin1, utf8 } from "../../lib/bytes/text.ts";
import { Excludes, parseExclude } from "../../lib/tree/excludes.ts";
import { type MemoryDirectory, type MemoryFile, memoryTree } from "../../lib/tree/memory_tree.ts";
import { scanTree } from "../../lib/tree/scan.ts";
import type { SourceTree } from "../../lib/tree/source.ts";
import { walk } from "../../lib/tree/walk.ts";
import { createRandom, type Random } from "../../scripts/random.ts";
import { seeds } from "../../scripts/test/effort.ts";
import { testEach } from "./each_program.ts";
import { textOutput } from "./process.ts";

const NAMES = ["a", "ab", "b", "a.b", ".a", "[", "*", "\\a"];

/** Makes a random directory on disk, and the same in memory. */
function makeDirectory(random: Random, path: string, levels: number): MemoryDirectory {
  mkdirSync(path);
  const made: Record<string, MemoryFile> = {};
  for (const name of NAMES) {
    if (random.chance(40)) continue;
    const file = `${path}/${name}`;
    if (levels > 0 && random.chance(60)) {
      made[name] = makeDirectory(random, file, levels - 1);
    } else {
      writeFileSync(file, "");
      made[name] = "";
    }
  }
  return made;
}

function randomPart(random: Random): string {
  const pieces = ["a", "b", ".", "*", "?", "[ab]", "[!a]", "[^.]", "\\[", "\\*", "\\\\", "[]a]"];
  const part = Array.from({ length: random.int(1, 3) }, () => random.pick(pieces)).join("");
  return part.replaceAll(/(?<!\\)\*\*/g, "*").replaceAll(/^\.\.?$/g, "a");
}

/** Paths that are left of a tree, in order. */
function left(source: SourceTree, pattern: string): string[] {
  const excludes = new Excludes([parseExclude(utf8(pattern))]);
  const paths: string[] = [];
  for (const { path } of walk(scanTree(source, () => undefined, { excludes }))) {
    if (path.length > 1) paths.push(latin1(path).slice(1));
  }
  return paths.sort();
}

testEach(
  "create: patterns exclude what tar excludes",
  { tools: ["tar"], once: true },
  (subject) => {
    const root = subject.path("tree");
    const source = memoryTree(makeDirectory(createRandom(1), root, 3));
    const all = left(source, "nothing").length;
    let matching = 0;
    for (const seed of seeds(0, 300)) {
      const random = createRandom(seed);
      const isAnchored = random.chance(40);
      const pattern = Array.from({ length: random.int(1, 3) }, () => randomPart(random)).join("/");
      const options = ["--no-wildcards-match-slash", isAnchored ? "--anchored" : "--no-anchored"];
      const archive = ["--quoting-style=literal", "-cvf", "/dev/null", "-C", root];
      const names = readdirSync(root);
      const args = [...options, `--exclude=${pattern}`, ...archive, ...names];
      const listed = textOutput(["tar"], args);
      const expected = listed.split("\n").filter((line) => line !== "")
        .map((line) => line.replace(/\/$/, "")).sort();
      const found = left(source, (isAnchored ? "/" : "") + pattern);
      assertEquals(found, expected, `seed ${seed}: ${options[1]} ${pattern}`);
      if (found.length < all) matching++;
    }
    assert(matching > 0);
  },
);

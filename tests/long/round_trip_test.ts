/** What holds for every dump and image, tried on random ones. */

import { versionProblem } from "../../lib/composefs/version.ts";
import { assert, assertEquals } from "@std/assert";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import { createImageFromDump, encodeImage } from "../../lib/composefs/image.ts";
import { openImage } from "../../lib/composefs/open.ts";
import { parseDumpfile } from "../../lib/dumpfile/parse.ts";
import { DumpfileSyntaxError } from "../../lib/dumpfile/syntax_error.ts";
import { changeTree } from "../../lib/tree/change_tree.ts";
import { Excludes, parseExclude } from "../../lib/tree/excludes.ts";
import { walk } from "../../lib/tree/walk.ts";
import { caseCount, longTest, seeds } from "../../scripts/test/effort.ts";
import { createRandom, type Random } from "../../scripts/random.ts";
import { randomDump } from "../kit/random_dump.ts";
import { dumpBytes } from "../kit/trees.ts";

interface Case {
  readonly seed: number;
  readonly dump: Uint8Array<ArrayBuffer>;
  readonly image: Uint8Array<ArrayBuffer>;
  /** The version of the image, as the only one allowed. */
  readonly range: { readonly minVersion: number; readonly maxVersion: number };
}

/** Dumps that are accepted, with their images. */
function* cases(first: number, count: number): Generator<Case> {
  for (const seed of seeds(first, count)) {
    const { dump, minVersion = 0, maxVersion = 1 } = randomDump(seed);
    if (versionProblem({ minVersion, maxVersion }) !== undefined) continue;
    let image: Uint8Array<ArrayBuffer>;
    try {
      image = createImageFromDump([dump], { minVersion, maxVersion });
    } catch (error) {
      if (!(error instanceof DumpfileSyntaxError)) throw error;
      continue;
    }
    const { version } = openImage(image);
    yield { seed, dump, image, range: { minVersion: version, maxVersion: version } };
  }
}

/** Compares images without the cost of a difference that nobody reads. */
function same(a: Uint8Array, b: Uint8Array, seed: number): void {
  assert(a.length === b.length && a.every((byte, i) => byte === b[i]), `seed ${seed} differs`);
}

const FIRST = 2_000_000;

longTest("the tree of an image makes the image again", () => {
  let count = 0;
  for (const { seed, image, range } of cases(FIRST, 400)) {
    same(encodeImage(openImage(image).tree(), range), image, seed);
    count++;
  }
  // Few seeds may happen to be refused all.
  if (caseCount(400) >= 100) assert(count > caseCount(400) / 2, `${count} accepted`);
});

longTest("the dump of an image makes the image again", () => {
  for (const { seed, image, range } of cases(FIRST, 400)) {
    same(createImageFromDump([dumpBytes(openImage(image).tree())], range), image, seed);
  }
});

longTest("the dump of a dump's image is its own dump", () => {
  for (const { image, range, seed } of cases(FIRST + 400, 200)) {
    const dump = dumpBytes(openImage(image).tree());
    const again = createImageFromDump([dump], range);
    same(dumpBytes(openImage(again).tree()), dump, seed);
  }
});

/** A pattern for a name, which may be of any bytes. */
function escaped(name: Uint8Array): Uint8Array {
  return Uint8Array.from([...name].flatMap((byte) => [0x5c, byte]));
}

longTest("a tree that loses names makes an image, whose dump makes it again", () => {
  let smaller = 0;
  for (const { dump, image, range, seed } of cases(FIRST + 600, 300)) {
    const tree = parseDumpfile([dump]);
    same(encodeImage(changeTree(tree, {}), range), image, seed);

    const random = createRandom(seed);
    const names: Uint8Array[] = [];
    for (const { depth, name } of walk(tree)) if (depth > 0) names.push(name);
    if (names.length === 0) continue;
    const patterns = Array.from({ length: random.int(1, 4) }, () => random.pick(names));
    const excludes = new Excludes(patterns.map((name) => parseExclude(escaped(name))));
    const changed = changeTree(tree, { excludes });
    assert(excludes.unused.length < patterns.length, `seed ${seed}`);
    const left = encodeImage(changed);
    const { version: format } = openImage(left);
    if (format !== 0 && format !== 1) throw new Error(`format version ${format}`);
    same(createImageFromDump([dumpBytes(openImage(left).tree())], { format }), left, seed);
    const kept = [...walk(changed)].length;
    assert(kept < names.length + 1, `seed ${seed}: ${kept}`);
    smaller++;
  }
  if (caseCount(300) >= 100) assert(smaller > 0);
});

/** Cuts bytes at random places. */
function cutUp(random: Random, bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = random.weighted([[1, 30], [random.int(2, 40), 50], [0, 5], [4096, 15]]);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

longTest("how a dump is cut does not matter", () => {
  for (const { seed, dump, image, range } of cases(FIRST + 600, 300)) {
    same(createImageFromDump(cutUp(createRandom(seed), dump), range), image, seed);
  }
});

/** The lines of a canonical dump, in another order, parents before children. */
function reorder(random: Random, dump: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(dump).trimEnd().split("\n");
  const depth = (line: string) => line === lines[0] ? 0 : line.split(" ")[0]!.split("/").length;
  const shuffled = random.shuffle(lines).toSorted((a, b) => depth(a) - depth(b));
  return concatBytes(...shuffled.map((line) => utf8(line + "\n")));
}

longTest("the order of a dump's lines does not matter", () => {
  for (const { seed, image, range } of cases(FIRST + 900, 300)) {
    const dump = reorder(createRandom(seed), dumpBytes(openImage(image).tree()));
    same(createImageFromDump([dump], range), image, seed);
  }
});

longTest("both views hold the same names, and the same files below them", () => {
  for (const { image, seed } of cases(FIRST + 1200, 200)) {
    const paths = (["exact", "libcomposefs"] as const).map((view) =>
      new TextDecoder().decode(dumpBytes(openImage(image).tree({ view }))).split("\n")
        .map((line) => line.split(" ")[0])
    );
    assertEquals(paths[0], paths[1], `seed ${seed}`);
  }
});

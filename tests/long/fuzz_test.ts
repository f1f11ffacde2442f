/**
 * Damaged images and dump files: whatever they are, reading ends soon, in a result or in an error of
 * this library's own.
 */

import { assert, assertEquals } from "@std/assert";
import { createImageFromDump, encodeImage } from "../../lib/composefs/image.ts";
import { validateTree } from "../../lib/composefs/_validate.ts";
import { dumpImage } from "../../lib/composefs/dump_image.ts";
import { openErofs, openImage } from "../../lib/composefs/open.ts";
import type { ImageView } from "../../lib/composefs/unoverlay.ts";
import { DumpfileSyntaxError } from "../../lib/dumpfile/syntax_error.ts";
import { parseDumpfile } from "../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../lib/dumpfile/write.ts";
import { ImageFormatError } from "../../lib/erofs/image_format_error.ts";
import { TreeError } from "../../lib/tree/tree_error.ts";
import type { Content, Tree } from "../../lib/tree/tree.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { longTest, seeds } from "../../scripts/test/effort.ts";
import { mutateDump, mutateImage } from "../kit/mutate.ts";
import { createRandom } from "../../scripts/random.ts";
import { randomDump } from "../kit/random_dump.ts";

const IMAGES = 14_000;
const DUMPS = 6_000;
/** From so many cases on, it says something how many of them pass. */
const ENOUGH = 1_000;
/** Milliseconds that one case may take. */
const LIMIT = 1000;
/** Bytes that the process may grow by during all cases of a kind. */
const GROWTH_LIMIT = 512 * 2 ** 20;

/** Tells a refusal by this library from what the engine throws for a mistake in it. */
function isOurs(error: unknown): boolean {
  return error instanceof ImageFormatError || error instanceof DumpfileSyntaxError ||
    error instanceof TreeError;
}

/** Runs a case; milliseconds it took. */
function timed(once: () => void): number {
  const start = performance.now();
  try {
    once();
  } catch (error) {
    if (!isOurs(error)) throw error;
  }
  return performance.now() - start;
}

/** Runs cases by seed; a failure names its seed. */
function runCases(count: number, once: (seed: number) => void): void {
  const outcome = { passed: 0, refused: 0 };
  const before = Deno.memoryUsage().rss;
  for (const seed of seeds(0, count)) {
    const start = performance.now();
    try {
      once(seed);
      outcome.passed++;
    } catch (error) {
      if (!isOurs(error)) throw new Error(`Seed ${seed}: ${error}`, { cause: error });
      outcome.refused++;
    }
    // Once more, since the machine may have had something else to do.
    if (performance.now() - start < LIMIT) continue;
    const elapsed = timed(() => once(seed));
    assert(elapsed < LIMIT, `seed ${seed} took ${elapsed} ms`);
  }
  const growth = Deno.memoryUsage().rss - before;
  assert(growth < GROWTH_LIMIT, `grew by ${growth} bytes`);
  const total = outcome.passed + outcome.refused;
  if (total >= ENOUGH) {
    // Damage that is always refused, or never, would test little.
    assert(outcome.passed > total / 10, `${outcome.passed} of ${total} passed`);
    assert(outcome.refused > total / 10, `${outcome.refused} of ${total} refused`);
  }
}

/** Dumps that are accepted, and small enough to go through many of them. */
function soundDumps(count: number): Uint8Array[] {
  const dumps: Uint8Array[] = [utf8(DENSE)];
  for (let seed = 0; dumps.length < count; seed++) {
    const { dump } = randomDump(seed);
    if (dump.length > 8_000) continue;
    try {
      createImageFromDump([dump]);
      dumps.push(dump);
    } catch (error) {
      if (!isOurs(error)) throw error;
    }
  }
  return dumps;
}

/** One of everything. */
const DENSE = `/ 0 40755 2 0 0 0 0.0 - - - user.all=1 security.selinux=s trusted.overlay.opaque=x
/00 0 40755 2 0 0 0 0.0 - - - security.selinux=s
/00/whiteout 0 20644 1 0 0 0 0.0 - - -
/00/deep 0 40755 2 0 0 0 7.7 - - - user.all=1
/00/deep/link 0 @100644 1 0 0 0 0.0 /00/file
/00/file 70 100644 2 0 0 0 0.0 ab/cd - ${"ab".repeat(32)} security.selinux=s
/big 9007199254740992 100644 1 0 0 0 0.0 - - -
/chunks 8726714930135040 100644 1 0 0 0 0.0 - - -
/fifo 0 10644 1 0 0 0 0.0 - - - user.all=1
/inline 5000 100644 1 70000 0 0 0.0 - ${"x".repeat(5000)} -
/long 4000 120777 1 0 0 0 0.0 ${"t".repeat(4000)} - -
/longer 4090 120777 1 0 0 0 0.0 ${"t".repeat(4090)} - -
/null 0 20666 1 0 0 259 -5.0 - - - system.posix_acl_access=a
/short 1 120777 1 0 0 0 0.0 t - - user.all=1
/wide 0 40755 2 0 0 0 0.0 - - -
${
  Array.from({ length: 20 }, (_, i) =>
    `/wide/${String(i).padStart(200, "n")} 0 100644 1 0 0 0 0.0 - - -\n`).join("")
}`;

/** The parser lets through only what an image can hold; images of dumps are made without another check. */
function mustBeValid(tree: Tree<Content>): void {
  try {
    validateTree(tree);
  } catch (error) {
    throw new Error(`a dump that was accepted gave no valid tree: ${error}`, { cause: error });
  }
}

/** Writes a tree in every way there is. */
function writeTree(tree: Tree<Content>): void {
  for (const _ of writeDumpfile(tree)) { /* only written */ }
  const image = encodeImage(tree);
  const { version } = openImage(image);
  const range = { minVersion: version, maxVersion: version };
  assertEquals(encodeImage(openImage(image).tree(), range), image, "image of the image's tree");
}

/** Length of the dump of an image that is made straight from it. */
function dumpLength(image: Uint8Array, view: ImageView): number {
  const { erofs, version } = openErofs(image);
  return lengthOf(dumpImage(erofs, { version, view }));
}

function treeDumpLength(tree: Tree<Content>): number {
  return lengthOf(writeDumpfile(tree));
}

function lengthOf(chunks: Iterable<Uint8Array>): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return length;
}

/** Tells whether an image is sound, as far as something looks at it. */
function canBeRead(look: () => void): boolean {
  try {
    look();
    return true;
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    return false;
  }
}

longTest("damaged images are read or refused", () => {
  const images = soundDumps(60).map((dump) => createImageFromDump([dump]));
  runCases(IMAGES, (seed) => {
    const random = createRandom(seed);
    // The dense one takes a third of all turns.
    const image = random.chance(33) ? images[0]! : random.pick(images);
    const mutated = mutateImage(random, image, random.pick(images));
    const opened = openImage(mutated);
    const trees: Tree<Content>[] = [];
    const refusals: unknown[] = [];
    for (const view of ["exact", "libcomposefs"] as const) {
      try {
        const tree = opened.tree({ view });
        trees.push(tree);
        assertEquals(dumpLength(mutated, view), treeDumpLength(tree), "dump of the image");
        writeTree(tree);
      } catch (error) {
        if (!isOurs(error)) throw error;
        refusals.push(error);
      }
    }
    // What is found to be sound is read, and nothing else: else a listing would break off.
    if (canBeRead(() => opened.check()) !== canBeRead(() => opened.tree())) {
      throw new TypeError("checked and read, it is not the same");
    }
    if (refusals.length > 0) throw refusals[0];
  });
});

longTest("damaged dump files are read or refused", () => {
  const dumps = soundDumps(60);
  runCases(DUMPS, (seed) => {
    const random = createRandom(seed);
    const dump = mutateDump(random, random.pick(dumps));
    const cut = random.int(0, dump.length);
    const chunks = [dump.subarray(0, cut), dump.subarray(cut)];
    const tree = parseDumpfile(chunks, { strict: random.chance(30) });
    mustBeValid(tree);
    writeTree(tree);
  });
});

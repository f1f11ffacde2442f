/**
 * Merkle trees that are kept beside a store: `--tree-cache` of `cat`, `extract` and `verify`.
 */

import { assert, assertEquals } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import { objectPath } from "../../lib/digest/object_path.ts";
import { createRandom } from "../../scripts/random.ts";
import { type Subject, testEach } from "./each_program.ts";
import { run } from "./process.ts";
import { assertSameBytes } from "./same_bytes.ts";

const BLOCK = 4096;
/** Has a tree of three blocks by SHA-256, of four and more by SHA-512, and is read in several chunks. */
const CONTENTS = createRandom(31).bytes(3_000_000);
const SMALL = createRandom(32).bytes(5000);

interface Made {
  readonly image: string;
  readonly store: string;
  readonly trees: string;
  /** Where the large object is. */
  readonly object: string;
  /** Where its tree is kept, and what it should be. */
  readonly kept: string;
  readonly tree: Uint8Array<ArrayBuffer>;
}

/** An image of a large file and a small one. */
function makeImage({ path, composefs }: Subject, algorithm: HashAlgorithm = "sha256"): Made {
  let dump = "/ 0 40755 2 0 0 0 0.0 - - -\n";
  const made = Object.entries({ big: CONTENTS, small: SMALL }).map(([name, contents]) => {
    const hasher = new FsVerityHasher({ algorithm, keepTree: true }).update(contents);
    const digest = hasher.digest();
    const object = path(`store/${objectPath(digest)}`);
    mkdirSync(dirname(object), { recursive: true });
    writeFileSync(object, contents);
    dump += `/${name} ${contents.length} 100644 1 0 0 0 0.0 ${objectPath(digest)} - ` +
      `${digest.toHex()}\n`;
    return { object, kept: path(`trees/${digest.toHex()}.merkle`), tree: hasher.merkleTree() };
  });
  writeFileSync(path("dump"), dump);
  const { code, stderr } = run(composefs, ["create", "--from-file", path("dump"), path("image")]);
  assertEquals([code, stderr], [0, ""]);
  return { image: path("image"), store: path("store"), trees: path("trees"), ...made[0]! };
}

/** Changes one bit of a file. */
function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

for (const algorithm of ["sha256", "sha512"] as const) {
  testEach(`tree cache: cat prints the same with it, ${algorithm}`, {}, (subject) => {
    const { image, store, trees, kept, tree } = makeImage(subject, algorithm);
    const cat = () => {
      const { code, stdout, stderr } = run([...subject.composefs, "cat"], [
        `--basedir=${store}`,
        `--tree-cache=${trees}`,
        image,
        "big",
        "small",
      ]);
      assertEquals([code, stderr], [0, ""]);
      assertSameBytes(stdout, new Uint8Array([...CONTENTS, ...SMALL]), "cat");
      assertSameBytes(readFileSync(kept), tree, "tree");
    };
    cat();
    assertEquals(readdirSync(trees).length, 1);
    const { ino } = statSync(kept);
    cat();
    assertEquals(statSync(kept).ino, ino);
    // Whatever becomes of it, it is made again.
    for (const at of [0, BLOCK + 5, tree.length - BLOCK]) {
      damage(kept, at);
      cat();
    }
    truncateSync(kept, 100);
    cat();
    writeFileSync(kept, "");
    cat();
    writeFileSync(kept, "x".repeat(tree.length));
    cat();
  });
}

testEach("tree cache: nothing that is not the digest's is printed or extracted", {}, (subject) => {
  const { image, store, trees, object } = makeImage(subject);
  const options = [`--basedir=${store}`, `--tree-cache=${trees}`];
  const cat = (...more: string[]) => run([...subject.composefs, "cat"], [...more, image, "big"]);
  assertEquals(cat(...options).code, 0);
  const at = 2_000_000;
  damage(object, at);
  const block = at - at % BLOCK;
  const printed = cat(...options);
  assertEquals(printed.code, 1);
  // What had been verified by then was there already.
  assertSameBytes(printed.stdout, CONTENTS.subarray(0, block), "cat");
  const message = `its digest is of other contents at offset ${block}\n`;
  assert(printed.stderr.startsWith('composefs: Cannot read "big": Cannot use object "'));
  assert(printed.stderr.endsWith(message), printed.stderr);
  const unprinted = cat(`--basedir=${store}`);
  assertEquals([unprinted.code, unprinted.stdout.length], [1, 0]);
  assert(unprinted.stderr.includes("fs-verity digest"), unprinted.stderr);

  const out = subject.path("out");
  const extracted = run([...subject.composefs, "extract"], [...options, image, out]);
  assertEquals([extracted.code, existsSync(out)], [1, false]);
  assert(extracted.stderr.endsWith(message), extracted.stderr);

  truncateSync(object, CONTENTS.length - 1);
  const cut = cat(...options);
  assertEquals([cut.code, cut.stdout.length], [1, 0]);
  assert(cut.stderr.includes(`${CONTENTS.length - 1} bytes, expected ${CONTENTS.length}`));
});

testEach("tree cache: extract and verify make use of it, and fill it", {}, (subject) => {
  const { image, store, trees, object, kept, tree } = makeImage(subject);
  const options = [`--basedir=${store}`, `--tree-cache=${trees}`, image];
  const verify = () => run([...subject.composefs, "verify"], options);
  assertEquals(verify().code, 0);
  assertSameBytes(readFileSync(kept), tree, "verify");
  const { ino } = statSync(kept);
  assertEquals(verify().code, 0);
  assertEquals(statSync(kept).ino, ino);
  damage(kept, BLOCK);
  assertEquals(verify().code, 0);
  assertSameBytes(readFileSync(kept), tree, "verify, once more");

  for (const [index, break_] of [() => {}, () => damage(kept, tree.length - 1)].entries()) {
    break_();
    const out = subject.path(`out${index}`);
    const { code, stderr } = run([...subject.composefs, "extract"], [
      "--no-same-owner",
      ...options,
      out,
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertSameBytes(readFileSync(`${out}/big`), CONTENTS, "extract");
    assertSameBytes(readFileSync(`${out}/small`), SMALL, "extract");
    if (index === 0) continue;
    // Nothing was read of what is damaged: zeros behind the last hash. It is whole, or it is as it was.
    assertEquals(readFileSync(kept).length, tree.length);
  }

  // The tree is right, and the object is not.
  damage(object, 5);
  const found = verify();
  assertEquals(found.code, 1);
  assert(new TextDecoder().decode(found.stdout).includes("/big: object "), found.stderr);
});

testEach("tree cache: one that cannot be used is told, and does no harm", {}, (subject) => {
  const { image, store, trees } = makeImage(subject);
  const cat = (cache: string) =>
    run([...subject.composefs, "cat"], [
      `--basedir=${store}`,
      `--tree-cache=${cache}`,
      image,
      "big",
    ]);
  writeFileSync(trees, "no directory");
  const { code, stdout, stderr } = cat(trees);
  assertEquals(code, 0, stderr);
  assertSameBytes(stdout, CONTENTS, "cat");
  assert(stderr.startsWith("composefs: note: Cannot open "), stderr);
  assert(stderr.endsWith("going on without trees that are kept\n"), stderr);
  assertEquals(stderr.split("\n").length, 2);
  for (const inside of [store, `${store}/trees`, `${store}/ab/trees`]) {
    const refused = cat(inside);
    assertEquals([refused.code, refused.stdout.length], [1, 0]);
    assert(refused.stderr.includes("it lies in the object store"), refused.stderr);
  }
  assertEquals(existsSync(`${store}/trees`), false);
});

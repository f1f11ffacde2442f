import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { longTest } from "../../scripts/test/effort.ts";
import { mapImage } from "./image_map.ts";
import { mutateDump, mutateImage } from "./mutate.ts";
import { findPeer, referenceImage, skipReason } from "../../scripts/oracle.ts";
import { createRandom } from "../../scripts/random.ts";
import { randomDump } from "./random_dump.ts";

const same = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((v, i) => v === b[i]);

longTest("dump mutations are repeatable and nearly always change something", () => {
  let changed = 0;
  for (let seed = 0; seed < 500; seed++) {
    const dump = randomDump(seed % 50).dump;
    const mutated = mutateDump(createRandom(seed), dump);
    assertEquals(mutateDump(createRandom(seed), dump), mutated);
    if (!same(mutated, dump)) changed++;
  }
  assert(changed > 425, `${changed} of 500`);
});

Deno.test({
  name: `image mutations reach every part of an image${skipReason("mkcomposefs")}`,
  ignore: findPeer("mkcomposefs") === undefined,
  fn() {
    const dump = "/ 0 40755 2 0 0 0 0.0 - - - user.k=v\n" +
      "/d 0 40755 2 0 0 0 0.0 - - -\n/d/f 9 100644 1 0 0 0 0.0 p - -\n/d/l 1 120777 1 0 0 0 5.0 t - -\n";
    const verdict = referenceImage(new TextEncoder().encode(dump));
    if (!("image" in verdict)) throw new Error(verdict.refused);
    const image = verdict.image;
    const before = image.slice();
    const map = mapImage(image);
    // Root, its 256 whiteouts, directory, file and link; two directories; xattrs of root and file.
    assertEquals([map.inodes.length, map.dirents.length, map.xattrs.length], [260, 2, 2]);
    const touched = { superblock: 0, inodes: 0, xattrs: 0, dirents: 0, length: 0 };
    for (let seed = 0; seed < 2000; seed++) {
      const mutated = mutateImage(createRandom(seed), image);
      if (seed < 100) assertEquals(mutateImage(createRandom(seed), image), mutated);
      if (mutated.length !== image.length) {
        touched.length++;
        continue;
      }
      const differs = (start: number, end: number) =>
        !same(mutated.subarray(start, end), image.subarray(start, end));
      if (differs(1024, 1152)) touched.superblock++;
      for (const part of ["inodes", "xattrs", "dirents"] as const) {
        if (map[part].some(({ start, end }) => differs(start, end))) touched[part]++;
      }
    }
    for (const [part, count] of Object.entries(touched)) assertNotEquals(count < 100, true, part);
    assertEquals(image, before);
  },
});

/**
 * Cases about the Merkle trees that the kernel keeps of objects: contents are verified by them as they are
 * read, and what is not theirs is not handed out.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { enableVerity } from "../../ffi/files/fsverity.ts";
import { openVerityTree } from "../../ffi/files/verity_tree.ts";
import { ThreadedTrees } from "../../ffi/threads/tree_source.ts";
import { fsVerityDigest, FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import { type ExpectedFile, HashTree } from "../../lib/digest/hash_tree.ts";
import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { openVerified } from "../../lib/digest/verified_file.ts";
import { readWhole } from "../../lib/file/file.ts";
import { type Disk, type Guest, succeed, type VmCase } from "./case.ts";

const ALONE = { threads: 1, module: undefined };

/** More than is kept in memory, with a tree of two levels and more, and a short block at its end. */
const CONTENTS = Uint8Array.from({ length: 3_000_001 }, (_, i) => i * 31 + (i >> 12) * 7);

/** Trees whose number that had to be made is known. */
class CountingTrees extends ThreadedTrees {
  made = 0;

  override hash(...options: Parameters<ThreadedTrees["hash"]>) {
    this.made++;
    return super.hash(...options);
  }
}

/** Reads a file verified; returns how many trees had to be made for that. */
function readVerified(guest: Guest, path: string, expected: ExpectedFile): number {
  using trees = new CountingTrees(guest.linux, ALONE, undefined);
  using file = openVerified(guest.open(path), { ...expected, trees });
  assertEquals(Buffer.compare(readWhole(file), CONTENTS), 0);
  return trees.made;
}

/** The cases on one disk. btrfs has trees, and hands none out. */
export function treeCases(disk: Disk): VmCase[] {
  const named = (name: string, run: VmCase["run"]): VmCase => ({
    name: `trees, ${disk.kind}: ${name}`,
    run,
  });
  const handsOut = disk.kind === "ext4";
  return [
    named(
      "an object is verified by the kernel's tree, where there is one of its digest",
      (guest) => {
        const directory = guest.directory(disk);
        for (const algorithm of ["sha256", "sha512"] as const) {
          const path = join(directory, algorithm);
          const digest = fsVerityDigest(CONTENTS, { algorithm });
          const expected = { digest, size: CONTENTS.length };
          writeFileSync(path, CONTENTS);
          assertEquals(readVerified(guest, path, expected), 1);
          {
            using file = guest.open(path);
            enableVerity(file, { algorithm });
          }
          assertEquals(readVerified(guest, path, expected), handsOut ? 0 : 1);
          using file = guest.open(path);
          const tree = openVerityTree(file, expected);
          assertEquals(tree !== undefined, handsOut);
          if (tree === undefined) continue;
          const whole = new FsVerityHasher({ algorithm, keepTree: true }).update(CONTENTS);
          assertEquals(Buffer.compare(readWhole(tree), whole.merkleTree()), 0);
          assertEquals(HashTree.open(tree, expected)?.lowest, 0);
          // For another digest, this is not the tree.
          const other = fsVerityDigest(new Uint8Array(1), { algorithm });
          assertEquals(openVerityTree(file, { ...expected, digest: other }), undefined);
        }
      },
    ),
    named("a tree by other parameters is none", (guest) => {
      const path = join(guest.directory(disk), "salted");
      writeFileSync(path, CONTENTS);
      const expected = { digest: fsVerityDigest(CONTENTS), size: CONTENTS.length };
      {
        using file = guest.open(path);
        enableVerity(file, { salt: Uint8Array.of(1, 2, 3) });
        assertEquals(openVerityTree(file, expected), undefined);
      }
      assertEquals(readVerified(guest, path, expected), 1);
    }),
    named("an object of another digest is refused, sealed or not", (guest) => {
      const path = join(guest.directory(disk), "other");
      const other = CONTENTS.slice();
      other[2_000_000]! ^= 1;
      writeFileSync(path, other);
      const expected = { digest: fsVerityDigest(CONTENTS), size: CONTENTS.length };
      for (const seal of [false, true]) {
        if (seal) {
          using file = guest.open(path);
          enableVerity(file);
        }
        using trees = new ThreadedTrees(guest.linux, ALONE, undefined);
        const open = () => openVerified(guest.open(path), { ...expected, trees });
        assertThrows(open, IntegrityError, "fs-verity digest");
      }
    }),
    named("cat, extract and verify work on sealed stores, and keep no trees they have", async (
      guest,
    ) => {
      const directory = guest.directory(disk);
      const [tree, store, image, trees, out] = ["tree", "store", "image", "trees", "out"]
        .map((name) => join(directory, name)) as [string, string, string, string, string];
      mkdirSync(tree);
      const text = "Only text comes back from a program here.\n".repeat(60_000);
      writeFileSync(join(tree, "text"), text);
      await succeed(guest.ours, "composefs", ["create", `--digest-store=${store}`, tree, image]);
      const options = [`--basedir=${store}`, `--tree-cache=${trees}`, image];
      assertEquals(await succeed(guest.ours, "composefs", ["cat", ...options, "/text"]), text);
      // btrfs does not hand out its tree, so another one is kept.
      const isKept = () => guest.peer("ls", [trees]).then(({ status }) => status === 0);
      assertEquals(await isKept(), !handsOut);
      await succeed(guest.ours, "composefs", ["extract", ...options, out]);
      assertEquals(readFileSync(join(out, "text"), "utf8"), text);
      rmSync(out, { recursive: true });
      const verified = await succeed(guest.ours, "composefs", ["verify", ...options]);
      assert(verified.startsWith("Nothing is wrong"), verified);
    }),
  ];
}

/**
 * Holds the files of an image, looked up one by one, against the tree of all of them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { equalBytes } from "../../lib/bytes/compare.ts";
import type { ImageEntry } from "../../lib/composefs/image_entry.ts";
import type { ComposefsImage } from "../../lib/composefs/open.ts";
import { latin1, printable } from "../../lib/bytes/text.ts";
import { type Content, type Directory, isWhiteout, type Tree } from "../../lib/tree/tree.ts";
import { nameCounts } from "../../lib/tree/walk.ts";

/** A directory as the image and as the tree have it. */
interface Pair {
  readonly found: ImageEntry;
  readonly directory: Directory;
}

/**
 * Compares all directories and files: as they are listed, as they are found by name, and by their paths.
 *
 * @returns How many names there are.
 */
export function compareFiles(image: ComposefsImage, tree: Tree<Content>): number {
  const counts = nameCounts(tree);
  const pending: Pair[] = [{ found: image.root, directory: tree.root }];
  const nids = new Map<number, number>();
  let names = 0;
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const { found, directory } = pair;
    const { entries, ...self } = directory;
    // If all that looks like whiteouts in a directory is names of files elsewhere, one of the two takes the
    // directory's marks of whiteouts away and the other leaves them: such a directory is not compared.
    const hasLinks = entries.some(({ node }) => typeof node === "number" && counts?.[node]! > 1);
    if (!hasLinks) assertEquals(found.node, self);
    const listed = [...found.entries()];
    assertEquals(listed.map(({ name }) => latin1(name)), entries.map(({ name }) => latin1(name)));
    for (const [i, { name, node }] of entries.entries()) {
      names++;
      const entry = listed[i]!;
      const again = found.find(name)!;
      assertEquals(again.nid, entry.nid);
      assertEquals(again.path, entry.path);
      if (typeof node !== "number") {
        assertEquals([entry.kind, image.lookup(entry.path).nid], ["directory", entry.nid]);
        pending.push({ found: again, directory: node });
        continue;
      }
      // Names of one file have one nid, and no other has it.
      assertEquals(nids.get(node) ?? entry.nid, entry.nid);
      nids.set(node, entry.nid);
      const leaf = tree.leaves[node]!;
      if (isWhiteout(leaf) && counts?.[node]! > 1) continue;
      for (const each of [entry, again]) {
        assertEquals(each.kind, leaf.kind, printable(each.path));
        assertEquals(each.node, leaf, printable(each.path));
      }
      if (leaf.kind === "symlink") continue;
      assertEquals(equalBytes(image.lookup(entry.path).path, entry.path), true);
    }
  }
  assertEquals(new Set(nids.values()).size, nids.size);
  return names;
}

/**
 * Under which name a hard-linked file has its inode: see `ImageForm` in `tree.ts`.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import type { Place } from "./place.ts";
import type { Directory, Home, Tree } from "./tree.ts";
import { nameCounts, TreeWalk } from "./walk.ts";

/** A home and its place in the tree. */
export interface FoundHome extends Home {
  readonly place: Place;
}

/** Finds the homes of all files with several names, by number of the leaf. */
export function findHomes<File>(tree: Tree<File>): ReadonlyMap<number, FoundHome> {
  const found = new Map<number, FoundHome>();
  const counts = nameCounts(tree);
  if (counts === undefined) return found;
  const homes = tree.form?.homes;
  const walk = new TreeWalk(tree, counts);
  while (walk.next()) {
    const { leaf, name, directory } = walk;
    if (directory === undefined || !(counts[leaf]! > 1)) continue;
    const home = homes?.get(leaf);
    if (home === undefined ? walk.again !== undefined : !isHome(home, directory, name)) continue;
    found.set(leaf, { directory, name, place: walk.place });
  }
  return found;
}

/** Tells whether a name in a directory is that home. */
export function isHome(home: Home, directory: Directory, name: Uint8Array): boolean {
  return home.directory === directory && equalBytes(home.name, name);
}

/** Of the homes of a tree's files, those that have to be said: where another name is met first. */
export function unusualHomes<File>(
  tree: Tree<File>,
  homes: ReadonlyMap<number, Home>,
): Map<number, Home> {
  const unusual = new Map<number, Home>();
  const left = new Map(homes);
  const walk = new TreeWalk(tree);
  while (left.size > 0 && walk.next()) {
    const home = left.get(walk.leaf);
    if (home === undefined) continue;
    left.delete(walk.leaf);
    if (!isHome(home, walk.directory!, walk.name)) unusual.set(walk.leaf, home);
  }
  return unusual;
}

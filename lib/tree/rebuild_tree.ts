/**
 * A tree with other directories: metadata, names, or which file a name leads to.
 *
 * @module
 */

import { nameCounts } from "./walk.ts";
import type { Directory, Entry, Home, Leaf, Stat, Tree } from "./tree.ts";

/** What is changed. What is absent stays as it is. */
export interface Rebuilding {
  /**
   * Makes the metadata of a directory.
   *
   * @param names Of the directories on the way, and its own; none for the root. Valid during the call.
   */
  stat?(directory: Directory, names: readonly Uint8Array[]): Stat;
  /** Chooses the entries that a directory keeps, in their order; others may take their names. */
  entries?(directory: Directory, names: readonly Uint8Array[]): readonly Entry[];
}

interface Level {
  readonly from: readonly Entry[];
  readonly made: Entry[];
  next: number;
}

/** Makes a tree of another one, whose files that are no directories stay as they are. */
export function rebuildTree<File>(tree: Tree<File>, change: Rebuilding): Tree<File> {
  const copies = new Map<Directory, Directory>();
  const names: Uint8Array[] = [];
  const levels: Level[] = [];
  const enter = (directory: Directory): Directory => {
    const from = change.entries?.(directory, names) ?? directory.entries;
    const made: Entry[] = [];
    const stat = change.stat?.(directory, names) ?? directory.stat;
    const copy: Directory = { ...directory, stat, entries: made };
    copies.set(directory, copy);
    levels.push({ from, made, next: 0 });
    return copy;
  };
  const root = enter(tree.root);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const entry = level.from[level.next++];
    names.length = levels.length - 1;
    if (entry === undefined) {
      levels.pop();
      continue;
    }
    const { name, node } = entry;
    names.push(name);
    level.made.push(typeof node === "number" ? entry : { name, node: enter(node) });
  }
  // Trees may be more than their fields.
  return { root, leaves: tree.leaves, ...formOf(tree, copies) };
}

/** Homes stand in directories, which are others now. */
function formOf<File>(
  { form }: Tree<File>,
  copies: ReadonlyMap<Directory, Directory>,
): Pick<Tree<File>, "form"> {
  if (form?.homes === undefined) return form === undefined ? {} : { form };
  const homes = new Map<number, Home>();
  for (const [leaf, { directory, name }] of form.homes) {
    const copy = copies.get(directory);
    if (copy !== undefined) homes.set(leaf, { directory: copy, name });
  }
  return { form: { ...form, homes } };
}

/**
 * Leaves out the files that no name leads to any more. Files keep the numbers of links that they have.
 */
export function dropNameless<File>(tree: Tree<File>): Tree<File> {
  const numbers = new Int32Array(tree.leaves.length).fill(-1);
  const leaves: Leaf<File>[] = [];
  const number = (leaf: number): number => {
    if (numbers[leaf] === -1) numbers[leaf] = leaves.push(tree.leaves[leaf]!) - 1;
    return numbers[leaf]!;
  };
  const { root } = rebuildTree({ root: tree.root, leaves: tree.leaves }, {
    entries: ({ entries }) =>
      entries.map(({ name, node }) => ({
        name,
        node: typeof node === "number" ? number(node) : node,
      })),
  });
  return { root, leaves };
}

/** Gives every file as many links as it has names. */
export function countLinks<File>(tree: Tree<File>): Tree<File> {
  const counts = nameCounts(tree);
  return withLeaves(
    tree,
    tree.leaves.map((leaf, number) => {
      const nlink = counts?.[number] ?? 1;
      return leaf.stat.nlink === nlink ? leaf : { ...leaf, stat: { ...leaf.stat, nlink } };
    }),
  );
}

/** The tree with other files under the same numbers. */
export function withLeaves<From, To>(
  { root, form }: Tree<From>,
  leaves: readonly Leaf<To>[],
): Tree<To> {
  return form === undefined ? { root, leaves } : { root, leaves, form };
}

/**
 * The tree that layers are merged into: one that can be changed, until it is made into a `Tree`.
 *
 * Names are Latin-1 strings here, one unit a byte, so that they can be keys. Each layer has a number, and what it
 * makes bears that number: whiteouts spare what their own layer has made.
 *
 * @module
 */

import { Arena } from "../bytes/arena.ts";
import type { Directory, Entry, Leaf, Stat, Tree } from "../tree/tree.ts";

/** Metadata of directories that no member describes. */
export const IMPLIED_STAT: Stat = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  nlink: 1,
  mtime: 0,
  mtimeNsec: 0,
  xattrs: [],
};

/** What a name leads to. */
export type MergedNode<File> = MergedDirectory<File> | MergedLeaf<File>;

/** A directory. It never moves, so what is known of its place stays true. */
export class MergedDirectory<File> {
  readonly kind = "directory";
  /** The directory it is in; undefined for the root. */
  readonly parent: MergedDirectory<File> | undefined;
  /** Bytes of its path, 0 for the root. */
  readonly pathLength: number;
  readonly children = new Map<string, MergedNode<File>>();
  stat: Stat = IMPLIED_STAT;
  /** The last layer that has made something of it or below it; those above it bear at least this number. */
  touched: number;
  /** The last layer with a member for it. */
  described = 0;
  /** The last layer after whose whiteouts nothing of lower layers was left in it. */
  #swept: number;

  constructor(layer: number, name?: string, parent?: MergedDirectory<File>) {
    this.parent = parent;
    this.pathLength = parent === undefined ? 0 : parent.pathLength + 1 + name!.length;
    this.touched = layer;
    this.#swept = layer;
  }

  /** Removes a name, unless this layer has made it; of a directory, what this layer has not made. */
  whiteOut(key: string, layer: number): void {
    const node = this.children.get(key);
    if (node === undefined) return;
    if (isOf(node, layer)) {
      if (node.kind === "leaf") return;
      node.sweep(layer);
      // That it is there was only implied, so nothing of the lower directory remains.
      if (node.described !== layer) node.stat = IMPLIED_STAT;
    } else {
      this.children.delete(key);
    }
  }

  /** Removes what this layer has not made, at any depth. A second time in a layer, there is nothing to do. */
  sweep(layer: number): void {
    const pending: MergedDirectory<File>[] = [this];
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      if (directory.#swept === layer) continue;
      directory.#swept = layer;
      for (const [key, child] of directory.children) {
        if (!isOf(child, layer)) directory.children.delete(key);
        else if (child.kind === "directory") pending.push(child);
      }
    }
  }
}

/** A name of a file that is no directory. */
export class MergedLeaf<File> {
  readonly kind = "leaf";
  /** The layer that has made the name. */
  readonly layer: number;
  /** The file, unless it is that of another name. */
  readonly leaf: Leaf<File> | undefined;
  /** Another name, whose file it is. */
  same: MergedLeaf<File> | undefined;
  /** Number of the file, and its names, once they are counted. */
  number = -1;
  names = 0;

  constructor(layer: number, leaf: Leaf<File> | undefined, same?: MergedLeaf<File>) {
    this.layer = layer;
    this.leaf = leaf;
    this.same = same;
  }
}

/** Notes that a layer makes something in a directory. */
export function touch<File>(directory: MergedDirectory<File>, layer: number): void {
  let at: MergedDirectory<File> | undefined = directory;
  while (at !== undefined && at.touched !== layer) {
    at.touched = layer;
    at = at.parent;
  }
}

/** The name that has the file of a name, or at which it is missing. */
export function originOf<File>(leaf: MergedLeaf<File>): MergedLeaf<File> {
  let origin = leaf;
  while (origin.same !== undefined) origin = origin.same;
  // So that a chain of links is gone through once.
  for (let at = leaf; at !== origin;) {
    const next: MergedLeaf<File> = at.same!;
    at.same = origin;
    at = next;
  }
  return origin;
}

function isOf<File>(node: MergedNode<File>, layer: number): boolean {
  return (node.kind === "leaf" ? node.layer : node.touched) === layer;
}

/** Makes a tree of it. To be called once. */
export function finishTree<File>(merged: MergedDirectory<File>): Tree<File> {
  const arena = new Arena();
  const files: MergedLeaf<File>[] = [];
  const root = finishDirectory(merged);
  const pending: [MergedDirectory<File>, Entry[]][] = [[merged, root.entries]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [{ children }, entries] = next;
    // The order of their units is that of the bytes.
    for (const key of [...children.keys()].sort()) {
      const node = children.get(key)!;
      const name = nameOf(key, arena);
      if (node.kind === "directory") {
        const directory = finishDirectory(node);
        entries.push({ name, node: directory });
        pending.push([node, directory.entries]);
      } else {
        const origin = originOf(node);
        if (origin.number < 0) origin.number = files.push(origin) - 1;
        origin.names++;
        entries.push({ name, node: origin.number });
      }
    }
  }
  const leaves = files.map(({ leaf, names }) => withLinks(leaf!, names));
  return { root, leaves };
}

function finishDirectory<File>(
  { stat, children }: MergedDirectory<File>,
): Directory & { entries: Entry[] } {
  let nlink = 2;
  for (const child of children.values()) if (child.kind === "directory") nlink++;
  return { kind: "directory", stat: { ...stat, nlink }, entries: [] };
}

function withLinks<File>(leaf: Leaf<File>, nlink: number): Leaf<File> {
  return leaf.stat.nlink === nlink ? leaf : { ...leaf, stat: { ...leaf.stat, nlink } };
}

function nameOf(key: string, arena: Arena): Uint8Array {
  const { length } = key;
  arena.reserve(length);
  const { bytes, position } = arena;
  for (let i = 0; i < length; i++) bytes[position + i] = key.charCodeAt(i);
  return arena.take(length);
}

/**
 * Walking a tree in the order in which its files can be made.
 *
 * A tree keeps a hard-linked file under the name that the image has it under, which a walk may come to
 * after other names of it. Here the first name met is the file, and all further ones lead back to it.
 *
 * @module
 */

import { type Directory, type Leaf, resolveHardLink, type Tree } from "./tree.ts";
import { PathBuffer, walk } from "./walk.ts";

/**
 * Where a file is. Kept for many files it costs their names and not their paths, which in a deep tree
 * would be much longer.
 */
export interface Place {
  /** The directory it is in; absent for the root. */
  readonly parent?: Place;
  /** Empty for the root. */
  readonly name: Uint8Array;
}

/** The absolute path of a place. */
export function pathOf(place: Place): Uint8Array<ArrayBuffer> {
  const names: Uint8Array[] = [];
  let length = 0;
  for (let at = place; at.parent !== undefined; at = at.parent) {
    names.push(at.name);
    length += 1 + at.name.length;
  }
  const path = new Uint8Array(Math.max(length, 1)).fill(SLASH);
  let end = path.length;
  for (const name of names) {
    path.set(name, end - name.length);
    end -= name.length + 1;
  }
  return path;
}

const SLASH = 0x2f;

/** One name met on the walk. */
export interface FileStep<File> {
  /** What is to be made, a directory before what is in it. */
  readonly node: Directory<File> | Leaf<File>;
  /** Name in the parent directory; empty for the root. */
  readonly name: Uint8Array;
  /** 0 for the root, 1 for its entries, and so on. */
  readonly depth: number;
  /** Absolute path, `/` for the root. A view, valid until the next step. */
  readonly path: Uint8Array<ArrayBuffer>;
  readonly place: Place;
  /** Where the file was met before, if this is a further name of it. */
  readonly linkTo?: Place;
}

/** Walks a tree depth first, entries of a directory in byte order. */
export function* walkFiles<File>(tree: Tree<File>): Generator<FileStep<File>, void, void> {
  const linked = new Set<Leaf<File>>();
  for (const { node } of walk(tree)) {
    if (node.kind === "hardlink") linked.add(node.target);
  }
  const met = new Map<Leaf<File>, Place>();
  const path = new PathBuffer();
  /** Places of the directories above, the root's first. */
  const above: Place[] = [];
  for (const step of walk(tree)) {
    const { name, depth } = step;
    path.move(depth, name);
    const parent = above[depth - 1];
    const place = parent === undefined ? { name } : { parent, name };
    const node = resolveHardLink(step.node);
    let linkTo: Place | undefined;
    if (node.kind === "directory") {
      above[depth] = place;
    } else if (linked.has(node)) {
      linkTo = met.get(node);
      if (linkTo === undefined) met.set(node, place);
    }
    const common = { node, name, depth, path: path.path, place };
    yield linkTo === undefined ? common : { ...common, linkTo };
  }
}

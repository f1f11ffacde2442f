/**
 * Rewrites a tree into the inodes of an image that overlayfs understands as its metadata layer.
 *
 * External files point at their objects, whiteouts become files that overlayfs shows as whiteouts, the
 * root hides the object directories, and everything takes its place in the order of the image: breadth
 * first, each directory's entries in byte order.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { utf8 } from "../bytes/text.ts";
import type { Inode, InodeData, InodeXattr } from "../erofs/inode.ts";
import { findEntry } from "../tree/growing_directory.ts";
import {
  type Content,
  type Directory,
  type Entry,
  isWhiteout,
  type Leaf,
  type Special,
  type Tree,
  type Xattr,
} from "../tree/tree.ts";
import { ImageXattrs } from "./_image_xattrs.ts";
import {
  metacopyXattr,
  redirectXattr,
  ROOT_OPAQUE,
  WHITEOUT_XATTRS,
  WHITEOUTS_OPAQUE_XATTRS,
  WHITEOUTS_XATTRS,
} from "./_overlay_xattrs.ts";

const DOT = utf8(".");
const DOT_DOT = utf8("..");
const SELINUX = utf8("security.selinux");

/**
 * Rewrites a valid tree.
 *
 * @returns The inodes in the order they stand in the image, the root first.
 */
export function overlayInodes(tree: Tree<Content>, version: 0 | 1): Inode[] {
  return new Overlay(tree, version).inodes();
}

class Overlay {
  readonly #rootEntries: readonly Entry<Content>[];
  /** The whiteouts of the root, which overlayfs is to see as such. */
  readonly #synthetic = new Set<Leaf<Content>>();
  /** What becomes an inode, in the order of inodes. */
  readonly #nodes: (Directory<Content> | Leaf<Content>)[];
  /** Numbers of the files that hard links lead to. */
  readonly #targets: ReadonlyMap<Leaf<Content>, number>;
  /** Number of the directory that holds a node; the root's is its own. */
  readonly #parents: Uint32Array;
  /** Number of the first node that lives in the next directory; the others follow. */
  #firstChild = 1;
  readonly #xattrs = new ImageXattrs();
  readonly #version: 0 | 1;

  constructor(tree: Tree<Content>, version: 0 | 1) {
    this.#version = version;
    this.#rootEntries = rootEntries(tree, this.#synthetic);
    const { nodes, targets } = breadthFirst(tree, this.#rootEntries);
    this.#nodes = nodes;
    this.#targets = targets;
    this.#parents = new Uint32Array(nodes.length);
  }

  inodes(): Inode[] {
    const inodes: Inode[] = [];
    for (const node of this.#nodes) {
      const isDirectory = node.kind === "directory";
      inodes.push(isDirectory ? this.#directory(node, inodes.length) : this.#leaf(node));
    }
    return inodes;
  }

  #directory(node: Directory<Content>, number: number): Inode {
    const names: Uint8Array[] = [DOT, DOT_DOT];
    const inodes = [number, this.#parents[number]!];
    let subdirectories = 0;
    let holdsWhiteout = false;
    for (const { name, node: child } of number === 0 ? this.#rootEntries : node.entries) {
      names.push(name);
      if (child.kind === "hardlink") {
        inodes.push(this.#targets.get(child.target)!);
        continue;
      }
      const inode = this.#firstChild++;
      inodes.push(inode);
      if (child.kind === "directory") {
        subdirectories++;
        this.#parents[inode] = number;
      } else if (isWhiteout(child) && !this.#synthetic.has(child)) {
        holdsWhiteout = true;
      }
    }
    sortDots(names, inodes);
    const { stat } = node;
    const marks = this.#directoryMarks(holdsWhiteout, number === 0);
    const xattrs = this.#xattrs.merge(stat.xattrs, marks);
    const data: InodeData = { kind: "entries", names, inodes };
    return { kind: "directory", stat, nlink: 2 + subdirectories, xattrs, data };
  }

  #directoryMarks(holdsWhiteout: boolean, isRoot: boolean): readonly InodeXattr[] {
    if (!holdsWhiteout && !isRoot) return NO_XATTRS;
    const marks: Xattr[] = [];
    if (holdsWhiteout) {
      marks.push(...WHITEOUTS_XATTRS);
      if (this.#version >= 1) marks.push(...WHITEOUTS_OPAQUE_XATTRS);
    }
    if (isRoot) marks.push(ROOT_OPAQUE);
    return this.#xattrs.marks(marks);
  }

  #leaf(node: Leaf<Content>): Inode {
    const { kind, stat } = node;
    const { nlink } = stat;
    if (isWhiteout(node) && !this.#synthetic.has(node)) {
      const xattrs = this.#xattrs.merge(stat.xattrs, this.#xattrs.marks(WHITEOUT_XATTRS));
      return { kind: "regular", stat, nlink, xattrs, data: NO_CONTENTS };
    }
    const xattrs = this.#xattrs.merge(stat.xattrs, contentXattrs(node));
    return { kind, stat, nlink, xattrs, data: node.kind === "regular" ? node.file : node };
  }
}

const NO_CONTENTS: InodeData = { kind: "inline", bytes: new Uint8Array() };

/** Brings nodes into the order of the image. */
function breadthFirst(tree: Tree<Content>, rootEntries: readonly Entry<Content>[]) {
  const nodes: (Directory<Content> | Leaf<Content>)[] = [tree];
  const targets = new Map<Leaf<Content>, number>();
  for (let number = 0; number < nodes.length; number++) {
    const parent = nodes[number]!;
    if (parent.kind !== "directory") continue;
    for (const { node } of number === 0 ? rootEntries : parent.entries) {
      if (node.kind === "hardlink") targets.set(node.target, 0);
      else nodes.push(node);
    }
  }
  if (targets.size > 0) {
    nodes.forEach((node, number) => {
      if (node.kind !== "directory" && targets.has(node)) targets.set(node, number);
    });
  }
  return { nodes, targets };
}

/**
 * The root's entries and a whiteout for each of `00` to `ff` that is not among them, so that the object
 * directories stay hidden where the store is an ordinary lower layer.
 */
function rootEntries(tree: Tree<Content>, synthetic: Set<Leaf<Content>>): Entry<Content>[] {
  const entries = [...tree.entries];
  const { stat } = tree;
  const xattrs = stat.xattrs.filter((xattr) => equalBytes(xattr.name, SELINUX));
  for (let byte = 0; byte < 256; byte++) {
    const name = utf8(byte.toString(16).padStart(2, "0"));
    if (findEntry(tree.entries, name) !== undefined) continue;
    const whiteout: Special = {
      kind: "character",
      stat: { ...stat, mode: 0o644, nlink: 1, xattrs },
      rdev: 0,
    };
    synthetic.add(whiteout);
    entries.push({ name, node: whiteout });
  }
  return entries.sort((a, b) => compareBytes(a.name, b.name));
}

/** Moves `.` and `..`, which lead the list, behind the names below them in byte order. */
export function sortDots(names: Uint8Array[], inodes: number[]): void {
  for (let dot = 1; dot >= 0; dot--) {
    for (let i = dot; i + 1 < names.length; i++) {
      const name = names[i]!;
      const inode = inodes[i]!;
      if (compareBytes(name, names[i + 1]!) < 0) break;
      names[i] = names[i + 1]!;
      inodes[i] = inodes[i + 1]!;
      names[i + 1] = name;
      inodes[i + 1] = inode;
    }
  }
}

const NO_XATTRS: readonly InodeXattr[] = [];

/** What overlayfs is to know of a file whose contents are elsewhere. */
export function contentXattrs(node: Leaf<Content>): readonly InodeXattr[] {
  if (node.kind !== "regular" || node.file.kind === "inline") return NO_XATTRS;
  const { path, digest } = node.file;
  const metacopy = metacopyXattr(digest);
  return path === undefined || path.length === 0 ? [metacopy] : [metacopy, redirectXattr(path)];
}

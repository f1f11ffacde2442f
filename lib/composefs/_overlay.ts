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
import { findHomes, isHome } from "../tree/homes.ts";
import {
  type Directory,
  type Entry,
  type Home,
  isWhiteout,
  type Leaf,
  type Special,
  type Stat,
  type Tree,
  type Xattr,
} from "../tree/tree.ts";
import type { FileInodes } from "./_file_inodes.ts";
import { ImageXattrs } from "./_image_xattrs.ts";
import {
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
export function overlayInodes<File>(
  tree: Tree<File>,
  files: FileInodes<File>,
  version: 0 | 1,
): Inode[] {
  return new Overlay(tree, files, version).inodes();
}

class Overlay<File> {
  readonly #leaves: readonly Leaf<File>[];
  /** What stands in the root where the tree has nothing: leaves whose numbers follow those of the table. */
  readonly #hiding: Leaf<File>;
  readonly #extended: ReadonlySet<number>;
  readonly #homes: ReadonlyMap<number, Home>;
  readonly #rootEntries: readonly Entry[];
  /** What becomes an inode, in the order of inodes: directories, and numbers of leaves. */
  readonly #nodes: (Directory | number)[];
  /** Number of each leaf's inode. */
  readonly #numbers: Uint32Array;
  /** Numbers of the directories' inodes, and of the directories that hold them; the root's is its own. */
  readonly #directories: number[] = [0];
  readonly #parents: number[] = [0];
  readonly #xattrs = new ImageXattrs();
  readonly #files: FileInodes<File>;
  readonly #version: 0 | 1;

  constructor(tree: Tree<File>, files: FileInodes<File>, version: 0 | 1) {
    this.#files = files;
    this.#version = version;
    this.#leaves = tree.leaves;
    this.#hiding = hidingWhiteout(tree.root.stat);
    this.#extended = tree.form?.extended ?? new Set();
    this.#homes = findHomes(tree);
    this.#rootEntries = rootEntries(tree);
    this.#nodes = [tree.root];
    this.#numbers = new Uint32Array(tree.leaves.length + HIDDEN_NAMES);
    this.#numberAll();
  }

  /** Brings all files into the order of the image, breadth first. */
  #numberAll(): void {
    const nodes = this.#nodes;
    for (let number = 0; number < nodes.length; number++) {
      const directory = nodes[number]!;
      if (typeof directory === "number") continue;
      for (const { name, node } of this.#entries(directory)) {
        if (typeof node !== "number") {
          this.#directories.push(nodes.length);
          this.#parents.push(number);
        } else if (this.#isHome(node, directory, name)) {
          this.#numbers[node] = nodes.length;
        } else continue;
        nodes.push(node);
      }
    }
  }

  #entries(directory: Directory): readonly Entry[] {
    return directory === this.#nodes[0] ? this.#rootEntries : directory.entries;
  }

  #isHome(leaf: number, directory: Directory, name: Uint8Array): boolean {
    const home = this.#homes.get(leaf);
    return home === undefined || isHome(home, directory, name);
  }

  inodes(): Inode[] {
    const inodes: Inode[] = [];
    /** How many directories have been turned into inodes, and how many have been met in others. */
    let done = 0;
    let met = 1;
    for (const node of this.#nodes) {
      if (typeof node === "number") {
        inodes.push(this.#leaf(node));
      } else {
        const inode = this.#directory(node, done++, met);
        met += inode.nlink - 2;
        inodes.push(inode);
      }
    }
    return inodes;
  }

  /** The inode of the directory `at` of all of them; the first that it holds is the one at `firstChild`. */
  #directory(directory: Directory, at: number, firstChild: number): Inode {
    const names: Uint8Array[] = [DOT, DOT_DOT];
    const inodes = [this.#directories[at]!, this.#parents[at]!];
    let child = firstChild;
    let holdsWhiteout = false;
    for (const { name, node } of this.#entries(directory)) {
      names.push(name);
      if (typeof node !== "number") {
        inodes.push(this.#directories[child++]!);
        continue;
      }
      inodes.push(this.#numbers[node]!);
      const leaf = this.#leaves[node];
      if (leaf !== undefined && isWhiteout(leaf) && this.#isHome(node, directory, name)) {
        holdsWhiteout = true;
      }
    }
    sortDots(names, inodes);
    const { stat } = directory;
    const marks = this.#directoryMarks(holdsWhiteout, at === 0);
    const xattrs = this.#xattrs.merge(stat.xattrs, marks);
    const data: InodeData = { kind: "entries", names, inodes };
    const nlink = 2 + child - firstChild;
    return { kind: "directory", stat, nlink, xattrs, data, extended: false };
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

  #leaf(number: number): Inode {
    const own = this.#leaves[number];
    const leaf = own ?? this.#hiding;
    const { kind, stat } = leaf;
    const { nlink } = stat;
    if (own !== undefined && isWhiteout(own)) {
      const xattrs = this.#xattrs.merge(stat.xattrs, this.#xattrs.marks(WHITEOUT_XATTRS));
      return { kind: "regular", stat, nlink, xattrs, data: NO_CONTENTS, extended: false };
    }
    const isFile = leaf.kind === "regular";
    const marks = isFile ? this.#files.xattrs(leaf.file) : NO_XATTRS;
    const xattrs = this.#xattrs.merge(stat.xattrs, marks);
    const data = isFile ? this.#files.data(leaf.file) : leaf;
    return { kind, stat, nlink, xattrs, data, extended: this.#extended.has(number) };
  }
}

const NO_CONTENTS: InodeData = { kind: "inline", bytes: new Uint8Array() };

/** How many names there are from `00` to `ff`: those of the directories of an object store. */
const HIDDEN_NAMES = 256;

/**
 * The root's entries and one for each of `00` to `ff` that is not among them, so that the object directories
 * stay hidden where the store is an ordinary lower layer.
 */
function rootEntries<File>({ root, leaves }: Tree<File>): Entry[] {
  const entries = [...root.entries];
  for (let byte = 0; byte < HIDDEN_NAMES; byte++) {
    const name = utf8(byte.toString(16).padStart(2, "0"));
    if (findEntry(root.entries, name) !== undefined) continue;
    entries.push({ name, node: leaves.length + byte });
  }
  return entries.sort((a, b) => compareBytes(a.name, b.name));
}

/** A whiteout that overlayfs is to see as such. */
function hidingWhiteout(stat: Stat): Special {
  const xattrs = stat.xattrs.filter((xattr) => equalBytes(xattr.name, SELINUX));
  return { kind: "character", stat: { ...stat, mode: 0o644, nlink: 1, xattrs }, rdev: 0 };
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

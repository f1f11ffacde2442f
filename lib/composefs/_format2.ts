/**
 * The inodes of an image of format version 2, which composefs-rs made before it could make C's, and still
 * makes for repositories of that time.
 *
 * They come depth first. No whiteouts hide the object directories, whiteouts of the tree stay what they
 * are, times lose their nanoseconds, and what overlayfs reads comes before a file's own xattrs.
 *
 * @see composefs-rs 0.9.4, `crates/composefs/src/erofs/writer.rs`
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import { utf8 } from "../bytes/text.ts";
import type { Inode, InodeData, InodeXattr } from "../erofs/inode.ts";
import { ALL_XATTR_PREFIXES, XattrNames } from "../erofs/xattr_name.ts";
import type { Directory, Leaf, Stat, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { nameCounts } from "../tree/walk.ts";
import type { FileInodes } from "./_file_inodes.ts";
import { sortDots } from "./_overlay.ts";
import { escapeXattr } from "./_overlay_xattrs.ts";
import { FORMAT2_LIMITS } from "./version.ts";

const DOT = utf8(".");
const DOT_DOT = utf8("..");
const EMPTY = new Uint8Array();

/**
 * Turns a valid tree into inodes, the root first.
 *
 * @throws {TreeError} If a file or a link holds more than this version does.
 */
export function format2Inodes<File>(tree: Tree<File>, files: FileInodes<File>): Inode[] {
  return new DepthFirst(tree, files).run();
}

/** A directory whose entries are being numbered. */
interface Level {
  readonly directory: Directory;
  readonly number: number;
  readonly names: Uint8Array[];
  readonly inodes: number[];
  subdirectories: number;
  next: number;
}

class DepthFirst<File> {
  readonly #inodes: Inode[] = [];
  /** Number of each leaf's inode, once one of its names has been met. */
  readonly #numbers: (number | undefined)[] = [];
  /** How many names each leaf has, if some have several. */
  readonly #counts: Uint32Array | undefined;
  readonly #names = new XattrNames(ALL_XATTR_PREFIXES);
  readonly #tree: Tree<File>;
  readonly #files: FileInodes<File>;

  constructor(tree: Tree<File>, files: FileInodes<File>) {
    this.#files = files;
    this.#tree = tree;
    this.#counts = nameCounts(tree);
  }

  run(): Inode[] {
    const levels = [this.#enter(this.#tree.root, 0)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = level.directory.entries[level.next++];
      if (entry === undefined) {
        this.#leave(level);
        levels.pop();
        continue;
      }
      level.names.push(entry.name);
      if (typeof entry.node === "number") {
        level.inodes.push(this.#numberOf(entry.node));
      } else {
        level.subdirectories++;
        level.inodes.push(this.#inodes.length);
        levels.push(this.#enter(entry.node, level.number));
      }
    }
    return this.#inodes;
  }

  /** Keeps a place: a directory comes before what is in it, and is known when all of that is. */
  #enter(directory: Directory, parent: number): Level {
    const number = this.#inodes.push(PLACEHOLDER) - 1;
    return {
      directory,
      number,
      names: [DOT, DOT_DOT],
      inodes: [number, parent],
      subdirectories: 0,
      next: 0,
    };
  }

  #leave({ directory: { stat }, number, names, inodes, subdirectories }: Level): void {
    sortDots(names, inodes);
    this.#inodes[number] = {
      kind: "directory",
      stat: wholeSeconds(stat),
      nlink: 2 + subdirectories,
      xattrs: this.#xattrs(stat),
      data: { kind: "entries", names, inodes },
      extended: false,
    };
  }

  /** Of a file with several names, the first that is met has the inode, wherever libcomposefs has it. */
  #numberOf(leaf: number): number {
    return this.#numbers[leaf] ??=
      this.#inodes.push(this.#leaf(this.#tree.leaves[leaf]!, this.#counts?.[leaf] ?? 1)) - 1;
  }

  #leaf(node: Leaf<File>, nlink: number): Inode {
    const { kind, stat } = node;
    const isFile = node.kind === "regular";
    const data = isFile ? this.#files.data(node.file) : node;
    checkSize(data);
    const xattrs = [...(isFile ? this.#files.xattrs(node.file) : []), ...this.#xattrs(stat)];
    return { kind, stat: wholeSeconds(stat), nlink, xattrs, data, extended: false };
  }

  #xattrs({ xattrs }: Stat): InodeXattr[] {
    return xattrs.toSorted((a, b) => compareBytes(a.name, b.name)).map(escapeXattr).map((xattr) => (
      { name: this.#names.of(xattr.name), head: EMPTY, rest: xattr.value }
    ));
  }
}

const NO_STAT: Stat = { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };
const PLACEHOLDER: Inode = {
  kind: "directory",
  stat: NO_STAT,
  nlink: 0,
  xattrs: [],
  data: { kind: "entries", names: [], inodes: [] },
  extended: false,
};

function wholeSeconds(stat: Stat): Stat {
  return stat.mtimeNsec === 0 ? stat : { ...stat, mtimeNsec: 0 };
}

function checkSize(data: InodeData): void {
  if (data.kind === "symlink" && data.target.length > FORMAT2_LIMITS.target) {
    throw new TreeError(
      "too-large",
      `Cannot make a link of ${data.target.length} bytes in format version 2: expected at most ${FORMAT2_LIMITS.target}`,
    );
  }
  if (data.kind === "inline" && data.bytes.length > FORMAT2_LIMITS.inline) {
    throw new TreeError(
      "too-large",
      `Cannot make a file of ${data.bytes.length} bytes inline in format version 2: expected at most ${FORMAT2_LIMITS.inline}`,
    );
  }
}

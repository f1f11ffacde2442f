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
import type { Content, Directory, Leaf, Node, Stat, Tree } from "../tree/tree.ts";
import { contentXattrs, sortDots } from "./_overlay.ts";
import { escapeXattr } from "./_overlay_xattrs.ts";

/** The longest file, and the longest target of a link, that composefs-rs puts into an image. */
const MAX_INLINE = 512;
const MAX_TARGET = 1024;

const DOT = utf8(".");
const DOT_DOT = utf8("..");
const EMPTY = new Uint8Array();

/**
 * Turns a valid tree into inodes, the root first.
 *
 * @throws {RangeError} If a file or a link holds more than this version does.
 */
export function format2Inodes(tree: Tree<Content>): Inode[] {
  return new DepthFirst(tree).run();
}

/** A directory whose entries are being numbered. */
interface Level {
  readonly directory: Directory<Content>;
  readonly number: number;
  readonly names: Uint8Array[];
  readonly inodes: number[];
  subdirectories: number;
  next: number;
}

class DepthFirst {
  readonly #inodes: Inode[] = [];
  /** Number of each file that has several names, once one of them has been met. */
  readonly #numbers = new Map<Leaf<Content>, number>();
  /** How many names beside its own a file has. */
  readonly #links = new Map<Leaf<Content>, number>();
  readonly #names = new XattrNames(ALL_XATTR_PREFIXES);
  readonly #tree: Tree<Content>;

  constructor(tree: Tree<Content>) {
    this.#tree = tree;
    this.#countLinks();
  }

  run(): Inode[] {
    const levels = [this.#enter(this.#tree, 0)];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = level.directory.entries[level.next++];
      if (entry === undefined) {
        this.#leave(level);
        levels.pop();
        continue;
      }
      level.names.push(entry.name);
      if (entry.node.kind === "directory") {
        level.subdirectories++;
        level.inodes.push(this.#inodes.length);
        levels.push(this.#enter(entry.node, level.number));
      } else {
        level.inodes.push(this.#numberOf(entry.node));
      }
    }
    return this.#inodes;
  }

  /** Keeps a place: a directory comes before what is in it, and is known when all of that is. */
  #enter(directory: Directory<Content>, parent: number): Level {
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
    };
  }

  /** Of a file with several names, the first that is met has the inode, whichever is the file's own. */
  #numberOf(node: Exclude<Node<Content>, Directory<Content>>): number {
    const leaf = node.kind === "hardlink" ? node.target : node;
    const links = this.#links.get(leaf) ?? 0;
    const known = links > 0 ? this.#numbers.get(leaf) : undefined;
    if (known !== undefined) return known;
    const number = this.#inodes.push(this.#leaf(leaf, 1 + links)) - 1;
    if (links > 0) this.#numbers.set(leaf, number);
    return number;
  }

  #leaf(node: Leaf<Content>, nlink: number): Inode {
    const { kind, stat } = node;
    checkSize(node);
    const xattrs = [...contentXattrs(node), ...this.#xattrs(stat)];
    const data: InodeData = node.kind === "regular" ? node.file : node;
    return { kind, stat: wholeSeconds(stat), nlink, xattrs, data };
  }

  #xattrs({ xattrs }: Stat): InodeXattr[] {
    return xattrs.toSorted((a, b) => compareBytes(a.name, b.name)).map(escapeXattr).map((xattr) => (
      { name: this.#names.of(xattr.name), head: EMPTY, rest: xattr.value }
    ));
  }

  #countLinks(): void {
    const directories: Directory<Content>[] = [this.#tree];
    for (let directory = directories.pop(); directory; directory = directories.pop()) {
      for (const { node } of directory.entries) {
        if (node.kind === "directory") directories.push(node);
        if (node.kind !== "hardlink") continue;
        this.#links.set(node.target, (this.#links.get(node.target) ?? 0) + 1);
      }
    }
  }
}

const NO_STAT: Stat = { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };
const PLACEHOLDER: Inode = {
  kind: "directory",
  stat: NO_STAT,
  nlink: 0,
  xattrs: [],
  data: { kind: "entries", names: [], inodes: [] },
};

function wholeSeconds(stat: Stat): Stat {
  return stat.mtimeNsec === 0 ? stat : { ...stat, mtimeNsec: 0 };
}

function checkSize(node: Leaf<Content>): void {
  if (node.kind === "symlink" && node.target.length > MAX_TARGET) {
    throw new RangeError(
      `Cannot make a link of ${node.target.length} bytes in format version 2: expected at most ${MAX_TARGET}`,
    );
  }
  if (node.kind !== "regular" || node.file.kind !== "inline") return;
  const { length } = node.file.bytes;
  if (length > MAX_INLINE) {
    throw new RangeError(
      `Cannot make a file of ${length} bytes inline in format version 2: expected at most ${MAX_INLINE}`,
    );
  }
}

/**
 * Takes back what `_overlay.ts` did: an image's inodes as the tree they were made of.
 *
 * Two views are to be had. `"exact"` is the inverse: the tree it gives makes the same image again.
 * `"libcomposefs"` is what composefs-info 1.0.8 reports, which loses a few things: which of a file's
 * names is its own, and xattrs of the source that look like marks of a whiteout.
 *
 * @module
 */

import { equalBytes, startsWith } from "../bytes/compare.ts";
import { concatBytes, printable, utf8 } from "../bytes/text.ts";
import { LAYOUT } from "../erofs/format.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { ErofsImage, ImageInode } from "../erofs/image.ts";
import type { ImageEntry } from "../erofs/read_directory.ts";
import type { ImageXattr } from "../erofs/read_xattrs.ts";
import { checkTarget, MAX_INLINE_SIZE, MAX_PATH_LENGTH } from "../tree/limits.ts";
import {
  type Content,
  type Directory,
  type Entry,
  externalContent,
  type Leaf,
  type Node,
  type Stat,
  type Tree,
  type Xattr,
} from "../tree/tree.ts";
import { findLinks, type ImageNode, type ImageTree } from "./_image_tree.ts";
import {
  ESCAPED_PREFIX,
  METACOPY_NAME,
  metacopyDigest,
  OVERLAY_PREFIX,
  REDIRECT_NAME,
  redirectPath,
  unescapeXattr,
  WHITEOUT_XATTRS,
  WHITEOUTS_OPAQUE_XATTRS,
  WHITEOUTS_XATTRS,
} from "./_overlay_xattrs.ts";

/** How an image is read: see the module. */
export type ImageView = "exact" | "libcomposefs";

/**
 * Interprets the inodes of an image.
 *
 * @param version The image's format version.
 * @throws {ImageFormatError} If a file holds what an image cannot.
 */
export function unoverlayTree(
  reader: ErofsImage,
  tree: ImageTree,
  version: number,
  view: ImageView,
): Tree<Content> {
  return new Unoverlay(reader, tree, version, view).run();
}

/** A directory whose entries are being filled in. */
interface Level {
  readonly node: ImageNode;
  readonly entries: Entry<Content>[];
  /** Whether the directory says of itself that it holds whiteouts. */
  readonly marked: boolean;
  next: number;
}

/** A hard link met before the name its file lives under. */
interface PendingLink {
  readonly entries: Entry<Content>[];
  readonly index: number;
  readonly nid: number;
}

class Unoverlay {
  readonly #reader: ErofsImage;
  readonly #tree: ImageTree;
  readonly #version: number;
  readonly #exact: boolean;
  /** Whether whiteouts stand for themselves, as in version 2 and for whoever knows of it. */
  readonly #plain: boolean;
  /** Entries that are links, or undefined if the first name met is a file's own. */
  readonly #links: ReadonlySet<ImageEntry> | undefined;
  readonly #leaves = new Map<number, Leaf<Content>>();
  readonly #pending: PendingLink[] = [];
  readonly #levels: Level[] = [];

  constructor(reader: ErofsImage, tree: ImageTree, version: number, view: ImageView) {
    this.#reader = reader;
    this.#tree = tree;
    this.#version = version;
    this.#exact = view === "exact";
    this.#plain = this.#exact && version === 2;
    // In version 2 it is the first name met, as here.
    this.#links = this.#exact && !this.#plain ? findLinks(tree) : undefined;
  }

  run(): Tree<Content> {
    const root = this.#enter(this.#tree.root);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.node.entries[level.next];
      if (entry === undefined) this.#levels.pop();
      else this.#add(level, entry, level.node.children[level.next++]!);
    }
    for (const { entries, index, nid } of this.#pending) {
      const target = this.#leaves.get(nid)!;
      entries[index] = { name: entries[index]!.name, node: { kind: "hardlink", target } };
    }
    return root;
  }

  #add(level: Level, entry: ImageEntry, node: ImageNode): void {
    const { kind, u } = node.inode;
    // The root's own whiteouts, which hide the object directories. Version 2 has none, but those of the tree.
    if (kind === "character" && u === 0 && !this.#plain) return;
    const { name } = entry;
    if (kind === "directory") {
      level.entries.push({ name, node: this.#enter(node) });
    } else if (this.#links?.has(entry)) {
      const index = level.entries.length;
      this.#pending.push({ entries: level.entries, index, nid: entry.nid });
      level.entries.push({ name, node: PLACEHOLDER });
    } else {
      level.entries.push({ name, node: this.#leafOrLink(node, level.marked) });
    }
  }

  #leafOrLink(node: ImageNode, inMarked: boolean): Node<Content> {
    const { nid } = node.inode;
    if (!this.#tree.linked.has(nid)) return this.#leaf(node, inMarked);
    const known = this.#leaves.get(nid);
    if (known !== undefined) return { kind: "hardlink", target: known };
    const leaf = this.#leaf(node, inMarked);
    this.#leaves.set(nid, leaf);
    return leaf;
  }

  #enter(node: ImageNode): Directory<Content> {
    const marks = this.#version >= 1
      ? [...WHITEOUTS_XATTRS, ...WHITEOUTS_OPAQUE_XATTRS]
      : WHITEOUTS_XATTRS;
    const marked = !this.#plain && hasAll(node.xattrs, marks);
    const entries: Entry<Content>[] = [];
    this.#levels.push({ node, entries, marked, next: 0 });
    // Marks are the overlay step's only if there is a whiteout: otherwise the source had them.
    const holdsWhiteout = marked && node.children.some((child, i) => {
      return isWhiteout(child) && !this.#links?.has(node.entries[i]!);
    });
    const stat = this.#stat(node, holdsWhiteout ? marks : []);
    return { kind: "directory", stat, entries, size: node.inode.size };
  }

  #leaf(node: ImageNode, inMarked: boolean): Leaf<Content> {
    const { inode } = node;
    const { kind } = inode;
    switch (kind) {
      case "regular": {
        const whiteout = this.#exact
          ? inMarked && isWhiteout(node)
          : find(node.xattrs, WHITEOUT_XATTRS[0]!.name) !== undefined;
        if (whiteout) {
          return { kind: "character", stat: this.#stat(node, WHITEOUT_XATTRS), rdev: 0 };
        }
        return { kind, stat: this.#stat(node, []), file: this.#content(node) };
      }
      case "symlink":
        return { kind, stat: this.#stat(node, []), target: this.#target(inode) };
      case "directory":
        throw new TypeError("A directory is no leaf");
      default: {
        const device = kind === "character" || kind === "block";
        const special = { kind, stat: this.#stat(node, []), rdev: device ? inode.u : 0 };
        return this.#isOversized(inode) ? { ...special, oversized: true } : special;
      }
    }
  }

  /** An extended inode without another reason for it: see `Special.oversized`. */
  #isOversized({ extended, mtime, mtimeNsec, nlink, uid, gid }: ImageInode): boolean {
    const { buildTime, buildTimeNsec } = this.#reader.superBlock;
    return this.#exact && this.#version <= 1 && extended && mtime === buildTime &&
      mtimeNsec === buildTimeNsec && nlink <= 0xffff && uid <= 0xffff && gid <= 0xffff;
  }

  #content({ inode, xattrs }: ImageNode): Content {
    const { size, layout, start } = inode;
    if (layout !== LAYOUT.chunkBased || size === 0) {
      if (size > MAX_INLINE_SIZE) {
        throw new ImageFormatError(
          start,
          `inline content of ${size} bytes, expected at most ${MAX_INLINE_SIZE}`,
        );
      }
      return { kind: "inline", bytes: this.#reader.data(inode) };
    }
    const path = redirectPath(find(xattrs, REDIRECT_NAME));
    if (path?.includes(0)) throw new ImageFormatError(start, "redirect with a NUL");
    const digest = this.#digest(find(xattrs, METACOPY_NAME));
    return externalContent(size, path, digest);
  }

  #digest(metacopy: ImageXattr | undefined): Uint8Array | undefined {
    try {
      const digest = metacopyDigest(metacopy);
      // libcomposefs knows of no other digest than that by SHA-256, and says that there is none.
      return this.#exact || digest?.length === 32 ? digest : undefined;
    } catch (error) {
      if (!(error instanceof ImageFormatError)) throw error;
      const { offset, cause, state } = error;
      throw new ImageFormatError(offset, `"${printable(this.#path())}": ${state}`, { cause });
    }
  }

  /** Path of the file that is being looked at, out of where the walk stands. */
  #path(): Uint8Array {
    return concatBytes(...this.#levels.flatMap(({ node, next }) => {
      return [SLASH, node.entries[next - 1]!.name];
    }));
  }

  #target(inode: ImageInode): Uint8Array {
    if (inode.size > MAX_PATH_LENGTH) {
      throw new ImageFormatError(
        inode.start,
        `symlink target of ${inode.size} bytes, expected at most ${MAX_PATH_LENGTH}`,
      );
    }
    const target = this.#reader.data(inode);
    try {
      checkTarget(target);
    } catch (cause) {
      throw new ImageFormatError(inode.start, (cause as Error).message, { cause });
    }
    return target;
  }

  #stat({ inode, xattrs }: ImageNode, marks: readonly Xattr[]): Stat {
    const { mode, uid, gid, nlink, mtime, mtimeNsec } = inode;
    // What libcomposefs takes for its own does not depend on what the overlay step would have added.
    const dropped = this.#exact ? marks : inode.kind === "regular" ? FILE_MARKS : OTHER_MARKS;
    return { mode, uid, gid, nlink, mtime, mtimeNsec, xattrs: sourceXattrs(xattrs, dropped) };
  }
}

/** The source's xattrs: without the given marks and what overlayfs itself reads, unescaped. */
function sourceXattrs(
  xattrs: readonly ImageXattr[],
  marks: readonly Xattr[],
): readonly Xattr[] {
  let kept: Xattr[] | undefined;
  for (const each of xattrs) {
    const { name } = each;
    const escaped = startsWith(name, ESCAPED_PREFIX);
    if (!escaped && startsWith(name, OVERLAY_PREFIX)) continue;
    if (find(marks, name) !== undefined) continue;
    kept ??= [];
    kept.push(escaped ? unescapeXattr(each.xattr) : each.xattr);
  }
  return kept ?? NO_XATTRS;
}

const NO_XATTRS: readonly Xattr[] = [];
const SLASH = utf8("/");

/** What libcomposefs takes for its own on a regular file, and on all others. */
const FILE_MARKS: readonly Xattr[] = [...WHITEOUT_XATTRS, ...WHITEOUTS_XATTRS];
const OTHER_MARKS: readonly Xattr[] = FILE_MARKS.filter((mark) => mark !== WHITEOUT_XATTRS[0]);

const PLACEHOLDER: Node<Content> = {
  kind: "regular",
  stat: { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] },
  file: { kind: "inline", bytes: new Uint8Array() },
};

/** Tells whether an inode is what the overlay step makes of a whiteout. */
function isWhiteout({ inode, xattrs }: ImageNode): boolean {
  return inode.kind === "regular" && inode.size === 0 && hasAll(xattrs, WHITEOUT_XATTRS);
}

function find<Named extends { readonly name: Uint8Array }>(
  xattrs: readonly Named[],
  name: Uint8Array,
): Named | undefined {
  for (let i = 0; i < xattrs.length; i++) {
    if (equalBytes(xattrs[i]!.name, name)) return xattrs[i];
  }
  return undefined;
}

function hasAll(xattrs: readonly ImageXattr[], wanted: readonly Xattr[]): boolean {
  return wanted.every(({ name, value }) => {
    const found = find(xattrs, name);
    return found !== undefined && equalBytes(found.value(), value);
  });
}

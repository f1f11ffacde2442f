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
import type { Inode, InodeData, InodeEntry } from "../erofs/inode.ts";
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
import {
  escapeXattr,
  metacopyXattr,
  redirectXattr,
  ROOT_OPAQUE,
  WHITEOUT_XATTRS,
  WHITEOUTS_OPAQUE_XATTRS,
  WHITEOUTS_XATTRS,
} from "./overlay_xattrs.ts";
import type { FormatVersion } from "./version.ts";

const DOT = utf8(".");
const DOT_DOT = utf8("..");
const SELINUX = utf8("security.selinux");

/**
 * Rewrites a valid tree.
 *
 * @returns The inodes in the order they stand in the image, the root first.
 */
export function overlayInodes(tree: Tree<Content>, version: FormatVersion): Inode[] {
  const synthetic = new Set<Leaf<Content>>();
  const places = breadthFirst(tree, synthetic);
  const numbers = numberTargets(places);
  return places.map((place, number) => {
    const { node } = place;
    if (node.kind === "directory") return directoryInode(place, node, number, numbers, version);
    return synthetic.has(node) ? plainInode(node) : leafInode(node);
  });
}

/** A node with its place in the order of inodes. */
interface Place {
  readonly node: Directory<Content> | Leaf<Content>;
  /** Number of the directory that holds it; the root's is its own. */
  readonly parent: number;
  /** A directory's entries as the image has them. */
  readonly entries: readonly Entry<Content>[];
  /** Number of the first node that lives in this directory; the others follow. */
  firstChild: number;
}

/** Numbers of the files that hard links lead to. */
function numberTargets(places: readonly Place[]): Map<Leaf<Content>, number> {
  const targets = new Set<Directory<Content> | Leaf<Content>>();
  for (const { entries } of places) {
    for (const { node } of entries) {
      if (node.kind === "hardlink") targets.add(node.target);
    }
  }
  const numbers = new Map<Leaf<Content>, number>();
  if (targets.size === 0) return numbers;
  places.forEach(({ node }, number) => {
    if (node.kind !== "directory" && targets.has(node)) numbers.set(node, number);
  });
  return numbers;
}

const NO_ENTRIES: readonly Entry<Content>[] = [];

function breadthFirst(tree: Tree<Content>, synthetic: Set<Leaf<Content>>): Place[] {
  const root = { node: tree, parent: 0, entries: rootEntries(tree, synthetic), firstChild: 0 };
  const places: Place[] = [root];
  for (let number = 0; number < places.length; number++) {
    const place = places[number]!;
    place.firstChild = places.length;
    for (const { node } of place.entries) {
      if (node.kind === "hardlink") continue;
      const entries = node.kind === "directory" ? node.entries : NO_ENTRIES;
      places.push({ node, parent: number, entries, firstChild: 0 });
    }
  }
  return places;
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

function directoryInode(
  place: Place,
  node: Directory<Content>,
  number: number,
  numbers: ReadonlyMap<Leaf<Content>, number>,
  version: FormatVersion,
): Inode {
  const entries: InodeEntry[] = [{ name: DOT, inode: number }, {
    name: DOT_DOT,
    inode: place.parent,
  }];
  let next = place.firstChild;
  let subdirectories = 0;
  for (const { name, node } of place.entries) {
    const inode = node.kind === "hardlink" ? numbers.get(node.target)! : next++;
    if (node.kind === "directory") subdirectories++;
    entries.push({ name, inode });
  }
  sortDots(entries);
  const added: Xattr[] = [];
  if (node.entries.some((entry) => isWhiteout(entry.node))) {
    added.push(...WHITEOUTS_XATTRS);
    if (version >= 1) added.push(...WHITEOUTS_OPAQUE_XATTRS);
  }
  if (number === 0) added.push(ROOT_OPAQUE);
  return {
    ...node.stat,
    kind: "directory",
    nlink: 2 + subdirectories,
    xattrs: imageXattrs(node.stat.xattrs, added),
    data: { kind: "entries", entries },
  };
}

/** Moves `.` and `..`, which lead the list, behind the names below them in byte order. */
function sortDots(entries: InodeEntry[]): void {
  for (let dot = 1; dot >= 0; dot--) {
    for (let i = dot; i + 1 < entries.length; i++) {
      const entry = entries[i]!;
      const after = entries[i + 1]!;
      if (compareBytes(entry.name, after.name) < 0) break;
      entries[i] = after;
      entries[i + 1] = entry;
    }
  }
}

function leafInode(node: Leaf<Content>): Inode {
  if (isWhiteout(node)) {
    return {
      ...node.stat,
      kind: "regular",
      xattrs: imageXattrs(node.stat.xattrs, WHITEOUT_XATTRS),
      data: { kind: "contents", bytes: new Uint8Array() },
    };
  }
  const xattrs = imageXattrs(node.stat.xattrs, contentXattrs(node));
  return { ...node.stat, kind: node.kind, xattrs, data: leafData(node) };
}

/** A leaf as it is: for the whiteouts of the root, which overlayfs is to see as such. */
function plainInode(node: Leaf<Content>): Inode {
  return { ...node.stat, kind: node.kind, data: leafData(node) };
}

function leafData(node: Leaf<Content>): InodeData {
  switch (node.kind) {
    case "symlink":
      return { kind: "target", bytes: node.target };
    case "regular":
      return node.file.kind === "inline"
        ? { kind: "contents", bytes: node.file.bytes }
        : { kind: "holes", size: node.file.size };
    default:
      return { kind: "none", rdev: node.rdev, oversized: node.oversized ?? false };
  }
}

const NO_XATTRS: readonly Xattr[] = [];

function contentXattrs(node: Leaf<Content>): readonly Xattr[] {
  if (node.kind !== "regular" || node.file.kind === "inline") return NO_XATTRS;
  const { path, digest } = node.file;
  const metacopy = metacopyXattr(digest);
  return path === undefined || path.length === 0 ? [metacopy] : [metacopy, redirectXattr(path)];
}

/** The source's xattrs, escaped, with ours added in place of any of the same name; in byte order. */
function imageXattrs(own: readonly Xattr[], added: readonly Xattr[]): readonly Xattr[] {
  // The lists of up to two that are added here are in order: most files of an image have just these.
  if (own.length === 0 && added.length <= 2) return added;
  const kept = own.map(escapeXattr).filter((xattr) =>
    !added.some((each) => equalBytes(each.name, xattr.name))
  );
  return [...kept, ...added].sort((a, b) => compareBytes(a.name, b.name));
}

/**
 * Two trees side by side, and what is different in them.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { quote } from "../bytes/text.ts";
import type { ImageEntry } from "../composefs/image_entry.ts";
import type { ComposefsImage } from "../composefs/open.ts";
import { SLOT_SIZE } from "../erofs/format.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { Content, Directory, Entry, Leaf, Stat, Tree, Xattr } from "../tree/tree.ts";

/** What files may differ in, where both trees have one at a path. */
export const ATTRIBUTES = [
  "type",
  "mode",
  "owner",
  "time",
  "xattrs",
  "contents",
  "target",
  "device",
  "links",
] as const;

/** One of {@linkcode ATTRIBUTES}. */
export type Attribute = (typeof ATTRIBUTES)[number];

/** A file as it is compared: a directory without what is in it, or whatever else it is. */
export type ComparedFile = Pick<Directory, "kind" | "stat"> | Leaf<Content>;

/** A path that is not the same in both trees. */
export interface Difference {
  /** Names of the directories on the way, and its own; none for the root. Not to be kept without a copy. */
  readonly names: readonly Uint8Array[];
  /** What stands there in the first tree; undefined if nothing does. */
  readonly before: ComparedFile | undefined;
  /** What stands there in the second. */
  readonly after: ComparedFile | undefined;
  /** What the two differ in; `type` alone, if that is it. Empty if one of them is missing. */
  readonly attributes: readonly Attribute[];
}

/**
 * Goes through two trees at once, directory by directory in byte order, and gives the paths at which they differ.
 * What is below a directory that only one of them has is given name by name.
 *
 * @example A tree whose file has got longer
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { differences, parseDumpfile } from "composefs-ts";
 *
 * const tree = (text: string) => {
 *   const dump = `/ 0 40755 2 0 0 0 0.0 - - -\n/a ${text.length} 100644 1 0 0 0 0.0 - ${text} -\n`;
 *   return parseDumpfile([new TextEncoder().encode(dump)]);
 * };
 * const found = [...differences(tree("hi"), tree("hello"))];
 * assertEquals(found.map(({ attributes }) => attributes), [["contents"]]);
 * ```
 */
export function differences(
  before: Tree<Content>,
  after: Tree<Content>,
): Generator<Difference, void, void> {
  return sideBySide(treeView(before), treeView(after));
}

/**
 * Compares two images likewise, of which no more is read than is looked at.
 *
 * @throws {ImageFormatError} If anything that is looked at is malformed.
 */
export function imageDifferences(
  before: ComposefsImage,
  after: ComposefsImage,
): Generator<Difference, void, void> {
  return sideBySide(imageView(before), imageView(after), (a, b) => a.isAlike(b));
}

/** A tree, whatever its files are kept in. */
interface View<File> {
  readonly root: File;
  name(file: File): Uint8Array;
  look(file: File): ComparedFile;
  /** How many identities there are, if they are counted from 0. */
  readonly count?: number;
  /** Equal for all names of one file; undefined of directories, and of files that have one name only. */
  identity(file: File): number | undefined;
  /** In byte order. To be asked of directories. */
  entries(file: File): readonly File[];
}

function treeView({ root, leaves }: Tree<Content>): View<Entry> {
  return {
    root: { name: NO_NAME, node: root },
    count: leaves.length,
    name: ({ name }) => name,
    look: ({ node }) => typeof node === "number" ? leaves[node]! : node,
    identity: ({ node }) => typeof node === "number" ? node : undefined,
    entries: ({ node }) => typeof node === "number" ? [] : node.entries,
  };
}

const NO_NAME = new Uint8Array();

function imageView({ root }: ComposefsImage): View<ImageEntry> {
  const seen = new Set<number>();
  return {
    root,
    name: ({ name }) => name,
    look: ({ node }) => node,
    identity: ({ nid, node }) =>
      node.kind === "directory" || node.stat.nlink === 1 ? undefined : nid,
    entries(directory) {
      const { nid } = directory;
      // Without this there would be no end of some images.
      if (seen.has(nid)) {
        const path = quote(directory.path);
        throw new ImageFormatError(nid * SLOT_SIZE, `directory ${path} has another name, too`);
      }
      seen.add(nid);
      return [...directory.entries()];
    },
  };
}

/** @param areAlike Tells of files, at a glance, that they are the same. */
function* sideBySide<A, B>(
  before: View<A>,
  after: View<B>,
  areAlike: (a: A, b: B) => boolean = () => false,
): Generator<Difference, void, void> {
  const links = [new Links(before.count), new Links(after.count)] as const;
  const names: Uint8Array[] = [];
  const levels: Level<A, B>[] = [];
  let step = 0;
  const visit = (a: A | undefined, b: B | undefined): Difference | undefined => {
    step++;
    if (a !== undefined && b !== undefined && areAlike(a, b)) return undefined;
    const [from, to] = [a && before.look(a), b && after.look(b)];
    const linkA = a && links[0].of(before.identity(a), step);
    const linkB = b && links[1].of(after.identity(b), step);
    if (from?.kind === "directory" || to?.kind === "directory") {
      levels.push({
        before: from?.kind === "directory" ? before.entries(a!) : [],
        after: to?.kind === "directory" ? after.entries(b!) : [],
        i: 0,
        j: 0,
      });
    }
    return compare(from, to, linkA === linkB, names);
  };
  const root = visit(before.root, after.root);
  if (root !== undefined) yield root;
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const a = level.before[level.i];
    const b = level.after[level.j];
    names.length = levels.length - 1;
    if (a === undefined && b === undefined) {
      levels.pop();
      continue;
    }
    const order = a === undefined
      ? 1
      : b === undefined
      ? -1
      : compareBytes(before.name(a), after.name(b));
    if (order <= 0) level.i++;
    if (order >= 0) level.j++;
    names.push(order <= 0 ? before.name(a!) : after.name(b!));
    const found = visit(order <= 0 ? a : undefined, order >= 0 ? b : undefined);
    if (found !== undefined) yield found;
  }
}

/** A directory of both trees, and which entries come next. */
interface Level<A, B> {
  readonly before: readonly A[];
  readonly after: readonly B[];
  i: number;
  j: number;
}

/** Tells names of one file by where the first of them was met. */
class Links {
  readonly #met: Map<number, number> | Uint32Array;

  /** @param count How many files there are, if they are numbered from 0. */
  constructor(count?: number) {
    this.#met = count === undefined ? new Map() : new Uint32Array(count);
  }

  /** The step at which the file was met first; that of now if it is new. Steps are counted from 1. */
  of(identity: number | undefined, step: number): number {
    if (identity === undefined) return step;
    const met = this.#met;
    if (met instanceof Map) {
      const known = met.get(identity);
      if (known === undefined) met.set(identity, step);
      return known ?? step;
    }
    return met[identity]! > 0 ? met[identity]! : met[identity] = step;
  }
}

function compare(
  before: ComparedFile | undefined,
  after: ComparedFile | undefined,
  hasSameLinks: boolean,
  names: readonly Uint8Array[],
): Difference | undefined {
  if (before === undefined || after === undefined) return { names, before, after, attributes: [] };
  const attributes = fileAttributes(before, after, hasSameLinks);
  return attributes.length === 0 ? undefined : { names, before, after, attributes };
}

/**
 * In what two files differ.
 *
 * @param hasSameLinks Whether their other names are the same.
 */
export function fileAttributes(
  before: ComparedFile,
  after: ComparedFile,
  hasSameLinks = true,
): Attribute[] {
  if (before.kind !== after.kind) return ["type"];
  const attributes: Attribute[] = [];
  compareStat(before.stat, after.stat, attributes);
  if (before.kind !== "directory" && before.stat.nlink !== after.stat.nlink || !hasSameLinks) {
    attributes.push("links");
  }
  compareOwn(before, after, attributes);
  return attributes;
}

function compareStat(a: Stat, b: Stat, attributes: Attribute[]): void {
  if (a === b) return;
  if (a.mode !== b.mode) attributes.push("mode");
  if (a.uid !== b.uid || a.gid !== b.gid) attributes.push("owner");
  if (!equalTimes(a, b)) attributes.push("time");
  if (!equalXattrs(a.xattrs, b.xattrs)) attributes.push("xattrs");
}

/** Tells whether two files have the same modification time. */
export function equalTimes(a: Stat, b: Stat): boolean {
  // A number and a bigint may be the same second.
  return a.mtimeNsec === b.mtimeNsec &&
    (a.mtime === b.mtime || BigInt(a.mtime) === BigInt(b.mtime));
}

/** Tells whether two files have the same extended attributes, in whatever order. */
export function equalXattrs(a: readonly Xattr[], b: readonly Xattr[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (a.every((xattr, i) => equalXattr(xattr, b[i]!))) return true;
  const sorted = [...b].sort(byName);
  return [...a].sort(byName).every((xattr, i) => equalXattr(xattr, sorted[i]!));
}

function byName(a: Xattr, b: Xattr): number {
  return compareBytes(a.name, b.name);
}

function equalXattr(a: Xattr, b: Xattr): boolean {
  return equalBytes(a.name, b.name) && equalBytes(a.value, b.value);
}

/** Compares what only files of one kind have. */
function compareOwn(a: ComparedFile, b: ComparedFile, attributes: Attribute[]): void {
  if (a.kind === "regular" && b.kind === "regular") {
    if (!equalContents(a.file, b.file)) attributes.push("contents");
  } else if (a.kind === "symlink" && b.kind === "symlink") {
    if (!equalBytes(a.target, b.target)) attributes.push("target");
  } else if ("rdev" in a && "rdev" in b) {
    if (a.rdev !== b.rdev) attributes.push("device");
  }
}

/** Tells whether two files have the same contents, in the same place. */
export function equalContents(a: Content, b: Content): boolean {
  if (a === b) return true;
  if (a.kind === "inline") return b.kind === "inline" && equalBytes(a.bytes, b.bytes);
  if (b.kind === "inline") return false;
  const isSameDigest = a.digest === undefined
    ? b.digest === undefined
    : b.digest !== undefined && a.digest.equals(b.digest);
  return a.size === b.size && isSameDigest && equalPaths(a.path, b.path);
}

function equalPaths(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

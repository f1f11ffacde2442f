/**
 * Two trees side by side, and what is different in them.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import type { Content, Directory, Entry, Node, Stat, Tree, Xattr } from "../tree/tree.ts";

/** What files may differ in, where both trees have one at a path. */
export type Attribute =
  | "type"
  | "mode"
  | "owner"
  | "time"
  | "xattrs"
  | "contents"
  | "target"
  | "device"
  | "links";

/** A path that is not the same in both trees. */
export interface Difference {
  /** Names of the directories on the way, and its own; none for the root. Not to be kept without a copy. */
  readonly names: readonly Uint8Array[];
  /** What stands there in the first tree; undefined if nothing does. */
  readonly before: Node<Content> | undefined;
  /** What stands there in the second. */
  readonly after: Node<Content> | undefined;
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
export function* differences(
  before: Tree<Content>,
  after: Tree<Content>,
): Generator<Difference, void, void> {
  const links = [new LinkNumbers(before), new LinkNumbers(after)] as const;
  const names: Uint8Array[] = [];
  const levels: Level[] = [];
  let step = 0;
  const visit = function* (a: Placed | undefined, b: Placed | undefined): Generator<Difference> {
    step++;
    const [linkA, linkB] = [links[0].of(a, step), links[1].of(b, step)];
    const difference = compare(a?.node, b?.node, linkA === linkB, names);
    if (difference !== undefined) yield difference;
    const [from, to] = [directoryOf(a), directoryOf(b)];
    if (from !== undefined || to !== undefined) {
      levels.push({ before: from?.entries ?? [], after: to?.entries ?? [], i: 0, j: 0 });
    }
  };
  yield* visit(placed(before, before.root), placed(after, after.root));
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const a = level.before[level.i];
    const b = level.after[level.j];
    names.length = levels.length - 1;
    if (a === undefined && b === undefined) {
      levels.pop();
      continue;
    }
    const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.name, b.name);
    if (order <= 0) level.i++;
    if (order >= 0) level.j++;
    names.push((order <= 0 ? a : b)!.name);
    yield* visit(
      order <= 0 ? placed(before, a!.node) : undefined,
      order >= 0 ? placed(after, b!.node) : undefined,
    );
  }
}

/** A directory of both trees, and which entries come next. */
interface Level {
  readonly before: readonly Entry[];
  readonly after: readonly Entry[];
  i: number;
  j: number;
}

/** A node, with the number of the leaf that it is. */
interface Placed {
  readonly node: Node<Content>;
  /** -1 of directories. */
  readonly leaf: number;
}

function placed({ leaves }: Tree<Content>, node: Directory | number): Placed {
  return typeof node === "number" ? { node: leaves[node]!, leaf: node } : { node, leaf: -1 };
}

function directoryOf(placed: Placed | undefined): Directory | undefined {
  return placed?.node.kind === "directory" ? placed.node : undefined;
}

/** Tells names of one file by where the first of them was met. */
class LinkNumbers {
  readonly #met: Uint32Array;

  constructor({ leaves }: Tree<Content>) {
    this.#met = new Uint32Array(leaves.length);
  }

  /** The step at which the file was met first; that of now if it is new. */
  of(placed: Placed | undefined, step: number): number {
    if (placed === undefined || placed.leaf < 0) return step;
    const met = this.#met[placed.leaf]!;
    if (met !== 0) return met;
    return this.#met[placed.leaf] = step;
  }
}

function compare(
  before: Node<Content> | undefined,
  after: Node<Content> | undefined,
  hasSameLinks: boolean,
  names: readonly Uint8Array[],
): Difference | undefined {
  if (before === undefined || after === undefined) return { names, before, after, attributes: [] };
  const attributes: Attribute[] = [];
  if (before.kind !== after.kind) {
    attributes.push("type");
  } else {
    compareStat(before.stat, after.stat, attributes);
    if (before.kind !== "directory" && before.stat.nlink !== after.stat.nlink || !hasSameLinks) {
      attributes.push("links");
    }
    compareOwn(before, after, attributes);
  }
  return attributes.length === 0 ? undefined : { names, before, after, attributes };
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
function compareOwn(a: Node<Content>, b: Node<Content>, attributes: Attribute[]): void {
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

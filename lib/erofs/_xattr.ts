/**
 * Extended attributes on disk: their entries, and which pairs of name and value inodes share.
 *
 * @see fs/erofs/erofs_fs.h, `struct erofs_xattr_entry`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { copyBytes } from "../bytes/copy.ts";
import { concatBytes, latin1 } from "../bytes/text.ts";
import type { Inode, InodeXattr } from "./inode.ts";
import { XATTR_ALIGNMENT, XATTR_ENTRY } from "./format.ts";
import type { XattrName } from "./xattr_name.ts";

/** The name filter of an inode: all ones, less one bit for each of its xattrs. */
export function xattrNameFilter(xattrs: readonly InodeXattr[]): number {
  let filter = 0xffffffff;
  for (let i = 0; i < xattrs.length; i++) filter &= ~xattrs[i]!.name.filterMask;
  return filter >>> 0;
}

/** Size in bytes of an entry with its name, value and padding. */
export function xattrEntrySize(xattr: InodeXattr): number {
  const size = XATTR_ENTRY.size + xattr.name.suffix.length + valueSize(xattr);
  return alignUp(size, XATTR_ALIGNMENT);
}

function valueSize({ head, rest, form }: InodeXattr): number {
  return head.length + (form === undefined ? rest.length : form.size(rest.length));
}

/**
 * Writes an entry with its name and value; the padding is left as it is.
 *
 * @param words The same memory.
 * @param at A multiple of four.
 * @returns Where it ends.
 */
export function writeXattrEntry(
  image: Uint8Array,
  words: Uint32Array,
  at: number,
  xattr: InodeXattr,
): number {
  const { name: { suffix, index }, head, rest, form } = xattr;
  const size = valueSize(xattr);
  // The whole header is one word: length and index of the name, size of the value.
  words[at / 4] = suffix.length | index << 8 | size << 16;
  const valueAt = at + XATTR_ENTRY.size + suffix.length;
  copyBytes(image, at + XATTR_ENTRY.size, suffix);
  copyBytes(image, valueAt, head);
  if (form === undefined) copyBytes(image, valueAt + head.length, rest);
  else form.write(rest, image, valueAt + head.length);
  return alignUp(valueAt + size, XATTR_ALIGNMENT);
}

/** The pairs of name and value that several inodes have: kept once, referred to by position. */
export interface SharedXattrs {
  /** In the order they stand in the image. */
  readonly table: readonly InodeXattr[];
  /** Size of the table in bytes. */
  readonly size: number;
  /**
   * For each xattr of each inode, in their order: how far from the start of the table its entry is, in
   * words of four bytes; -1 for a pair that is not shared.
   */
  readonly places: Int32Array;
}

/** A pair of name and value, with what is found out about it. */
interface Pair {
  readonly xattr: InodeXattr;
  count: number;
  /** Words from the start of the table, -1 while it is not in it. */
  place: number;
}

/**
 * Collects the pairs that occur at least twice in all inodes together.
 *
 * @param compare In which order they come.
 */
export function shareXattrs(
  inodes: readonly Inode[],
  compare: (a: InodeXattr, b: InodeXattr) => number = descendingByName,
): SharedXattrs {
  // Nearly all pairs of an image are digests and paths that come once. A sample of each is enough to know
  // that; only the others are worth a look at the whole.
  const { samples, seen } = sampleXattrs(inodes);
  const pairs = new Pairs();
  /** The pair of each xattr that is not known to come once, in their order. */
  const found: Pair[] = [];
  let next = 0;
  for (let inode = 0; inode < inodes.length; inode++) {
    const { xattrs } = inodes[inode]!;
    for (let i = 0; i < xattrs.length; i++) {
      if (seen[samples[next++]!] === 1) continue;
      const pair = pairs.of(xattrs[i]!);
      pair.count++;
      found.push(pair);
    }
  }
  const shared = pairs.all.filter((pair) => pair.count > 1);
  shared.sort((a, b) => compare(a.xattr, b.xattr));
  let size = 0;
  for (const pair of shared) {
    pair.place = size / XATTR_ALIGNMENT;
    size += xattrEntrySize(pair.xattr);
  }
  const places = new Int32Array(samples.length);
  let candidate = 0;
  for (let i = 0; i < places.length; i++) {
    places[i] = seen[samples[i]!] === 1 ? -1 : found[candidate++]!.place;
  }
  return { table: shared.map((pair) => pair.xattr), size, places };
}

/**
 * Takes a sample of each xattr of each inode.
 *
 * @returns The samples, which equal pairs have in common, and for each sample how often it was seen, up
 * to 2.
 */
function sampleXattrs(inodes: readonly Inode[]): { samples: Uint32Array; seen: Uint8Array } {
  let count = 0;
  for (let inode = 0; inode < inodes.length; inode++) count += inodes[inode]!.xattrs.length;
  // Sixteen places for each: of pairs that come once, one in seventeen meets another by chance.
  const seen = new Uint8Array(2 ** Math.min(Math.ceil(Math.log2(16 * count + 1)), 28));
  const mask = seen.length - 1;
  const samples = new Uint32Array(count);
  let next = 0;
  for (let inode = 0; inode < inodes.length; inode++) {
    const { xattrs } = inodes[inode]!;
    for (let i = 0; i < xattrs.length; i++) {
      const sample = sampleXattr(xattrs[i]!) & mask;
      samples[next++] = sample;
      if (seen[sample]! < 2) seen[sample]!++;
    }
  }
  return { samples, seen };
}

/** A hash of a name and of the last eight bytes of a value, which may be long. */
function sampleXattr({ name, rest }: InodeXattr): number {
  const end = rest.length;
  let hash = name.filterMask ^ end;
  if (end >= 8) {
    const high = rest[end - 8]! | rest[end - 7]! << 8 | rest[end - 6]! << 16 | rest[end - 5]! << 24;
    const low = rest[end - 4]! | rest[end - 3]! << 8 | rest[end - 2]! << 16 | rest[end - 1]! << 24;
    hash = Math.imul(Math.imul(hash ^ high, 0x9e3779b1) ^ low, 0x85ebca77);
  }
  return hash ^ hash >>> 15;
}

/** Bytes of a value that are looked at again for each inode that has it. */
const MAX_SHORT = 128;

/** Pairs that are compared one by one before a string is made of a value, to look it up in a map. */
const MAX_ALIKE = 8;

/** Pairs by name and value. */
class Pairs {
  readonly all: Pair[] = [];
  /** The first few pairs that have a sample in common; most often there is just one. */
  readonly #bySample = new Map<number, Pair[]>();
  /** All others: of values that were made to have one, or by chance. */
  readonly #byName = new Map<XattrName, Map<string, Pair>>();
  // In a tree read from an image, inodes share the objects too: a value of many kilobytes that a small
  // hostile image repeats thousands of times is looked at once.
  readonly #byXattr = new Map<InodeXattr, Pair>();

  of(xattr: InodeXattr): Pair {
    if (xattr.rest.length <= MAX_SHORT) return this.#find(xattr);
    let pair = this.#byXattr.get(xattr);
    if (pair === undefined) this.#byXattr.set(xattr, pair = this.#find(xattr));
    return pair;
  }

  #find(xattr: InodeXattr): Pair {
    const sample = sampleXattr(xattr);
    const alike = this.#bySample.get(sample);
    if (alike === undefined) {
      const pair = this.#add(xattr);
      this.#bySample.set(sample, [pair]);
      return pair;
    }
    for (const pair of alike) {
      if (equalXattrs(pair.xattr, xattr)) return pair;
    }
    if (alike.length === MAX_ALIKE) return this.#findByName(xattr);
    const pair = this.#add(xattr);
    alike.push(pair);
    return pair;
  }

  #findByName(xattr: InodeXattr): Pair {
    const { name, head, rest } = xattr;
    let values = this.#byName.get(name);
    if (values === undefined) this.#byName.set(name, values = new Map());
    const value = latin1(head) + latin1(rest);
    let pair = values.get(value);
    if (pair === undefined) values.set(value, pair = this.#add(xattr));
    return pair;
  }

  #add(xattr: InodeXattr): Pair {
    const pair = { xattr, count: 0, place: -1 };
    this.all.push(pair);
    return pair;
  }
}

/** Tells whether two have the same name and value. Where a value is cut in two, and its form, follow from its name. */
function equalXattrs(a: InodeXattr, b: InodeXattr): boolean {
  return a.name === b.name && equalBytes(a.head, b.head) && equalBytes(a.rest, b.rest);
}

/** Names descending, of one name the longest value first: the order of libcomposefs. */
function descendingByName(a: InodeXattr, b: InodeXattr): number {
  return compareBytes(b.name.bytes, a.name.bytes) || valueSize(b) - valueSize(a) ||
    compareBytes(b.head, a.head) || compareBytes(b.rest, a.rest);
}

/** By index of the prefix, then by the rest of the name, then by value: the order of composefs-rs. */
export function ascendingByIndex(a: InodeXattr, b: InodeXattr): number {
  return a.name.index - b.name.index || compareBytes(a.name.suffix, b.name.suffix) ||
    compareBytes(concatBytes(a.head, a.rest), concatBytes(b.head, b.rest));
}

/**
 * Extended attributes on disk: name prefixes, entries, the name filter, and which pairs are shared.
 *
 * @see fs/erofs/erofs_fs.h, `struct erofs_xattr_entry`; fs/erofs/xattr.c, `erofs_xattr_iter_inline`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { compareBytes, startsWith } from "../bytes/compare.ts";
import { binary, utf8 } from "../bytes/text.ts";
import type { Xattr } from "../tree/tree.ts";
import type { Inode } from "./inode.ts";
import { XATTR_ALIGNMENT, XATTR_ENTRY } from "./format.ts";
import { xxh32 } from "./xxh32.ts";

/**
 * Prefixes that an entry names by index instead of spelling them, in the order they are tried. Index 5
 * (`lustre.`) is read but never written, as mkcomposefs 1.0.8 has it.
 */
export const XATTR_PREFIXES: readonly { index: number; prefix: Uint8Array }[] = [
  { index: 1, prefix: utf8("user.") },
  { index: 2, prefix: utf8("system.posix_acl_access") },
  { index: 3, prefix: utf8("system.posix_acl_default") },
  { index: 4, prefix: utf8("trusted.") },
  { index: 6, prefix: utf8("security.") },
];

/** An xattr name as an entry holds it. */
export interface SplitName {
  /** `e_name_index`: which prefix the name begins with, 0 for none. */
  readonly index: number;
  /** The rest of the name. */
  readonly suffix: Uint8Array;
}

/** Splits a full name into prefix index and suffix. */
export function splitXattrName(name: Uint8Array): SplitName {
  for (const { index, prefix } of XATTR_PREFIXES) {
    if (startsWith(name, prefix)) return { index, suffix: name.subarray(prefix.length) };
  }
  return { index: 0, suffix: name };
}

/** `EROFS_XATTR_FILTER_SEED`. */
const FILTER_SEED = 0x25bbe08f;

const filterBits = new Map<string, number>();

/** The bit (as a mask) of the name filter that is cleared if an inode has an xattr of this name. */
function filterMask(name: Uint8Array): number {
  const key = binary(name);
  let mask = filterBits.get(key);
  if (mask === undefined) {
    const { index, suffix } = splitXattrName(name);
    mask = 1 << (xxh32(suffix, (FILTER_SEED + index) | 0) % 32);
    // Names come from the input: the memo is for the few that repeat, not for all there are.
    if (filterBits.size < 1024) filterBits.set(key, mask);
  }
  return mask;
}

/** The name filter of an inode: all ones, less one bit for each of its xattrs. */
export function xattrNameFilter(xattrs: readonly Xattr[]): number {
  let filter = 0xffffffff;
  for (const { name } of xattrs) filter &= ~filterMask(name);
  return filter >>> 0;
}

/** Size in bytes of an entry with its name, value and padding. */
export function xattrEntrySize(xattr: Xattr): number {
  const { suffix } = splitXattrName(xattr.name);
  return alignUp(XATTR_ENTRY.size + suffix.length + xattr.value.length, XATTR_ALIGNMENT);
}

/** Writes an entry with its name and value; the padding is left as it is. */
export function writeXattrEntry(image: Uint8Array, view: DataView, at: number, xattr: Xattr): void {
  const { index, suffix } = splitXattrName(xattr.name);
  XATTR_ENTRY.write(view, at, {
    nameLen: suffix.length,
    nameIndex: index,
    valueSize: xattr.value.length,
  });
  image.set(suffix, at + XATTR_ENTRY.size);
  image.set(xattr.value, at + XATTR_ENTRY.size + suffix.length);
}

/** The pairs of name and value that several inodes have: kept once, referred to by position. */
export interface SharedXattrs {
  /** In the order they stand in the image. */
  readonly table: readonly Xattr[];
  /** Size of the table in bytes. */
  readonly size: number;
  /**
   * Bytes from the start of the table to the entry, or undefined for a pair that is not shared.
   *
   * @param xattr One of the very objects that the inodes have.
   */
  offsetOf(xattr: Xattr): number | undefined;
}

/** A pair of name and value, with what is found out about it. */
interface Pair {
  readonly xattr: Xattr;
  count: number;
  /** Bytes from the start of the table, undefined while it is not in it. */
  offset: number | undefined;
}

/** Collects the pairs that occur at least twice in all inodes together. */
export function shareXattrs(inodes: readonly Inode[]): SharedXattrs {
  const pairs = new Map<string, Pair>();
  // In a tree read from an image, inodes share the objects too: a value of many kilobytes that a small
  // hostile image repeats thousands of times is looked at once.
  const pairOf = new Map<Xattr, Pair>();
  for (const { xattrs } of inodes) {
    for (const xattr of xattrs) {
      let pair = pairOf.get(xattr);
      if (pair === undefined) {
        const key = pairKey(xattr);
        pair = pairs.get(key);
        if (pair === undefined) pairs.set(key, pair = { xattr, count: 0, offset: undefined });
        pairOf.set(xattr, pair);
      }
      pair.count++;
    }
  }
  const shared = [...pairs.values()].filter((pair) => pair.count > 1);
  shared.sort((a, b) => -comparePairs(a.xattr, b.xattr));
  let size = 0;
  for (const pair of shared) {
    pair.offset = size;
    size += xattrEntrySize(pair.xattr);
  }
  return {
    table: shared.map((pair) => pair.xattr),
    size,
    offsetOf: (xattr) => pairOf.get(xattr)?.offset,
  };
}

/** Names have no NUL, so the first one in a key ends the name. */
function pairKey({ name, value }: Xattr): string {
  return binary(name) + "\0" + binary(value);
}

function comparePairs(a: Xattr, b: Xattr): number {
  return compareBytes(a.name, b.name) || a.value.length - b.value.length ||
    compareBytes(a.value, b.value);
}

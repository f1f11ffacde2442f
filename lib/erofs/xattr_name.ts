/**
 * Names of extended attributes as images have them: a known prefix by number, the rest, and a bit in the
 * filter by which the kernel skips inodes that cannot have the name.
 *
 * @see fs/erofs/erofs_fs.h, `struct erofs_xattr_entry`; fs/erofs/xattr.c, `erofs_xattr_iter_inline`
 *
 * @module
 */

import { equalBytes, startsWith } from "../bytes/compare.ts";
import { latin1, utf8 } from "../bytes/text.ts";
import { xxh32 } from "./_xxh32.ts";

/** `EROFS_XATTR_INDEX_POSIX_ACL_ACCESS` and `_DEFAULT`. */
const ACL_ACCESS = 2;
const ACL_DEFAULT = 3;

/** A prefix that an entry names by index instead of spelling it. */
export interface XattrPrefix {
  readonly index: number;
  readonly prefix: Uint8Array;
}

/** The prefixes that mkcomposefs 1.0.8 knows. None of them begins another. */
export const XATTR_PREFIXES: readonly XattrPrefix[] = [
  { index: 1, prefix: utf8("user.") },
  { index: ACL_ACCESS, prefix: utf8("system.posix_acl_access") },
  { index: ACL_DEFAULT, prefix: utf8("system.posix_acl_default") },
  { index: 4, prefix: utf8("trusted.") },
  { index: 6, prefix: utf8("security.") },
];

/** All that the format has; composefs-rs names these in images of format version 2. */
export const ALL_XATTR_PREFIXES: readonly XattrPrefix[] = [
  ...XATTR_PREFIXES,
  { index: 5, prefix: utf8("lustre.") },
];

/** `EROFS_XATTR_FILTER_SEED`. */
const FILTER_SEED = 0x25bbe08f;

/** A name with what follows from it. */
export interface XattrName {
  /** The whole name. */
  readonly bytes: Uint8Array;
  /** `e_name_index`: which prefix the name begins with, 0 for none. */
  readonly index: number;
  /** The rest of the name. */
  readonly suffix: Uint8Array;
  /** The bit (as a mask) of the name filter that is cleared if an inode has an xattr of this name. */
  readonly filterMask: number;
}

/** Tells whether a name is that of a POSIX ACL. */
export function isAclName({ index, suffix }: XattrName): boolean {
  return (index === ACL_ACCESS || index === ACL_DEFAULT) && suffix.length === 0;
}

/** Takes a name apart, by the prefixes that its writer knows. */
export function xattrName(bytes: Uint8Array, prefixes = XATTR_PREFIXES): XattrName {
  const { index, prefix } = prefixes.find(({ prefix }) => startsWith(bytes, prefix)) ?? NO_PREFIX;
  const suffix = bytes.subarray(prefix.length);
  const filterMask = 1 << (xxh32(suffix, (FILTER_SEED + index) | 0) % 32);
  return { bytes, index, suffix, filterMask };
}

const NO_PREFIX = { index: 0, prefix: new Uint8Array() };

/** Names taken apart once each, however often they come. */
export class XattrNames {
  readonly #known = new Map<string, XattrName>();
  readonly #prefixes: readonly XattrPrefix[];
  #last: XattrName | undefined;

  constructor(prefixes: readonly XattrPrefix[] = XATTR_PREFIXES) {
    this.#prefixes = prefixes;
  }

  /** Gives the one object that stands for a name. */
  of(bytes: Uint8Array): XattrName {
    // Most of the time one name, that of a label, is on every file.
    if (this.#last !== undefined && equalBytes(this.#last.bytes, bytes)) return this.#last;
    const key = latin1(bytes);
    let name = this.#known.get(key);
    if (name === undefined) this.#known.set(key, name = xattrName(bytes, this.#prefixes));
    return this.#last = name;
  }
}

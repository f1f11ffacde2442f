/**
 * What the kernel makes of permissions when a file gets an access ACL.
 *
 * The two say the same thing twice, and the ACL wins: the owner's, the mask's and everybody's permissions become
 * those of the mode. One that says no more than a mode is not kept at all.
 *
 * @see acl(5), "CORRESPONDENCE BETWEEN ACL ENTRIES AND FILE PERMISSION BITS"
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { utf8 } from "../bytes/text.ts";
import type { Stat } from "../tree/tree.ts";

const ACCESS = utf8("system.posix_acl_access");

const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;

/** Bits of a mode that entries of each kind say, by their tags; those of the mask come after the group's. */
const SHIFTS: ReadonlyMap<number, number> = new Map([[0x01, 6], [0x04, 3], [0x20, 0]]);
const NAMED_USER = 0x02;
const NAMED_GROUP = 0x08;
const MASK = 0x10;

/**
 * Metadata as it is once its ACL has been set.
 *
 * @param refuse Makes what is thrown for an ACL that the kernel does not take.
 */
export function aclStat(stat: Stat, refuse: (state: string) => Error): Stat {
  const acl = stat.xattrs.find(({ name }) => equalBytes(name, ACCESS));
  if (acl === undefined) return stat;
  const permissions = readAcl(acl.value);
  if (permissions === undefined) {
    throw refuse(`an access ACL of ${acl.value.length} bytes that is none`);
  }
  const mode = stat.mode & ~0o777 | permissions.mode;
  const xattrs = permissions.isMode ? stat.xattrs.filter((each) => each !== acl) : stat.xattrs;
  return { ...stat, mode, xattrs };
}

/** The permissions that an ACL says, and whether that is all; undefined if it is none. */
function readAcl(value: Uint8Array): { mode: number; isMode: boolean } | undefined {
  const size = value.length - HEADER_SIZE;
  if (size < 0 || size % ENTRY_SIZE !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getUint32(0, true) !== VERSION) return undefined;
  const seen = new Set<number>();
  let mode = 0;
  let mask: number | undefined;
  let last = 0;
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    const tag = view.getUint16(at, true);
    const bits = view.getUint16(at + 2, true);
    const isNamed = tag === NAMED_USER || tag === NAMED_GROUP;
    if (bits > 7 || tag < last || tag === last && !isNamed) return undefined;
    last = tag;
    seen.add(tag);
    const shift = SHIFTS.get(tag);
    if (shift !== undefined) mode |= bits << shift;
    else if (tag === MASK) mask = bits;
    else if (!isNamed) return undefined;
  }
  const isMode = seen.size === SHIFTS.size;
  if (![...SHIFTS.keys()].every((tag) => seen.has(tag)) || !isMode && mask === undefined) {
    return undefined;
  }
  return { mode: mask === undefined ? mode : mode & ~0o070 | mask << 3, isMode };
}

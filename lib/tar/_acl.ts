/**
 * POSIX ACLs as text, in which tar programs keep them.
 *
 * `tar --acls` and bsdtar take ACLs from nowhere else: they pass over `system.posix_acl_access` among the
 * xattrs, and a file that had one then is as open to its group as its mask was.
 *
 * @see acl(5), "SHORT TEXT FORM"; include/uapi/linux/posix_acl_xattr.h
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";

const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;

/** `ACL_USER_OBJ` and so on. */
const TAGS: ReadonlyMap<number, { readonly word: string; readonly hasId: boolean }> = new Map([
  [0x01, { word: "user", hasId: false }],
  [0x02, { word: "user", hasId: true }],
  [0x04, { word: "group", hasId: false }],
  [0x08, { word: "group", hasId: true }],
  [0x10, { word: "mask", hasId: false }],
  [0x20, { word: "other", hasId: false }],
]);

/** Entries that each ACL has exactly one of. */
const NEEDED: readonly number[] = [0x01, 0x04, 0x20];

/**
 * Writes the value of an ACL's xattr as text: `user::rwx,user:1234:r-x,…`, owners as numbers.
 *
 * @returns Undefined if the value is no ACL: of another version, cut, or without what each has. Whether the
 * kernel would take it (its order, a mask where there must be one) is left to whoever sets it.
 */
export function aclText(value: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const entries = value.length - HEADER_SIZE;
  if (entries <= 0 || entries % ENTRY_SIZE !== 0) return undefined;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (view.getUint32(0, true) !== VERSION) return undefined;
  const words: string[] = [];
  const seen = new Set<number>();
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    const [number, permissions] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    const tag = TAGS.get(number);
    if (tag === undefined || permissions > 7 || (!tag.hasId && seen.has(number))) return undefined;
    seen.add(number);
    const id = tag.hasId ? `${view.getUint32(at + 4, true)}` : "";
    words.push(`${tag.word}:${id}:${permissionText(permissions)}`);
  }
  return NEEDED.every((tag) => seen.has(tag)) ? utf8(words.join(",")) : undefined;
}

function permissionText(bits: number): string {
  return [...("rwx")].map((letter, i) => (bits & 4 >> i) !== 0 ? letter : "-").join("");
}

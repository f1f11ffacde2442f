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

import { latin1, quote, utf8 } from "../bytes/text.ts";
import type { Refuse } from "./tar_format_error.ts";

/** Keywords of ACLs in extended headers, each with the attribute that it is. */
export const ACL_KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["SCHILY.acl.access", "system.posix_acl_access"],
  ["SCHILY.acl.default", "system.posix_acl_default"],
]);

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
const MASK = 0x10;

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

/** Largest number that an entry can name someone by; the one above it stands for nobody. */
const MAX_ID = 2 ** 32 - 2;
const NO_ID = 2 ** 32 - 1;

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

/** Between the entries of a text. */
const SEPARATOR = /[,\n]/;
/** An entry; bsdtar and star add a named owner's number at its end. */
const ENTRY = /^(user|group|mask|other):([^:]*):([r-][w-][x-])(?::(\d+))?$/;

/**
 * The value of an ACL's xattr that a text stands for, its entries in the order that the kernel wants.
 *
 * @throws {TarFormatError} As `refuse` makes it, if it is no ACL, or names owners without their numbers.
 */
export function aclValue(text: Uint8Array, refuse: Refuse): Uint8Array<ArrayBuffer> {
  const entries: AclEntry[] = [];
  for (const part of latin1(text).split(SEPARATOR)) {
    const word = part.trim();
    if (word !== "") entries.push(aclEntry(word, refuse));
  }
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  checkEntries(entries, refuse);
  const value = new Uint8Array(HEADER_SIZE + ENTRY_SIZE * entries.length);
  const view = new DataView(value.buffer);
  view.setUint32(0, VERSION, true);
  for (const [index, { tag, permissions, id }] of entries.entries()) {
    const at = HEADER_SIZE + ENTRY_SIZE * index;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  }
  return value;
}

function aclEntry(text: string, refuse: Refuse): AclEntry {
  const [, word, owner, letters, number] = ENTRY.exec(text) ?? [];
  const hasId = owner !== "";
  const tag = [...TAGS].find(([, tag]) => tag.word === word && tag.hasId === hasId)?.[0];
  if (letters === undefined || tag === undefined) {
    throw refuse(`has an ACL with the entry ${quote(utf8(text))}, expected one like user:1000:r-x`);
  }
  const permissions = [...letters].reduce(
    (bits, letter) => bits << 1 | (letter === "-" ? 0 : 1),
    0,
  );
  if (!hasId) return { tag, permissions, id: NO_ID };
  const digits = number ?? owner!;
  if (!/^\d{1,10}$/.test(digits) || Number(digits) > MAX_ID) {
    const expected = "expected a number: names mean different owners on each system";
    throw refuse(`has an ACL for the ${word} ${quote(utf8(digits))}, ${expected}`);
  }
  return { tag, permissions, id: Number(digits) };
}

/** Holds the entries, in their order, against what the kernel takes. */
function checkEntries(entries: readonly AclEntry[], refuse: Refuse): void {
  const tags = new Set(entries.map(({ tag }) => tag));
  if (!NEEDED.every((tag) => tags.has(tag))) {
    throw refuse("has an ACL without entries for user, group and other");
  }
  const isNamed = [...tags].some((tag) => TAGS.get(tag)!.hasId);
  if (isNamed && !tags.has(MASK)) throw refuse("has an ACL with named owners and no mask");
  for (const [index, { tag, id }] of entries.entries()) {
    const next = entries[index + 1];
    if (next !== undefined && next.tag === tag && next.id === id) {
      throw refuse("has an ACL with two entries for one owner");
    }
  }
}

function permissionText(bits: number): string {
  return [...("rwx")].map((letter, i) => (bits & 4 >> i) !== 0 ? letter : "-").join("");
}

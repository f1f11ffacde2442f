/**
 * Records of a pax extended header: what the header proper has no room for.
 *
 * A record is its length in decimal, a blank, `keyword=value` and a newline; the length counts itself.
 *
 * @see POSIX.1-2017, pax, "pax Extended Header"
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { concatBytes, utf8 } from "../bytes/text.ts";
import type { Xattr } from "../tree/tree.ts";
import { ACL_KEYWORDS, aclText } from "./acl.ts";

const NEWLINE = utf8("\n");

/** Encodes one record. */
export function paxRecord(
  keyword: string | Uint8Array,
  value: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const key = typeof keyword === "string" ? utf8(keyword) : keyword;
  const bytes = typeof value === "string" ? utf8(value) : value;
  const rest = key.length + bytes.length + 3;
  let length = rest + `${rest}`.length;
  // One digit more may make the length one digit longer.
  if (`${length}`.length > `${rest}`.length) length = rest + `${length}`.length;
  return concatBytes(utf8(`${length} `), key, EQUALS, bytes, NEWLINE);
}

const EQUALS = utf8("=");
const XATTR_PREFIX = utf8("SCHILY.xattr.");

const ACL_NAMES: readonly (readonly [keyword: string, name: Uint8Array])[] = [...ACL_KEYWORDS]
  .map(([keyword, name]) => [keyword, utf8(name)]);

/** Encodes an extended attribute; an ACL also as text, since programs take it from there only. */
export function xattrRecords(xattr: Xattr): Uint8Array<ArrayBuffer>[] {
  const records = [xattrRecord(xattr)];
  const keyword = ACL_NAMES.find(([, name]) => equalBytes(name, xattr.name))?.[0];
  const text = keyword === undefined ? undefined : aclText(xattr.value);
  if (text !== undefined) records.push(paxRecord(keyword!, text));
  return records;
}

/**
 * Encodes an extended attribute: the value as it is, and so the name as far as that can be. A `=` in it would
 * end it, so GNU tar 1.34 reads `%3D` for it, and `%25` for a `%`. Others (bsdtar, Go, Python) take the name as
 * it stands; so a `%` is written as it is where GNU tar does not read it otherwise.
 */
function xattrRecord({ name, value }: Xattr): Uint8Array<ArrayBuffer> {
  const escaped: number[] = [];
  for (const [at, byte] of name.entries()) {
    if (byte === 0x3d) escaped.push(...ESCAPED_EQUALS);
    else if (byte === 0x25 && looksEscaped(name, at)) escaped.push(...ESCAPED_PERCENT);
    else escaped.push(byte);
  }
  return paxRecord(concatBytes(XATTR_PREFIX, Uint8Array.from(escaped)), value);
}

const ESCAPED_EQUALS = utf8("%3D");
const ESCAPED_PERCENT = utf8("%25");

function looksEscaped(name: Uint8Array, at: number): boolean {
  const three = name.subarray(at, at + 3);
  return equalBytes(three, ESCAPED_EQUALS) || equalBytes(three, ESCAPED_PERCENT);
}

const BILLION = 1_000_000_000n;

/**
 * A time as a decimal number of seconds, negative before the epoch: -1 s and 750,000,000 ns are `-0.25`.
 *
 * @param nanoseconds Added to the seconds; from 0 to 2^32-1.
 */
export function paxTime(seconds: number | bigint, nanoseconds: number): string {
  const total = BigInt(seconds) * BILLION + BigInt(nanoseconds);
  const magnitude = total < 0n ? -total : total;
  const fraction = `${magnitude % BILLION}`.padStart(9, "0").replace(/0+$/, "");
  const whole = `${total < 0n ? "-" : ""}${magnitude / BILLION}`;
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

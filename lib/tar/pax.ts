/**
 * Records of a pax extended header: what the header proper has no room for.
 *
 * A record is its length in decimal, a blank, `keyword=value` and a newline; the length counts itself.
 *
 * @see POSIX.1-2017, pax, "pax Extended Header"
 *
 * @module
 */

import { concatBytes, utf8 } from "../bytes/text.ts";
import type { Xattr } from "../tree/tree.ts";

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

/**
 * Encodes an extended attribute as GNU tar 1.34 reads and writes it: the value as it is, `=` and `%` in
 * the name as `%3D` and `%25`.
 */
export function xattrRecord({ name, value }: Xattr): Uint8Array<ArrayBuffer> {
  const escaped: number[] = [];
  for (const byte of name) {
    if (byte === 0x3d) escaped.push(0x25, 0x33, 0x44);
    else if (byte === 0x25) escaped.push(0x25, 0x32, 0x35);
    else escaped.push(byte);
  }
  return paxRecord(concatBytes(XATTR_PREFIX, Uint8Array.from(escaped)), value);
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

/**
 * One entry in the table of contents of a zstd:chunked layer: its fields as values of ours.
 *
 * @see https://github.com/containers/storage/blob/v1.59.0/pkg/chunked/internal/minimal/compression.go
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import type { TarMember, TarMemberKind } from "../tar/member.ts";
import type { Stat, Xattr } from "../tree/tree.ts";
import type { JsonValue } from "./_json.ts";

const KINDS: ReadonlyMap<string, TarMemberKind> = new Map([
  ["reg", "regular"],
  ["hardlink", "hardlink"],
  ["symlink", "symlink"],
  ["char", "character"],
  ["block", "block"],
  ["dir", "directory"],
  ["fifo", "fifo"],
]);

const MAX_ID = 2 ** 32 - 1;
/** Largest numbers that the kernel's encoding of devices in 32 bits has room for. */
const MAX_MAJOR = 2 ** 12 - 1;
const MAX_MINOR = 2 ** 20 - 1;

/** Stands for bytes that are not UTF-8, as do halves of surrogate pairs. */
const REPLACED = /[\ufffd\ud800-\udfff]/u;

/** The fields of an entry that describe a file. */
export interface TocFile {
  /** What the archive says of it. */
  readonly member: TarMember;
  /** A name in it is not known for sure: bytes that are not UTF-8 got lost when the table was written. */
  readonly isUncertain: boolean;
}

/** Reads the kind of an entry: undefined for one more chunk of a file. */
export function readKind(entry: JsonValue): TarMemberKind | undefined {
  const type = entry.get("type");
  const text = type.text();
  const kind = KINDS.get(text);
  if (kind === undefined && text !== "chunk") {
    throw type.refuse(`chunk, ${[...KINDS.keys()].join(", ")}`);
  }
  return kind;
}

/** Reads what an entry says of a file, but for its contents. */
export function readTocFile(entry: JsonValue, kind: TarMemberKind): TocFile {
  const name = nameOf(entry.get("name"));
  if (name === "") throw entry.get("name").refuse("a name");
  const isLink = kind === "hardlink" || kind === "symlink";
  const linkName = isLink ? nameOf(entry.get("linkname")) : "";
  if (isLink && linkName === "") throw entry.get("linkname").refuse("the target of a link");
  const isDevice = kind === "character" || kind === "block";
  const stat = readStat(entry);
  const member: TarMember = {
    kind,
    name: utf8(name),
    linkName: utf8(linkName),
    size: kind === "regular" ? numberOf(entry, "size", Number.MAX_SAFE_INTEGER) : 0,
    rdev: isDevice ? readDevice(entry) : 0,
    stat,
  };
  const isUncertain = REPLACED.test(name) || REPLACED.test(linkName) ||
    (entry.find("xattrs")?.members() ?? []).some(([xattr]) => REPLACED.test(xattr));
  return { member, isUncertain };
}

function readStat(entry: JsonValue): Stat {
  const time = entry.find("modtime");
  return {
    // Archives may have the file's type there, too.
    mode: numberOf(entry, "mode", Number.MAX_SAFE_INTEGER) % 0o10000,
    uid: numberOf(entry, "uid", MAX_ID),
    gid: numberOf(entry, "gid", MAX_ID),
    nlink: 1,
    ...time === undefined ? { mtime: 0, mtimeNsec: 0 } : readTime(time),
    xattrs: (entry.find("xattrs")?.members() ?? []).map(([name, value]) => readXattr(name, value)),
  };
}

/** Reads a number, 0 if it is absent: so zeros are written. */
export function numberOf(entry: JsonValue, key: string, most: number): number {
  const value = entry.find(key);
  const number = value?.count() ?? 0;
  if (number > most) throw value!.refuse(`at most ${most}`);
  return number;
}

/** A name as it stands, which no NUL may be in. */
function nameOf(value: JsonValue): string {
  const name = value.text();
  if (name.includes("\0")) throw value.refuse("a name without NUL");
  return name;
}

function readDevice(entry: JsonValue): number {
  const major = numberOf(entry, "devmajor", MAX_MAJOR);
  const minor = numberOf(entry, "devminor", MAX_MINOR);
  return (minor & 0xff | major << 8 | (minor & ~0xff) << 12) >>> 0;
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads a time of RFC 3339, as Go writes it. */
function readTime(value: JsonValue): Pick<Stat, "mtime" | "mtimeNsec"> {
  const expected = "a time as in 2001-02-03T04:05:06.789Z";
  const match = TIME.exec(value.text());
  if (match === null) throw value.refuse(expected);
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  // The constructor takes years below 100 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  date.setUTCHours(hour!, minute, second);
  const [, , , , , , , fraction = "", sign, zoneHours = "0", zoneMinutes = "0"] = match;
  const isDate = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day;
  if (!isDate || hour! > 23 || minute! > 59 || second! > 59 || Number(zoneMinutes) > 59) {
    throw value.refuse(expected);
  }
  const zone = 3600 * Number(zoneHours) + 60 * Number(zoneMinutes);
  const mtime = date.getTime() / 1000 - (sign === "-" ? -zone : zone);
  return { mtime, mtimeNsec: Number(fraction.padEnd(9, "0")) };
}

/** Longest value of an xattr, in bytes: as long as the kernel takes them. */
const MAX_XATTR_SIZE = 65_536;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readXattr(name: string, value: JsonValue): Xattr {
  const text = value.text();
  if (name === "" || name.includes("\0")) throw value.refuse("an xattr with a name");
  if (text.length > 4 * Math.ceil(MAX_XATTR_SIZE / 3) || !BASE64.test(text)) {
    throw value.refuse(`base64 of at most ${MAX_XATTR_SIZE} bytes`);
  }
  return { name: utf8(name), value: Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)) };
}

/**
 * From a header, and the extended headers that apply to it, to a member.
 *
 * @module
 */

import { concatBytes, quote, utf8 } from "../bytes/text.ts";
import { startsWith } from "../bytes/compare.ts";
import { encodeDevice } from "../tree/device.ts";
import type { Stat } from "../tree/tree.ts";
import { HEADER_FIELDS, TYPE_FLAGS } from "./_header.ts";
import { decimal, decimalTime, fieldNumber, isTime, type Time } from "./_numbers.ts";
import type { Prelude } from "./_prelude.ts";
import { oldSparseLayout, paxSparseLayout, type SparseLayout } from "./_sparse_layout.ts";
import { memberXattrs } from "./_xattr_records.ts";
import type { TarMember, TarMemberKind } from "./member.ts";
import type { Refuse } from "./tar_format_error.ts";

/** A member, and how what follows its header is to be read. */
export interface ReadMember {
  readonly member: TarMember;
  /** Bytes that follow, without their padding. */
  readonly stored: number;
  /** Of a sparse file: where its contents belong. */
  readonly sparse: SparseLayout | undefined;
  /** Makes the error for what is wrong in what follows. */
  readonly refuse: Refuse;
}

/** Type letters that make something; those that stand before a member are not among them. */
const KINDS: ReadonlyMap<number, TarMemberKind> = new Map([
  [TYPE_FLAGS.old, "regular"],
  [TYPE_FLAGS.regular, "regular"],
  [TYPE_FLAGS.contiguous, "regular"],
  [TYPE_FLAGS.sparse, "regular"],
  [TYPE_FLAGS.hardlink, "hardlink"],
  [TYPE_FLAGS.symlink, "symlink"],
  [TYPE_FLAGS.character, "character"],
  [TYPE_FLAGS.block, "block"],
  [TYPE_FLAGS.directory, "directory"],
  [TYPE_FLAGS.dumpDirectory, "directory"],
  [TYPE_FLAGS.fifo, "fifo"],
]);

/** Types that are known, and say something that a tree of files has no place for. */
const REFUSED: ReadonlyMap<number, string> = new Map([
  [TYPE_FLAGS.continued, "the rest of a file of another volume, expected an archive in one volume"],
  [TYPE_FLAGS.label, "the label of a volume, expected an archive without one"],
]);

const { offsets, sizes } = HEADER_FIELDS;
const EMPTY = new Uint8Array();
const SLASH = utf8("/");
const POSIX_MAGIC = utf8("ustar\0");
const GNU_MAGIC = utf8("ustar ");

const MAX_MODE = 8 ** 7 - 1;
const MODE_MASK = 0o7777;
const MAX_ID = 2 ** 32 - 1;
/** Bits of each in the kernel's device numbers: 12 and 20. */
const MAX_MAJOR = 2 ** 12 - 1;
const MAX_MINOR = 2 ** 20 - 1;

/** A header being read, and what each step of that needs. */
class HeaderReader {
  readonly #block: Uint8Array;
  readonly #prelude: Prelude;
  readonly #typeFlag: number;
  readonly #name: Uint8Array;
  readonly #refuse: Refuse;

  constructor(block: Uint8Array, prelude: Prelude, refuse: Refuse) {
    this.#block = block;
    this.#prelude = prelude;
    this.#typeFlag = block[offsets.typeFlag]!;
    const name = prelude.own?.sparse?.values.get("name") ?? this.#record("path") ??
      prelude.longName ?? this.#fieldName();
    this.#name = name;
    this.#refuse = (state) => refuse(`${quote(name)} ${state}`);
  }

  read(): ReadMember {
    const kind = this.#kind();
    const stored = this.#stored(kind);
    const sparse = this.#sparse(stored);
    const member: TarMember = {
      kind,
      name: this.#name,
      linkName: this.#linkName(kind),
      size: kind === "regular" ? sparse?.map.size ?? stored : 0,
      rdev: this.#rdev(kind),
      stat: this.#stat(),
    };
    return { member, stored, sparse, refuse: this.#refuse };
  }

  /** The value of a keyword, unless it says that the header's field counts. */
  #record(keyword: string): Uint8Array | undefined {
    const { own, shared } = this.#prelude;
    const value = own?.get(keyword) ?? shared.get(keyword);
    return value?.length === 0 ? undefined : value;
  }

  #fieldName(): Uint8Array {
    const name = this.#text("name");
    if (!this.#hasMagic(POSIX_MAGIC)) return name;
    const prefix = this.#text("prefix");
    return prefix.length === 0 ? name : concatBytes(prefix, SLASH, name);
  }

  #hasMagic(magic: Uint8Array): boolean {
    return startsWith(this.#block.subarray(offsets.magic, offsets.magic + sizes.magic), magic);
  }

  #text(field: "name" | "linkName" | "prefix"): Uint8Array {
    const [start, limit] = [offsets[field], offsets[field] + sizes[field]];
    const end = this.#block.indexOf(0, start);
    return this.#block.slice(start, end < 0 || end > limit ? limit : end);
  }

  #kind(): TarMemberKind {
    const kind = KINDS.get(this.#typeFlag);
    if (kind === undefined) {
      const state = REFUSED.get(this.#typeFlag) ?? "this type of member is not known";
      throw this.#refuse(`has the type ${quote(Uint8Array.of(this.#typeFlag))}: ${state}`);
    }
    if (this.#name.length === 0) throw this.#refuse("is a name, expected one that is not empty");
    if (this.#name.includes(0)) throw this.#refuse("has a NUL in its name");
    // So were directories before there was a type for them.
    const isDirectory = this.#isPlain() && this.#name.at(-1) === SLASH[0];
    return isDirectory ? "directory" : kind;
  }

  #isPlain(): boolean {
    const flag = this.#typeFlag;
    return flag === TYPE_FLAGS.old || flag === TYPE_FLAGS.regular || flag === TYPE_FLAGS.contiguous;
  }

  #stored(kind: TarMemberKind): number {
    const flag = this.#typeFlag;
    const hasRecord = this.#record("size") !== undefined;
    // Programs of old wrote a file's size for each of its links, and POSIX lets directories have one: neither is
    // followed by contents. A record says that they are, as in what pax -o linkdata writes.
    const isIgnored = flag === TYPE_FLAGS.hardlink || flag === TYPE_FLAGS.directory;
    if (isIgnored && !hasRecord) return 0;
    const size = this.#number("size", "size", Number.MAX_SAFE_INTEGER);
    const mayHave = kind === "regular" || kind === "hardlink" || flag === TYPE_FLAGS.dumpDirectory;
    // Readers do not agree on whether these are followed by as many bytes.
    if (size !== 0 && !mayHave) throw this.#refuse(`is a ${kind} of ${size} bytes, expected 0`);
    return size;
  }

  #sparse(stored: number): SparseLayout | undefined {
    const records = this.#prelude.own?.sparse;
    if (this.#typeFlag === TYPE_FLAGS.sparse) {
      if (records !== undefined || !this.#hasMagic(GNU_MAGIC)) {
        throw this.#refuse("has a sparse map, expected a header of GNU's format, and no other map");
      }
      return oldSparseLayout(this.#block, stored, this.#refuse);
    }
    if (records === undefined) return undefined;
    if (!this.#isPlain() || this.#name.at(-1) === SLASH[0]) {
      throw this.#refuse("has a sparse map, expected a regular file with it");
    }
    return paxSparseLayout(records, stored, this.#refuse);
  }

  #linkName(kind: TarMemberKind): Uint8Array {
    if (kind !== "symlink" && kind !== "hardlink") return EMPTY;
    const target = this.#record("linkpath") ?? this.#prelude.longLinkName ?? this.#text("linkName");
    if (target.length === 0) throw this.#refuse(`is a ${kind} without a target`);
    if (target.includes(0)) throw this.#refuse("has a NUL in its target");
    return target;
  }

  #rdev(kind: TarMemberKind): number {
    if (kind !== "character" && kind !== "block") return 0;
    const major = this.#number("deviceMajor", "SCHILY.devmajor", MAX_MAJOR);
    const minor = this.#number("deviceMinor", "SCHILY.devminor", MAX_MINOR);
    return encodeDevice(major, minor);
  }

  #stat(): Stat {
    const { own, shared } = this.#prelude;
    const { seconds, nanoseconds } = this.#time();
    return {
      mode: this.#number("mode", undefined, MAX_MODE) & MODE_MASK,
      uid: this.#number("uid", "uid", MAX_ID),
      gid: this.#number("gid", "gid", MAX_ID),
      nlink: 1,
      mtime: seconds,
      mtimeNsec: nanoseconds,
      xattrs: memberXattrs(own?.xattrs, shared.xattrs, this.#refuse),
    };
  }

  #number(
    field: "mode" | "uid" | "gid" | "size" | "deviceMajor" | "deviceMinor",
    keyword: string | undefined,
    max: number,
  ): number {
    const record = keyword === undefined ? undefined : this.#record(keyword);
    const value = record === undefined ? this.#field(field) : decimal(record);
    if (typeof value === "number" && value >= 0 && value <= max) return value;
    throw this.#badNumber(field, record, `a number from 0 to ${max}`);
  }

  #time(): Time {
    const record = this.#record("mtime");
    if (record !== undefined) {
      const time = decimalTime(record);
      if (time !== undefined) return time;
    } else {
      const seconds = this.#field("mtime");
      if (seconds !== undefined && isTime(seconds)) return { seconds, nanoseconds: 0 };
    }
    throw this.#badNumber("mtime", record, "seconds since the epoch");
  }

  #field(field: keyof typeof offsets): number | bigint | undefined {
    return fieldNumber(this.#block, offsets[field], sizes[field]);
  }

  #badNumber(field: keyof typeof offsets, record: Uint8Array | undefined, expected: string) {
    const start = offsets[field];
    const written = record ?? this.#block.subarray(start, start + sizes[field]);
    return this.#refuse(`has ${quote(written)} as its ${field}, expected ${expected}`);
  }
}

/**
 * Reads the header of a member, whatever its type. Nothing of what it returns is in the block.
 *
 * @throws {TarFormatError} As `refuse` makes it, if it breaks the format.
 */
export function readMember(block: Uint8Array, prelude: Prelude, refuse: Refuse): ReadMember {
  return new HeaderReader(block, prelude, refuse).read();
}

/**
 * The 512-byte header of a tar archive's member.
 *
 * Numbers are octal digits and names have fixed room; what does not fit goes into the extended header of
 * `_pax.ts`, and the field here holds as much of it as there is room for.
 *
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 *
 * @module
 */

import { type FieldType, record, reserved, u8 } from "../bytes/struct.ts";
import { utf8 } from "../bytes/text.ts";

/** Bytes in a header, and the unit that contents are padded to. */
export const TAR_BLOCK_SIZE = 512;

/** What a member is, by its letter in the header. */
export const TYPE_FLAGS = {
  /** A regular file, before POSIX. */
  old: 0,
  regular: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  character: 0x33,
  block: 0x34,
  directory: 0x35,
  fifo: 0x36,
  contiguous: 0x37,
  /** What applies to all members that follow. */
  global: 0x67,
  /** What applies to the next member. */
  extended: 0x78,
  /** The same, as Solaris had it before POSIX. */
  solarisExtended: 0x58,
  /** Of GNU tar: a directory with a list of its entries; the target, the name of the next member. */
  dumpDirectory: 0x44,
  longLinkName: 0x4b,
  longName: 0x4c,
  continued: 0x4d,
  sparse: 0x53,
  label: 0x56,
} as const;

/** A string without a terminator if it fills the field; what is beyond that is cut off. */
function text(size: number): FieldType<Uint8Array> {
  return {
    size,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size),
    write(view, at, value) {
      new Uint8Array(view.buffer, view.byteOffset + at, size).set(value.subarray(0, size));
    },
  };
}

/** Octal digits and a NUL. */
function octal(size: number): FieldType<number> {
  const digits = size - 1;
  return {
    size,
    read: (view, at) =>
      parseInt(
        String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, digits)),
        8,
      ),
    write(view, at, value) {
      let rest = value;
      for (let digit = digits - 1; digit >= 0; digit--) {
        view.setUint8(at + digit, 0x30 + rest % 8);
        rest = Math.floor(rest / 8);
      }
    },
  };
}

const USTAR = record({
  name: text(100),
  mode: octal(8),
  uid: octal(8),
  gid: octal(8),
  size: octal(12),
  mtime: octal(12),
  checksum: text(8),
  typeFlag: u8,
  linkName: text(100),
  magic: text(6),
  version: text(2),
  userName: reserved(32),
  groupName: reserved(32),
  deviceMajor: octal(8),
  deviceMinor: octal(8),
  prefix: reserved(155),
  padding: reserved(12),
});

/** Where the fields of a header are, and their sizes. */
export const HEADER_FIELDS: Pick<typeof USTAR, "offsets" | "sizes"> = USTAR;

/** Longest name or link target in a header, in bytes. */
export const MAX_HEADER_NAME = 100;
/** Largest owner or group in a header. */
export const MAX_HEADER_ID = 8 ** 7 - 1;
/** Largest size in bytes and latest time in a header. */
export const MAX_HEADER_NUMBER = 8 ** 11 - 1;

/** The fields of a header. Numbers must fit. */
export interface TarHeader {
  /** One of {@linkcode TYPE_FLAGS}. */
  readonly typeFlag: number;
  /** Cut after 100 bytes. */
  readonly name: Uint8Array;
  /** Target of a link, cut after 100 bytes. Empty for all others. */
  readonly linkName: Uint8Array;
  /** Permissions, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of contents that follow. */
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

const MAGIC = utf8("ustar\0");
const VERSION = utf8("00");
const BLANK_CHECKSUM = utf8("        ");

/** Encodes a header: 512 bytes. */
export function encodeTarHeader(header: TarHeader): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TAR_BLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  // The checksum is that of the header with blanks in its place.
  const blank = { ...header, magic: MAGIC, version: VERSION, checksum: BLANK_CHECKSUM };
  USTAR.write(view, 0, blank);
  const sum = bytes.reduce((sum, byte) => sum + byte, 0);
  bytes.set(utf8(`${sum.toString(8).padStart(6, "0")}\0 `), USTAR.offsets.checksum);
  return bytes;
}

/**
 * What is told of a file of an image: as fields, and as text.
 *
 * @module
 */

import type { ImageDirectory } from "../../../lib/composefs/image_entry.ts";
import { latin1 } from "../../../lib/bytes/text.ts";
import { deviceMajor, deviceMinor } from "../../../lib/tree/device.ts";
import { type Content, contentSize, type FileKind, type Leaf } from "../../../lib/tree/tree.ts";
import { jsonBytes } from "../../json.ts";

/** A file of an image. */
export type ImageFile = ImageDirectory | Leaf<Content>;

/** Fields of an object of JSON. */
export function fileFields(path: Uint8Array, file: ImageFile): object {
  const { mode, uid, gid, nlink, mtime, mtimeNsec } = file.stat;
  return {
    ...jsonBytes("path", path),
    type: file.kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    size: sizeOf(file),
    mtime,
    mtimeNsec,
    nlink,
    ...(file.kind === "symlink" ? jsonBytes("target", file.target) : {}),
    ...(file.kind === "character" || file.kind === "block" ? { rdev: file.rdev } : {}),
    ...(file.kind === "regular" ? contentFields(file.file) : {}),
  };
}

/** Length in bytes, as stat(2) has it. */
export function sizeOf(file: ImageFile): number {
  switch (file.kind) {
    case "regular":
      return contentSize(file.file);
    case "symlink":
      return file.target.length;
    case "directory":
      return file.size;
    default:
      return 0;
  }
}

function contentFields(file: Content): object {
  if (file.kind === "inline") return {};
  return {
    ...(file.path !== undefined ? jsonBytes("object", file.path) : {}),
    ...(file.digest !== undefined ? { digest: file.digest.toHex() } : {}),
  };
}

const TYPE_LETTERS: Readonly<Record<FileKind, string>> = {
  regular: "-",
  directory: "d",
  symlink: "l",
  character: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

/** Type and permissions as ls(1) has them: `drwxr-xr-x`. */
export function modeLetters({ kind, stat: { mode } }: ImageFile): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = mode >> shift;
    const isExecutable = (bits & 1) !== 0;
    const last = (mode & special) === 0
      ? isExecutable ? "x" : "-"
      : isExecutable
      ? letter
      : letter.toUpperCase();
    return ((bits & 4) === 0 ? "-" : "r") + ((bits & 2) === 0 ? "-" : "w") + last;
  };
  return TYPE_LETTERS[kind] + triple(6, 0o4000, "s") + triple(3, 0o2000, "s") +
    triple(0, 0o1000, "t");
}

/** Seconds from the epoch that a Date holds, either way. */
const MAX_DATE = 8.64e12;

/**
 * A time in UTC, `2024-01-01 00:00:00 +0000`; what no calendar holds as seconds from the epoch, `@N`.
 *
 * @param always Whether nanoseconds are shown if they are none.
 */
export function timeText({ stat: { mtime, mtimeNsec } }: ImageFile, always: boolean): string {
  const fraction = always || mtimeNsec !== 0 ? `.${String(mtimeNsec).padStart(9, "0")}` : "";
  if (typeof mtime === "bigint" || Math.abs(mtime) > MAX_DATE) return `@${mtime}${fraction}`;
  const [day, time] = new Date(mtime * 1000).toISOString().split("T");
  return `${day} ${time!.slice(0, 8)}${fraction} +0000`;
}

/** A device number as `MAJOR,MINOR`; undefined if the file is no device. */
export function deviceText(file: ImageFile): string | undefined {
  if (file.kind !== "character" && file.kind !== "block") return undefined;
  const { rdev } = file;
  return `${deviceMajor(rdev)},${deviceMinor(rdev)}`;
}

/** The value of an xattr in quotes if it is text, which the kernel's own values end with a NUL; else in hexadecimal. */
export function shownValue(value: Uint8Array): string {
  const text = latin1(value);
  return /^[ -~]*\0?$/.test(text)
    ? JSON.stringify(text).replace("\\u0000", "\\0")
    : `0x${value.toHex()}`;
}

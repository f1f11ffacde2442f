/**
 * What statx(2) tells of files.
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import { type Attempt, checkResult, type OpenFile, workingDirectory } from "./call.ts";
import { ERRNO } from "./errno.ts";
import type { Linux } from "./linux.ts";
import { type CString, cString } from "./path.ts";
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
} from "./uapi.ts";

/** The fields of struct statx, without xattrs and the like. */
export interface FileStat
  extends
    Record<"mask" | "blksize" | "attributes" | "attributesMask" | "nlink" | "uid" | "gid", number>,
    Record<"mode" | "ino" | "size" | "blocks" | "rdevMajor" | "rdevMinor", number>,
    Record<"devMajor" | "devMinor" | "btimeNsec" | "ctimeNsec" | "mtimeNsec", number>,
    Record<"btimeSec" | "ctimeSec" | "mtimeSec", number | bigint> {}

/** Tells whether two answers are about one file. */
export function isSame(one: FileStat, other: FileStat): boolean {
  return one.ino === other.ino && one.devMajor === other.devMajor &&
    one.devMinor === other.devMinor;
}

const ITSELF = cString(new Uint8Array());

/**
 * Asks for what `mask` says about a path.
 *
 * @param into Gets a `struct statx` if the answer is 0.
 */
export function tryStatInto(
  { linux, number }: OpenFile,
  path: CString,
  flags: number,
  mask: number,
  into: Uint8Array<ArrayBuffer>,
): number {
  // For every file of a tree: no function is made for the call.
  while (true) {
    const result = linux.statx(number, path, flags, mask, into);
    if (result >= 0) return result;
    const failure = linux.failure();
    if (failure < 0) return failure;
  }
}

const AT = STATX.offsets;

/** Room for one answer, which each question replaces. */
export class StatBuffer {
  readonly #bytes = new Uint8Array(STATX_SIZE);
  readonly #view = new DataView(this.#bytes.buffer);

  /** Asks about an open file. */
  tryFile(file: OpenFile): number {
    return tryStatInto(file, ITSELF, AT_EMPTY_PATH, STATX_BASIC_STATS, this.#bytes);
  }

  /** Asks about a name in a directory; a symbolic link is not followed. */
  tryName(at: OpenFile, name: CString): number {
    return tryStatInto(at, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, this.#bytes);
  }

  /** Asks about what a path leads to. */
  tryPath(at: OpenFile, path: CString): number {
    return tryStatInto(at, path, 0, STATX_BASIC_STATS, this.#bytes);
  }

  /** Length in bytes. */
  get size(): number {
    return u64.read(this.#view, AT.size);
  }

  /** Blocks of 512 bytes that it takes, whatever the blocks of the file system. */
  get blocks(): number {
    return u64.read(this.#view, AT.blocks);
  }

  /** `st_mode`. */
  get mode(): number {
    return this.#view.getUint16(AT.mode, true);
  }

  /** Its owner. */
  get uid(): number {
    return this.#view.getUint32(AT.uid, true);
  }

  /** The device that it is on. */
  get device(): { readonly major: number; readonly minor: number } {
    return {
      major: this.#view.getUint32(AT.devMajor, true),
      minor: this.#view.getUint32(AT.devMinor, true),
    };
  }

  /** All of the answer. */
  all(): FileStat {
    return STATX.read(this.#view, 0);
  }
}

/** For answers that are read before anything else is asked. */
const SCRATCH = new StatBuffer();

/**
 * Tells what a path leads to.
 *
 * @returns Undefined if there is nothing.
 * @throws {SyscallError} If that cannot be told.
 */
export function statPath(linux: Linux, path: Uint8Array, attempt: Attempt): FileStat | undefined {
  return answer(SCRATCH.tryPath(workingDirectory(linux), cString(path)), attempt);
}

/**
 * Tells what is at a name in a directory; a symbolic link is not followed.
 *
 * @returns Undefined if nothing is.
 * @throws {SyscallError} If that cannot be told.
 */
export function statAt(at: OpenFile, name: Uint8Array, attempt: Attempt): FileStat | undefined {
  return answer(SCRATCH.tryName(at, cString(name)), attempt);
}

function answer(result: number, attempt: Attempt): FileStat | undefined {
  if (result === -ERRNO.ENOENT) return undefined;
  checkResult("statx", result, attempt);
  return SCRATCH.all();
}

/** Tells what is at a name in a directory likewise; undefined also if that cannot be told. */
export function tryStatAt(at: OpenFile, name: Uint8Array): FileStat | undefined {
  return SCRATCH.tryName(at, cString(name)) === 0 ? SCRATCH.all() : undefined;
}

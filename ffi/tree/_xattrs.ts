/**
 * The extended attributes of a file, read by path.
 *
 * @module
 */

import { keepsXattr } from "../../lib/tree/select_xattrs.ts";
import type { XattrFilter } from "../../lib/tree/source.ts";
import type { Xattr } from "../../lib/tree/tree.ts";
import type { OpenFile } from "../sys/call.ts";
import { ERRNO, mayBeMissing, SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { tryGetXattr, tryListXattrs, tryListXattrsAt } from "../sys/metadata_calls.ts";
import { type CString, cString } from "../sys/path.ts";
import { XATTR_LIST_MAX, XATTR_SIZE_MAX } from "../sys/uapi.ts";

/** Which file is meant. */
export interface XattrSubject {
  /** Makes the path to read by, with a terminating NUL. Bytes may follow that. */
  readonly path: () => CString;
  /** Whether a symbolic link at the end of the path is followed. */
  readonly follow: boolean;
  /** Makes the path to name in messages. */
  readonly shown: () => Uint8Array;
}

/**
 * Bytes asked for at first. The kernel sets aside, and clears, as much memory as is asked for, so the
 * most there can be is asked for only where this is too little.
 */
const FIRST_SIZE = 1024;
/** Where a file system has more than the kernel's limits, it says so by `E2BIG` instead. */
const LARGEST_SIZE = Math.max(XATTR_LIST_MAX, XATTR_SIZE_MAX);

const NONE: readonly Xattr[] = Object.freeze([]);

/** Reads the xattrs of files, one after the other, into memory of its own. */
export class XattrReader {
  readonly #linux: Linux;
  readonly #names = new Uint8Array(LARGEST_SIZE);
  #hasListxattrat: boolean;
  readonly #value = new Uint8Array(LARGEST_SIZE);

  constructor(linux: Linux) {
    this.#linux = linux;
    this.#hasListxattrat = !linux.isPreloaded;
  }

  /**
   * Reads the xattrs that the filter lets through, in the file system's order.
   *
   * @throws {SyscallError} If they cannot be read.
   */
  read(subject: XattrSubject, filter: XattrFilter): readonly Xattr[] {
    if (filter === "none") return NONE;
    return this.#readListed(subject, this.#listPath(subject), filter);
  }

  /**
   * Reads the same of an entry of an open directory, where the kernel has a faster way to its names.
   *
   * @param name Of the entry, terminated by a NUL. Bytes may follow that.
   * @param subject The same file; not to be followed.
   */
  readEntry(
    directory: OpenFile,
    name: CString,
    subject: XattrSubject,
    filter: XattrFilter,
  ): readonly Xattr[] {
    if (filter === "none") return NONE;
    const length = this.#hasListxattrat
      ? this.#listEntry(directory, name, subject)
      : this.#listPath(subject);
    return this.#readListed(subject, length, filter);
  }

  /** Reads what has been listed in so many bytes. */
  #readListed(subject: XattrSubject, length: number, filter: XattrFilter): readonly Xattr[] {
    if (length === 0 || length === -ERRNO.EOPNOTSUPP) return NONE;
    if (length < 0) throw listError(-length, subject);
    const names = this.#names;
    const xattrs: Xattr[] = [];
    for (let start = 0; start < length;) {
      const nul = names.indexOf(0, start);
      const name = names.slice(start, nul < 0 ? length : nul);
      start += name.length + 1;
      if (!keepsXattr(name, filter)) continue;
      const value = this.#readValue(subject, name);
      if (value !== undefined) xattrs.push({ name, value });
    }
    return xattrs;
  }

  #listPath({ path, follow }: XattrSubject): number {
    const of = { path: path(), follow };
    return grow((size) => tryListXattrs(this.#linux, of, this.#names, size));
  }

  /** Lists by listxattrat(2), from Linux 6.13 on, or otherwise where that is no way. */
  #listEntry(directory: OpenFile, name: CString, subject: XattrSubject): number {
    let length = tryListXattrsAt(directory, name, this.#names, FIRST_SIZE);
    if (length >= 0) return length;
    if (length === -ERRNO.ERANGE) {
      length = tryListXattrsAt(directory, name, this.#names, LARGEST_SIZE);
    }
    if (!mayBeMissing(length)) return length;
    const listed = this.#listPath(subject);
    this.#hasListxattrat = length !== -ERRNO.ENOSYS && listed < 0;
    return listed;
  }

  /** The value, or undefined if the xattr has been removed since it was listed. */
  #readValue({ path, follow, shown }: XattrSubject, name: Uint8Array): Uint8Array | undefined {
    const of = { path: path(), follow };
    const key = cString(name);
    const length = grow((size) => tryGetXattr(this.#linux, of, key, this.#value, size));
    if (length === -ERRNO.ENODATA) return undefined;
    if (length < 0) {
      throw new SyscallError(-length, {
        syscall: follow ? "getxattr" : "lgetxattr",
        action: `read xattr "${new TextDecoder().decode(name)}" of`,
        subject: shown(),
      });
    }
    return this.#value.slice(0, length);
  }
}

function grow(call: (size: number) => number): number {
  const length = call(FIRST_SIZE);
  return length === -ERRNO.ERANGE ? call(LARGEST_SIZE) : length;
}

function listError(errno: number, subject: XattrSubject): SyscallError {
  return new SyscallError(errno, {
    syscall: subject.follow ? "listxattr" : "llistxattr",
    action: "list the xattrs of",
    subject: subject.shown(),
  });
}

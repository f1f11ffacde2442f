/**
 * The extended attributes of a file, read by path.
 *
 * @module
 */

import { startsWith } from "../lib/bytes/compare.ts";
import { concatBytes, utf8 } from "../lib/bytes/text.ts";
import type { XattrFilter } from "../lib/tree/source.ts";
import type { Xattr } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import type { Linux } from "./linux.ts";
import { AT_SYMLINK_NOFOLLOW, XATTR_LIST_MAX, XATTR_SIZE_MAX } from "./uapi.ts";

/** Which file is meant. */
export interface XattrSubject {
  /** Path to read by, with a terminating NUL. Bytes may follow that. */
  readonly path: Uint8Array<ArrayBuffer>;
  /** Whether a symbolic link at the end of the path is followed. */
  readonly follow: boolean;
  /** The same file, if it is not to be followed, as an entry of an open directory: a faster way to it. */
  readonly entry?: { readonly directory: number; readonly name: Uint8Array<ArrayBuffer> };
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

const USER_PREFIX = utf8("user.");
const NUL = Uint8Array.of(0);
const NONE: readonly Xattr[] = Object.freeze([]);

/** Reads the xattrs of files, one after the other, into memory of its own. */
export class XattrReader {
  readonly #linux: Linux;
  readonly #names = new Uint8Array(LARGEST_SIZE);
  #hasListxattrat: boolean;
  readonly #value = new Uint8Array(LARGEST_SIZE);

  /** Reads nothing yet. */
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
    const names = this.#names;
    const length = this.#listEntry(subject) ?? this.#listPath(subject);
    if (length === 0 || length === -ERRNO.EOPNOTSUPP) return NONE;
    if (length < 0) throw failure(-length, subject);
    const xattrs: Xattr[] = [];
    for (let start = 0; start < length;) {
      const nul = names.indexOf(0, start);
      const name = names.slice(start, nul < 0 ? length : nul);
      start += name.length + 1;
      if (filter === "user" && !startsWith(name, USER_PREFIX)) continue;
      const value = this.#readValue(subject, name);
      if (value !== undefined) xattrs.push({ name, value });
    }
    return xattrs;
  }

  #listPath({ path, follow }: XattrSubject): number {
    const { listxattr, llistxattr } = this.#linux.libc;
    const list = follow ? listxattr : llistxattr;
    return this.#grow((size) => list(path, this.#names, size));
  }

  /** Lists by listxattrat(2), from Linux 6.13 on; undefined where that is no way. */
  #listEntry({ entry }: XattrSubject): number | undefined {
    if (entry === undefined || !this.#hasListxattrat) return undefined;
    const { libc, numbers } = this.#linux;
    const { directory, name } = entry;
    const list = (size: number) =>
      libc.listxattrat(
        numbers.listxattrat,
        directory,
        name,
        AT_SYMLINK_NOFOLLOW,
        this.#names,
        size,
      );
    // Most calls just succeed; for them no further function is made.
    const first = list(FIRST_SIZE);
    const length = first >= 0 ? first : this.#grow(list);
    // Older container runtimes answer EPERM to system calls they do not know.
    if (length !== -ERRNO.ENOSYS && length !== -ERRNO.EPERM) return length;
    this.#hasListxattrat = false;
    return undefined;
  }

  /** The value, or undefined if the xattr has been removed since it was listed. */
  #readValue(subject: XattrSubject, name: Uint8Array): Uint8Array | undefined {
    const { getxattr, lgetxattr } = this.#linux.libc;
    const get = subject.follow ? getxattr : lgetxattr;
    const terminated = concatBytes(name, NUL);
    const length = this.#grow((size) => get(subject.path, terminated, this.#value, size));
    if (length === -ERRNO.ENODATA) return undefined;
    if (length < 0) {
      throw new SyscallError(-length, {
        syscall: subject.follow ? "getxattr" : "lgetxattr",
        action: `read xattr "${new TextDecoder().decode(name)}" of`,
        subject: subject.shown(),
      });
    }
    return this.#value.slice(0, length);
  }

  #grow(call: (size: number) => number): number {
    const length = this.#linux.retry(() => call(FIRST_SIZE));
    return length === -ERRNO.ERANGE ? this.#linux.retry(() => call(LARGEST_SIZE)) : length;
  }
}

function failure(errno: number, subject: XattrSubject): SyscallError {
  return new SyscallError(errno, {
    syscall: subject.follow ? "listxattr" : "llistxattr",
    action: "list the xattrs of",
    subject: subject.shown(),
  });
}

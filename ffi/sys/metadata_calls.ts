/**
 * The system calls that set owners, modes, times and xattrs of files, and ask about their file systems.
 *
 * Most take an open file, or a name in an open directory. By name no symbolic link is followed, but by
 * {@linkcode tryChmodAt}.
 *
 * @see fchownat(2), fchmodat(2), utimensat(2), setxattr(2), listxattrat(2), fstatfs(2)
 *
 * @module
 */

import type { OpenFile } from "./call.ts";
import type { Linux } from "./linux.ts";
import type { CString } from "./path.ts";
import { AT_SYMLINK_NOFOLLOW, STATFS_SIZE } from "./uapi.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Sets the permissions of an open file, whatever the umask. */
export function tryChmod({ linux, number }: OpenFile, mode: number): number {
  return linux.retry(() => linux.libc.fchmod(number, mode));
}

/** Sets those of what a path leads to: a symbolic link is followed, for it has none of its own. */
export function tryChmodAt({ linux, number }: OpenFile, path: CString, mode: number): number {
  return linux.retry(() => linux.libc.fchmodat(number, path, mode, 0));
}

/** Gives an open file an owner. */
export function tryChown({ linux, number }: OpenFile, uid: number, gid: number): number {
  return linux.retry(() => linux.libc.fchown(number, uid, gid));
}

/** Gives a name in a directory an owner. */
export function tryChownAt(
  { linux, number }: OpenFile,
  name: CString,
  uid: number,
  gid: number,
): number {
  return linux.retry(() => linux.libc.fchownat(number, name, uid, gid, AT_SYMLINK_NOFOLLOW));
}

/** Sets the times of an open file to two `struct timespec`. */
export function trySetTimes({ linux, number }: OpenFile, times: Bytes): number {
  return linux.retry(() => linux.libc.futimens(number, times));
}

/** Sets those of a name in a directory. */
export function trySetTimesAt({ linux, number }: OpenFile, name: CString, times: Bytes): number {
  return linux.retry(() => linux.libc.utimensat(number, name, times, AT_SYMLINK_NOFOLLOW));
}

/** The value of an xattr, in memory that has an address: an empty array has none on every runtime. */
export interface XattrValue {
  readonly bytes: Bytes;
  readonly length: number;
}

/** Sets an xattr of an open file. */
export function trySetXattr({ linux, number }: OpenFile, key: CString, value: XattrValue): number {
  return linux.retry(() => linux.libc.fsetxattr(number, key, value.bytes, value.length, 0));
}

/** Sets an xattr by path; there is no call that takes a directory before Linux 6.13. */
export function trySetXattrOf(
  linux: Linux,
  path: CString,
  key: CString,
  value: XattrValue,
): number {
  return linux.retry(() => linux.libc.lsetxattr(path, key, value.bytes, value.length, 0));
}

/** Takes an xattr from an open file. */
export function tryRemoveXattr({ linux, number }: OpenFile, key: CString): number {
  return linux.retry(() => linux.libc.fremovexattr(number, key));
}

/**
 * Lists the xattrs of a name in a directory, from Linux 6.13 on.
 *
 * @param size Bytes that `into` is filled to at most.
 * @returns A negated error number that `mayBeMissing` tells of if there is no such call.
 */
export function tryListXattrsAt(
  { linux, number }: OpenFile,
  name: CString,
  into: Bytes,
  size: number,
): number {
  const { libc, numbers } = linux;
  const flags = AT_SYMLINK_NOFOLLOW;
  // For every file of a tree: no function is made for the call.
  while (true) {
    const result = libc.listxattrat(numbers.listxattrat, number, name, flags, into, size);
    if (result >= 0) return result;
    const failure = linux.failure();
    if (failure < 0) return failure;
  }
}

/** A path, and whether a symbolic link at its end is followed. */
export interface XattrPath {
  readonly path: CString;
  readonly follow: boolean;
}

/** Lists the xattrs of a path. */
export function tryListXattrs(
  linux: Linux,
  { path, follow }: XattrPath,
  into: Bytes,
  size: number,
): number {
  const { libc } = linux;
  return linux.retry(() =>
    follow ? libc.listxattr(path, into, size) : libc.llistxattr(path, into, size)
  );
}

/** Reads an xattr of a path. */
export function tryGetXattr(
  linux: Linux,
  { path, follow }: XattrPath,
  key: CString,
  into: Bytes,
  size: number,
): number {
  const { libc } = linux;
  return linux.retry(() =>
    follow ? libc.getxattr(path, key, into, size) : libc.lgetxattr(path, key, into, size)
  );
}

/** The number that the file system of an open file goes by, undefined if the kernel does not say. */
export function fileSystemType({ linux, number }: OpenFile): number | undefined {
  const buffer = new Uint8Array(STATFS_SIZE);
  if (linux.retry(() => linux.libc.fstatfs(number, buffer)) < 0) return undefined;
  return new DataView(buffer.buffer).getUint32(0, true);
}

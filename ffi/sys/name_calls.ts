/**
 * The system calls that list, make, move and remove the names in a directory.
 *
 * @see mkdirat(2), mknodat(2), symlinkat(2), linkat(2), renameat2(2), unlinkat(2), readlinkat(2), getdents64(2)
 *
 * @module
 */

import { type Attempt, checkResult, type NamedFile, type OpenFile } from "./call.ts";
import { type CString, cString } from "./path.ts";
import { AT_FDCWD, AT_SYMLINK_FOLLOW, PATH_MAX } from "./uapi.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A name in an open directory. */
export interface NameIn {
  readonly at: OpenFile;
  /** Or a path that starts there. */
  readonly name: CString;
}

/**
 * Lists names where the last call ended, as records `struct linux_dirent64`.
 *
 * @returns Bytes of the records, 0 at the end.
 * @throws {SyscallError} If the directory cannot be listed.
 */
export function listNames({ linux, number, subject }: NamedFile, into: Bytes): number {
  const { getdents64 } = linux.numbers;
  const length = linux.retry(() => linux.libc.getdents64(getdents64, number, into, into.length));
  return checkResult("getdents64", length, { action: "list", subject });
}

/** Makes a directory. */
export function tryMakeDirectory({ linux, number }: OpenFile, name: CString, mode: number): number {
  return linux.retry(() => linux.libc.mkdirat(number, name, mode));
}

/** Makes a directory. */
export function makeDirectory(at: OpenFile, name: CString, mode: number, attempt: Attempt): void {
  checkResult("mkdirat", tryMakeDirectory(at, name, mode), attempt);
}

/**
 * Makes a device, fifo or socket.
 *
 * @param mode Its type and permissions.
 * @param rdev Number of a device, in the kernel's encoding: the lower half of libc's.
 */
export function makeNode(
  { linux, number }: OpenFile,
  name: CString,
  mode: number,
  rdev: number,
  attempt: Attempt,
): void {
  const { libc, numbers } = linux;
  const result = linux.retry(() =>
    libc.mknodat === undefined
      ? libc.mknodat_raw(numbers.mknodat, number, name, mode, rdev)
      : libc.mknodat(number, name, mode, rdev)
  );
  checkResult("mknodat", result, attempt);
}

/** Makes a symbolic link. */
export function makeSymlink(
  { linux, number }: OpenFile,
  name: CString,
  target: CString,
  attempt: Attempt,
): void {
  const result = linux.retry(() => linux.libc.symlinkat(target, number, name));
  checkResult("symlinkat", result, attempt);
}

/** Gives a file a further name. */
export function tryLink(from: NameIn, to: NameIn): number {
  const { linux, number } = from.at;
  return linux.retry(() => linux.libc.linkat(number, from.name, to.at.number, to.name, 0));
}

/** Gives an open file a name, by the path that leads to its descriptor. */
export function tryLinkDescriptor(path: CString, to: NameIn): number {
  const { linux, number } = to.at;
  return linux.retry(() => linux.libc.linkat(AT_FDCWD, path, number, to.name, AT_SYMLINK_FOLLOW));
}

/** Moves a file to another name, in place of what has it. */
export function tryRename(from: NameIn, to: NameIn): number {
  const { linux, number } = from.at;
  return linux.retry(() => linux.libc.renameat(number, from.name, to.at.number, to.name));
}

/**
 * Moves a file to another name as flags say, such as `RENAME_NOREPLACE`.
 *
 * @returns A negated error number that `mayBeMissing` tells of if there is no such call.
 */
export function tryRenameWith(from: NameIn, to: NameIn, flags: number): number {
  const { linux, number } = from.at;
  const { renameat2 } = linux.numbers;
  return linux.retry(() =>
    linux.libc.renameat2(renameat2, number, from.name, to.at.number, to.name, flags)
  );
}

/** Removes a name or, with `AT_REMOVEDIR`, an empty directory. */
export function tryRemove({ linux, number }: OpenFile, name: CString, flags = 0): number {
  return linux.retry(() => linux.libc.unlinkat(number, name, flags));
}

/**
 * Reads what a symbolic link says.
 *
 * @returns Its length, at most that of `into`, where it may have been cut.
 */
export function tryReadLink({ linux, number }: OpenFile, name: CString, into: Bytes): number {
  return linux.retry(() => linux.libc.readlinkat(number, name, into, into.length));
}

const ITSELF = cString(new Uint8Array());

/**
 * Reads what a symbolic link says that is open itself, with `O_PATH`.
 *
 * @throws {SyscallError} If that cannot be read.
 */
export function readLink(link: NamedFile): Uint8Array {
  const target = new Uint8Array(PATH_MAX);
  const length = tryReadLink(link, ITSELF, target);
  checkResult("readlinkat", length, { action: "read", subject: link.subject });
  return target.subarray(0, length);
}

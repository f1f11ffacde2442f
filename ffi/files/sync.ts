/**
 * Making many new files survive a crash at the price of one.
 *
 * @module
 */

import { SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { DISK_FILE_SYSTEMS, LOCAL_FILE_SYSTEMS, STATFS_SIZE } from "../sys/uapi.ts";

/** What of an open file is needed: an `Fd` is one. */
export interface OpenFile {
  readonly linux: Linux;
  /** Its descriptor. */
  readonly number: number;
}

/**
 * Tells whether a file lies in a file system that keeps its contents on this machine. Of others, network
 * ones among them, it is not known what syncfs(2) promises, nor whose clock their times are from.
 */
export function isLocal(file: OpenFile): boolean {
  return isAmong(LOCAL_FILE_SYSTEMS, file);
}

/**
 * Tells whether a file lies on a disk of this machine. Then once syncfs(2) has returned, the next change of
 * any file, be it through a mapping that stays open, sets its ctime. tmpfs never writes back, so a page that
 * is mapped there may be changed for ever without that; of overlayfs it cannot be told whether it lies over
 * tmpfs, nor whether it was mounted to ignore syncfs(2).
 */
export function isOnDisk(file: OpenFile): boolean {
  return isAmong(DISK_FILE_SYSTEMS, file);
}

function isAmong(types: readonly number[], file: OpenFile): boolean {
  const type = fileSystemType(file);
  return type !== undefined && types.includes(type);
}

/** The number that the file system of an open file goes by, undefined if the kernel does not say. */
export function fileSystemType({ linux, number }: OpenFile): number | undefined {
  const buffer = new Uint8Array(STATFS_SIZE);
  if (linux.retry(() => linux.libc.fstatfs(number, buffer)) < 0) return undefined;
  return new DataView(buffer.buffer).getUint32(0, true);
}

/**
 * Waits until all that was written to a file system is on the disk.
 *
 * @param file Any open file of it.
 * @throws {SyscallError} If some of it could not be written.
 */
export function syncFileSystem(
  { linux, number, subject }: OpenFile & { readonly subject: Uint8Array | string },
): void {
  const result = linux.retry(() => linux.libc.syncfs(number));
  if (result < 0) throw new SyscallError(-result, { syscall: "syncfs", action: "sync", subject });
}

/**
 * Making many new files survive a crash at the price of one.
 *
 * @module
 */

import type { Fd } from "./fd.ts";
import { SyscallError } from "./errno.ts";
import { LOCAL_FILE_SYSTEMS, STATFS_SIZE } from "./uapi.ts";

/**
 * Tells whether a file lies in a file system that keeps its contents on this machine. Of others, network
 * ones among them, it is not known what syncfs(2) promises, nor whose clock their times are from.
 */
export function isLocal({ linux, number }: Fd): boolean {
  const buffer = new Uint8Array(STATFS_SIZE);
  if (linux.retry(() => linux.libc.fstatfs(number, buffer)) < 0) return false;
  return LOCAL_FILE_SYSTEMS.includes(new DataView(buffer.buffer).getUint32(0, true));
}

/**
 * Waits until all that was written to a file system is on the disk.
 *
 * @param file Any open file of it.
 * @throws {SyscallError} If some of it could not be written.
 */
export function syncFileSystem({ linux, number, subject }: Fd): void {
  const result = linux.retry(() => linux.libc.syncfs(number));
  if (result < 0) throw new SyscallError(-result, { syscall: "syncfs", action: "sync", subject });
}

/**
 * The system calls that open files, read and write them, and give them back.
 *
 * @see open(2), openat2(2), read(2), pread(2), lseek(2), poll(2), fcntl(2), flock(2)
 *
 * @module
 */

import { type Attempt, checkResult, type NamedFile, type OpenFile } from "./call.ts";
import type { Linux } from "./linux.ts";
import type { CString } from "./path.ts";
import { LOCK_NB, O_CLOEXEC, POLLFD } from "./uapi.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Opens a path; no program that is started inherits the descriptor.
 *
 * @param mode Permissions of a file that is created, before the umask.
 * @returns The descriptor, or a negated error number.
 */
export function tryOpen(
  { linux, number }: OpenFile,
  path: CString,
  flags: number,
  mode = 0,
): number {
  return linux.retry(() => linux.libc.openat(number, path, flags | O_CLOEXEC, mode));
}

/**
 * Opens a path as a `struct open_how` says.
 *
 * @returns The descriptor, or a negated error number: one that `mayBeMissing` tells of if there is no such call.
 */
export function tryOpenHow({ linux, number }: OpenFile, path: CString, how: Bytes): number {
  const { openat2 } = linux.numbers;
  return linux.retry(() => linux.libc.openat2(openat2, number, path, how, how.length));
}

/** Gives a descriptor free, which it is whatever this answers. */
export function tryClose({ linux, number }: OpenFile): number {
  // Linux gives the number free even if a signal interrupts the call, so it is not made again.
  let calls = 0;
  return linux.retry(() => calls++ === 0 ? linux.libc.close(number) : 0);
}

/** Reads where the last call ended. At most 2^31 - 1 bytes, as all that follow. */
export function tryRead({ linux, number }: OpenFile, into: Bytes, count: number): number {
  return linux.retry(() => linux.libc.read(number, into, count));
}

/** Reads at a position. */
export function tryReadAt(
  { linux, number }: OpenFile,
  into: Bytes,
  count: number,
  position: number,
): number {
  const { libc } = linux;
  // For every file that is read: no function is made for the call.
  while (true) {
    const result = libc.pread(number, into, count, position);
    if (result >= 0) return result;
    const failure = linux.failure();
    if (failure < 0) return failure;
  }
}

/** Writes where the last call ended. */
export function tryWrite({ linux, number }: OpenFile, bytes: Bytes, count: number): number {
  return linux.retry(() => linux.libc.write(number, bytes, count));
}

/** Writes at a position. */
export function tryWriteAt(
  { linux, number }: OpenFile,
  bytes: Bytes,
  count: number,
  position: number,
): number {
  return linux.retry(() => linux.libc.pwrite(number, bytes, count, position));
}

/** Waits until a file can be read or written, as `POLLIN` and `POLLOUT` say. */
export function waitFor(file: NamedFile, events: number): void {
  const { linux, number, subject } = file;
  const buffer = new Uint8Array(POLLFD.size);
  POLLFD.write(new DataView(buffer.buffer), 0, { fd: number, events, revents: 0 });
  const result = linux.retry(() => linux.libc.poll(buffer, 1, -1));
  checkResult("poll", result, { action: "wait for", subject });
}

/** Moves the position of an open file: lseek(2). */
export function trySeek({ linux, number }: OpenFile, position: number, whence: number): number {
  return linux.retry(() => linux.libc.lseek(number, position, whence));
}

/** Sets the length of a file. */
export function truncate({ linux, number }: OpenFile, length: number, attempt: Attempt): void {
  checkResult("ftruncate", linux.retry(() => linux.libc.ftruncate(number, length)), attempt);
}

/** Reserves room for the first `length` bytes of a file: fallocate(2). */
export function tryAllocate({ linux, number }: OpenFile, length: number): number {
  return linux.retry(() => linux.libc.fallocate(number, 0, 0, length));
}

/** Waits until a file's contents and metadata (a directory's entries) survive a crash. */
export function sync({ linux, number, subject }: NamedFile): void {
  const result = linux.retry(() => linux.libc.fsync(number));
  checkResult("fsync", result, { action: "sync", subject });
}

/** Waits until all that was written to the file system of a file survives a crash. */
export function syncFileSystem({ linux, number, subject }: NamedFile): void {
  const result = linux.retry(() => linux.libc.syncfs(number));
  checkResult("syncfs", result, { action: "sync", subject });
}

/** Makes a request of a driver or file system that comes with a record, or fills one. */
export function tryIoctl({ linux, number }: OpenFile, request: number, record: Bytes): number {
  return linux.retry(() => linux.libc.ioctl(number, request, record));
}

/** Makes a request that comes with a number. */
export function tryIoctlNumber({ linux, number }: OpenFile, request: number, value = 0): number {
  return linux.retry(() => linux.libc.ioctl_int(number, request, value));
}

/** Asks for or sets a property of a descriptor. */
export function tryFcntl({ linux, number }: OpenFile, operation: number, value = 0): number {
  return linux.retry(() => linux.libc.fcntl(number, operation, value));
}

/** Takes a lock, `LOCK_SH` or `LOCK_EX`, unless that would be to wait. */
export function tryLock({ linux, number }: OpenFile, lock: number): number {
  return linux.retry(() => linux.libc.flock(number, lock | LOCK_NB));
}

/** Makes a file in memory; the descriptor, or a negated error number. */
export function tryCreateMemfd(linux: Linux, name: CString, flags: number): number {
  const { memfd_create } = linux.numbers;
  return linux.retry(() => linux.libc.memfd_create(memfd_create, name, flags));
}

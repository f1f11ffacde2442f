/**
 * What this kernel and its file systems can do, found out by asking them and never by a version.
 *
 * @module
 */

import { ERRNO } from "../sys/errno.ts";
import type { Fd } from "./fd.ts";
import { FS_IOC_MEASURE_VERITY, FSVERITY_DIGEST } from "../sys/uapi.ts";
import { CLONE_NEWUSER, NS_GET_NSTYPE } from "../sys/uapi_mount.ts";

/**
 * Asks the file system of an open directory whether its files could have fs-verity.
 *
 * @returns The error number that says no, or undefined: a file system that can answers that this
 * directory has no digest, and any other answer is no promise that objects could be read.
 */
export function verityRefusal(directory: Fd): number | undefined {
  const { linux, number } = directory;
  const buffer = new Uint8Array(FSVERITY_DIGEST.size + 64);
  const result = linux.retry(() => linux.libc.ioctl(number, FS_IOC_MEASURE_VERITY, buffer));
  return result >= 0 || result === -ERRNO.ENODATA ? undefined : -result;
}

/** Tells whether an open file is a user namespace: 1 if so, 0 if not, or a negated error number. */
export function isUserNamespace(file: Fd): number {
  const { linux, number } = file;
  const type = linux.retry(() => linux.libc.ioctl_int(number, NS_GET_NSTYPE, 0));
  return type < 0 ? type : Number(type === CLONE_NEWUSER);
}

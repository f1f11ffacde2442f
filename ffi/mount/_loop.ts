/**
 * Loop devices: a file as a block device, for kernels and file systems whose files EROFS cannot mount
 * by themselves.
 *
 * The device frees itself once its last user is gone, be that a mount, the descriptor or a process that
 * was killed, so there is nothing to detach.
 *
 * @see loop(4)
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { ERRNO } from "../sys/errno.ts";
import { tryIoctl, tryIoctlNumber } from "../sys/file_calls.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { closeQuietly } from "../files/closing.ts";
import { asMountError, mountError } from "./_mount_error.ts";
import { O_RDWR } from "../sys/uapi.ts";
import {
  LO_FLAGS_AUTOCLEAR,
  LO_FLAGS_DIRECT_IO,
  LO_FLAGS_READ_ONLY,
  LOOP_CONFIG,
  LOOP_CONFIGURE,
  LOOP_CTL_GET_FREE,
} from "../sys/uapi_mount.ts";

/** Bytes of a sector of the device: a block of the image. */
const BLOCK_SIZE = 4096;

/** The file name that `losetup` shows, without its NUL. */
const NAME_MAX = 63;

/** How often another process may take the device between its number and its configuration. */
const MAX_RACES = 32;

/** A device that reads from a file. It stays while it is open or mounted. */
export interface LoopDevice {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly file: Fd;
}

/**
 * Makes a free loop device read from an open file.
 *
 * @param name What the file is called, for `losetup`.
 * @throws {SyscallError} If there is no loop device to be had.
 */
export function attachLoop(linux: Linux, image: Fd, name: Uint8Array): LoopDevice {
  let errno: number = ERRNO.EBUSY;
  for (let race = 0; race < MAX_RACES; race++) {
    const path = utf8(`/dev/loop${freeNumber(linux, name)}`);
    const file = open(linux, path, name);
    const result = configure(file, image, name);
    if (result >= 0) return { path, file };
    closeQuietly(file);
    errno = -result;
    if (errno !== ERRNO.EBUSY) break;
  }
  throw mountError("loop", name, errno, { syscall: "ioctl(LOOP_CONFIGURE)" });
}

function freeNumber(linux: Linux, name: Uint8Array): number {
  const control = open(linux, utf8("/dev/loop-control"), name);
  const free = tryIoctlNumber(control, LOOP_CTL_GET_FREE);
  closeQuietly(control);
  if (free >= 0) return free;
  throw mountError("loop", name, -free, { syscall: "ioctl(LOOP_CTL_GET_FREE)" });
}

function open(linux: Linux, path: Uint8Array, name: Uint8Array): Fd {
  try {
    return Fd.open(linux, path, { flags: O_RDWR });
  } catch (error) {
    throw asMountError("loop", name, error);
  }
}

function configure(device: Fd, image: Fd, name: Uint8Array): number {
  const config = new Uint8Array(LOOP_CONFIG.size);
  LOOP_CONFIG.write(new DataView(config.buffer), 0, {
    fd: image.number,
    blockSize: BLOCK_SIZE,
    infoFlags: LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
  });
  config.set(name.subarray(0, NAME_MAX), LOOP_CONFIG.offsets.infoFileName);
  return tryIoctl(device, LOOP_CONFIGURE, config);
}

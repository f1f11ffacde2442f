/**
 * A copy of a file in memory that cannot be changed any more, not even by this process: a sealed memfd.
 *
 * Every reader of the descriptor then sees the bytes that were digested after sealing.
 *
 * @see memfd_create(2), fcntl(2) "File Sealing"
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO } from "../sys/errno.ts";
import { tryCreateMemfd, tryFcntl } from "../sys/file_calls.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { closeQuietly } from "./closing.ts";
import { cString } from "../sys/path.ts";
import {
  F_ADD_SEALS,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_NOEXEC_SEAL,
} from "../sys/uapi_mount.ts";

const ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

const CHUNK_SIZE = 1 << 20;

/**
 * Copies a file from its start into memory and seals the copy.
 *
 * @param size Bytes that are copied if the file has more.
 * @throws {SyscallError} If there is not enough memory, or the file cannot be read.
 */
export function sealedCopy(linux: Linux, file: Fd, size = Infinity): Fd {
  return sealed(linux, file.subject, (copy) => {
    const buffer = new Uint8Array(CHUNK_SIZE);
    let position = 0;
    while (true) {
      const part = buffer.subarray(0, Math.min(buffer.length, size - position));
      const count = part.length === 0 ? 0 : file.readAt(part, position);
      if (count === 0) break;
      copy.writeAt(buffer, position, count);
      position += count;
    }
  });
}

/**
 * Makes a sealed file of bytes.
 *
 * @param name What they are called in messages.
 * @throws {SyscallError} If there is not enough memory.
 */
export function sealedFile(linux: Linux, name: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Fd {
  return sealed(linux, name, (file) => file.writeAt(bytes, 0));
}

function sealed(linux: Linux, subject: Uint8Array | string, fill: (file: Fd) => void): Fd {
  const file = createMemfd(linux, subject);
  try {
    fill(file);
    checkResult("fcntl", tryFcntl(file, F_ADD_SEALS, ALL_SEALS), {
      action: "seal copy of",
      subject,
    });
    return file;
  } catch (error) {
    closeQuietly(file);
    throw error;
  }
}

function createMemfd(linux: Linux, subject: Uint8Array | string): Fd {
  const name = cString(utf8("composefs-image"));
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let number = tryCreateMemfd(linux, name, flags | MFD_NOEXEC_SEAL);
  // Linux before 6.3 does not know that images are not for executing.
  if (number === -ERRNO.EINVAL) number = tryCreateMemfd(linux, name, flags);
  checkResult("memfd_create", number, { action: "make room in memory for", subject });
  return new Fd(linux, number, subject);
}

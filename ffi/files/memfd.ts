/**
 * A copy of a file in memory that nobody can change any more, not even we: a sealed memfd.
 *
 * What is digested after sealing is what whoever reads the descriptor will see.
 *
 * @see memfd_create(2), fcntl(2) "File Sealing"
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
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
  MEMFD_CREATE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_NOEXEC_SEAL,
} from "../sys/uapi_mount.ts";

const ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/** Bytes copied at a time. */
const CHUNK_SIZE = 1 << 20;

/**
 * Copies a file from its start into memory and seals the copy.
 *
 * @param size Bytes that are copied if the file has more.
 * @throws {SyscallError} If there is not enough memory, or the file cannot be read.
 */
export function sealedCopy(linux: Linux, file: Fd, size = Infinity): Fd {
  const copy = createMemfd(linux, file.subject);
  try {
    const buffer = new Uint8Array(CHUNK_SIZE);
    let position = 0;
    while (true) {
      const part = buffer.subarray(0, Math.min(buffer.length, size - position));
      const count = part.length === 0 ? 0 : file.readAt(part, position);
      if (count === 0) break;
      copy.writeAt(buffer, position, count);
      position += count;
    }
    const { number } = copy;
    const sealed = linux.retry(() => linux.libc.fcntl(number, F_ADD_SEALS, ALL_SEALS));
    if (sealed < 0) throw failure(-sealed, "fcntl", "seal copy of", file.subject);
    return copy;
  } catch (error) {
    closeQuietly(copy);
    throw error;
  }
}

function createMemfd(linux: Linux, subject: Uint8Array | string): Fd {
  const name = cString(utf8("composefs-image"));
  const create = (flags: number) =>
    linux.retry(() => linux.libc.memfd_create(MEMFD_CREATE[linux.architecture], name, flags));
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let number = create(flags | MFD_NOEXEC_SEAL);
  // Linux before 6.3 does not know that images are not for executing.
  if (number === -ERRNO.EINVAL) number = create(flags);
  if (number < 0) throw failure(-number, "memfd_create", "make room in memory for", subject);
  return new Fd(linux, number, subject);
}

function failure(
  errno: number,
  syscall: string,
  action: string,
  subject: Uint8Array | string,
): SyscallError {
  return new SyscallError(errno, { syscall, action, subject });
}

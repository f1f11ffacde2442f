/**
 * Creating a directory with all that leads to it.
 *
 * @module
 */

import { ERRNO, SyscallError } from "./errno.ts";
import type { Linux } from "./linux.ts";
import { cString } from "./path.ts";
import { AT_FDCWD } from "./uapi.ts";

const SLASH = 0x2f;
const MODE = 0o755;

/**
 * Creates a directory and its missing parents, mode 0755 before the umask. What is there stays.
 *
 * @throws {SyscallError} If one of them cannot be created.
 */
export function makeDirectories(linux: Linux, path: Uint8Array): void {
  const missing: Uint8Array[] = [];
  let end = path.length;
  while (end > 0) {
    const errno = makeDirectory(linux, path.subarray(0, end));
    if (errno === 0 || errno === ERRNO.EEXIST) break;
    if (errno !== ERRNO.ENOENT) throw failure(errno, path.subarray(0, end));
    missing.push(path.subarray(0, end));
    while (end > 0 && path[end - 1] === SLASH) end--;
    while (end > 0 && path[end - 1] !== SLASH) end--;
  }
  while (missing.length > 0) {
    const next = missing.pop()!;
    const errno = makeDirectory(linux, next);
    if (errno !== 0 && errno !== ERRNO.EEXIST) throw failure(errno, next);
  }
}

function makeDirectory(linux: Linux, path: Uint8Array): number {
  const terminated = cString(path);
  return -linux.retry(() => linux.libc.mkdirat(AT_FDCWD, terminated, MODE));
}

function failure(errno: number, path: Uint8Array): SyscallError {
  return new SyscallError(errno, {
    syscall: "mkdirat",
    action: "create directory",
    subject: path,
  });
}

/**
 * The standard streams as open files.
 *
 * They are never closed: the parent process may go on using them.
 *
 * @module
 */

import { ERRNO, SyscallError } from "../sys/errno.ts";
import { tryFcntl } from "../sys/file_calls.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { F_GETFD, FD_CLOEXEC } from "../sys/uapi.ts";

/** Standard input, to be read with `chunks` or `readAll`, and the output that others read. */
const STREAMS = [
  { number: 0, name: "standard input", syscall: "read" },
  { number: 1, name: "standard output", syscall: "write" },
] as const;

/** Paths that lead to standard output. */
const OUTPUT_PATHS: readonly string[] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/**
 * Standard input or output.
 *
 * @throws {SyscallError} If the parent process has closed it. Bun has opened `/dev/null` in its
 * place, with the flag that nothing inherited can have; Deno has done so in a way that cannot be told.
 */
export function standardStream(linux: Linux, number: 0 | 1): Fd {
  const { name, syscall } = STREAMS[number];
  const flags = tryFcntl({ linux, number }, F_GETFD);
  if (flags === 0) return new Fd(linux, number, name);
  throw new SyscallError(flags < 0 ? -flags : ERRNO.EBADF, {
    syscall,
    action: syscall,
    subject: name,
    ...((flags & FD_CLOEXEC) !== 0 ? { state: "it is closed" } : {}),
  });
}

/** Tells whether a path is another name of standard output. */
export function isStandardOutput(path: Uint8Array): boolean {
  return OUTPUT_PATHS.includes(new TextDecoder().decode(path));
}

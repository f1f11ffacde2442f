/**
 * The system calls that are about the process itself.
 *
 * @see sched_getaffinity(2), getrlimit(2), execve(2)
 *
 * @module
 */

import type { Linux } from "./linux.ts";
import type { CString } from "./path.ts";
import { RLIMIT } from "./uapi.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads which CPUs this process may run on, one bit for each. */
export function tryGetAffinity(linux: Linux, mask: Bytes): number {
  return linux.retry(() => linux.libc.sched_getaffinity(0, mask.length, mask));
}

/** The limit of a resource as it is in force, undefined if it cannot be told. */
export function softLimit(linux: Linux, resource: number): number | undefined {
  const buffer = new Uint8Array(RLIMIT.size);
  const result = linux.retry(() => linux.libc.getrlimit(resource, buffer));
  return result < 0 ? undefined : RLIMIT.read(new DataView(buffer.buffer), 0).soft;
}

/**
 * Replaces the process by another program.
 *
 * @param argv Addresses of the arguments, and what they point at, in one array; `envp` likewise.
 * @returns Only if it failed: the negated error number.
 */
export function tryExecute(linux: Linux, path: CString, argv: Bytes, envp: Bytes): number {
  return linux.retry(() => linux.libc.execve(path, argv, envp));
}

/**
 * What the functions of this folder have in common, each of which is one system call.
 *
 * `tryX` makes the call, again and again while signals interrupt it, and answers with its result or, where it
 * fails, the negated error number: for callers who go by that. `x` throws instead, and says what was attempted.
 *
 * @module
 */

import { SyscallError } from "./errno.ts";
import type { Linux } from "./linux.ts";
import { AT_FDCWD } from "./uapi.ts";

/** A file that is open, as the kernel is told of it. */
export interface OpenFile {
  readonly linux: Linux;
  /** Its descriptor. */
  readonly number: number;
}

/** An open file that messages have a name for. */
export interface NamedFile extends OpenFile {
  /** Its path, or words (`standard input`). */
  readonly subject: Uint8Array | string;
}

/** What a message says of a call that failed. */
export interface Attempt {
  /** The verb phrase after "Cannot", such as `"create"`. */
  readonly action: string;
  /** What it was attempted on: a path, or words to be shown as they are. */
  readonly subject: Uint8Array | string;
}

/**
 * Hands on the result of a call.
 *
 * @param syscall Name of the call, such as `"mkdirat"`.
 * @throws {SyscallError} If it is a negated error number.
 */
export function checkResult(syscall: string, result: number, attempt: Attempt): number {
  if (result >= 0) return result;
  const { action, subject } = attempt;
  throw new SyscallError(-result, { syscall, action, subject });
}

/** Stands for the working directory, which relative paths start from. */
export function workingDirectory(linux: Linux): OpenFile {
  return { linux, number: AT_FDCWD };
}

/**
 * The program that this process runs: its arguments and environment, and replacing it by another.
 *
 * @see execve(2)
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { Fd } from "../files/fd.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { cString } from "../sys/path.ts";
import { tryExecute } from "../sys/process_calls.ts";
import { O_RDONLY } from "../sys/uapi.ts";

/** Bytes of an address. */
const POINTER_SIZE = 8;

/**
 * Replaces the process.
 *
 * @param args The name that the program is to go by, and its arguments, each ended by a NUL, as
 * `/proc/self/cmdline` has them.
 * @param environment `NAME=value` each, likewise.
 * @returns Only if that failed: the negated error number.
 */
export function tryReplaceProcess(
  linux: Linux,
  path: Uint8Array,
  args: Uint8Array,
  environment: Uint8Array,
): number {
  const argv = pointerList(linux, args);
  const envp = pointerList(linux, environment);
  return tryExecute(linux, cString(path), argv, envp);
}

/** All arguments of this process, the name that it goes by first, each ended by a NUL; none without `/proc`. */
export function ownArguments(linux: Linux): Uint8Array<ArrayBuffer> {
  return readOwn(linux, "cmdline");
}

/** All variables that this process was started with, `NAME=value` each, likewise. */
export function ownEnvironment(linux: Linux): Uint8Array<ArrayBuffer> {
  return readOwn(linux, "environ");
}

/** What the kernel told this process of itself when it started: pairs of 64-bit numbers; none without `/proc`. */
export function ownAuxiliaryVector(linux: Linux): Uint8Array<ArrayBuffer> {
  return readOwn(linux, "auxv");
}

function readOwn(linux: Linux, name: string): Uint8Array<ArrayBuffer> {
  try {
    // Not by `using`, which the bundler drops here.
    const file = Fd.open(linux, utf8(`/proc/self/${name}`), { flags: O_RDONLY });
    try {
      return file.readAll() ?? new Uint8Array();
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof SyscallError) return new Uint8Array();
    throw error;
  }
}

/**
 * The addresses of strings, a null pointer behind them. The strings follow in the same memory, which is there
 * for as long as the list is.
 */
function pointerList(linux: Linux, strings: Uint8Array): Uint8Array<ArrayBuffer> {
  const starts: number[] = [];
  for (let at = 0; at < strings.length; at = endOf(strings, at) + 1) starts.push(at);
  const stringsAt = (starts.length + 1) * POINTER_SIZE;
  const list = new Uint8Array(stringsAt + strings.length + 1);
  list.set(strings, stringsAt);
  const view = new DataView(list.buffer);
  const address = linux.addressOf(list) + stringsAt;
  starts.forEach((start, i) => u64.write(view, i * POINTER_SIZE, address + start));
  return list;
}

/** Where the NUL of a string is; behind the last one if that has none. */
function endOf(strings: Uint8Array, start: number): number {
  const end = strings.indexOf(0, start);
  return end < 0 ? strings.length : end;
}

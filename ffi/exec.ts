/**
 * Replacing the running process by another program.
 *
 * @see execve(2)
 *
 * @module
 */

import type { Linux } from "./linux.ts";
import { cString } from "./path.ts";

/** Bytes of an address. */
const POINTER_SIZE = 8;

/**
 * Replaces the process. Returns only if that failed.
 *
 * @param args The name that the program is to go by, and its arguments.
 * @param environment `NAME=value` each.
 * @returns The error number.
 */
export function replaceProcess(
  linux: Linux,
  path: Uint8Array,
  args: readonly Uint8Array[],
  environment: readonly Uint8Array[],
): number {
  const argv = pointers(linux, args);
  const envp = pointers(linux, environment);
  const result = linux.retry(() => linux.libc.execve(cString(path), argv.list, envp.list));
  // What the lists point at must not go before the call.
  return argv.strings.length + envp.strings.length > 0 ? -result : 0;
}

/** The addresses of strings, a null pointer behind them; and the strings, all in one piece of memory. */
function pointers(
  linux: Linux,
  strings: readonly Uint8Array[],
): { list: Uint8Array<ArrayBuffer>; strings: Uint8Array<ArrayBuffer> } {
  const terminated = strings.map(cString);
  const all = new Uint8Array(terminated.reduce((sum, { length }) => sum + length, 1));
  const list = new DataView(new ArrayBuffer((strings.length + 1) * POINTER_SIZE));
  const start = linux.addressOf(all);
  let at = 0;
  terminated.forEach((string, i) => {
    all.set(string, at);
    list.setBigUint64(i * POINTER_SIZE, BigInt(start + at), true);
    at += string.length;
  });
  return { list: new Uint8Array(list.buffer), strings: all };
}

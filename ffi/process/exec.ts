/**
 * Replacing the running process by another program.
 *
 * @see execve(2)
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import type { Linux } from "../sys/linux.ts";
import { cString } from "../sys/path.ts";

/** Bytes of an address. */
const POINTER_SIZE = 8;

/**
 * Replaces the process. Returns only if that failed.
 *
 * @param args The name that the program is to go by, and its arguments, each ended by a NUL, as
 * `/proc/self/cmdline` has them.
 * @param environment `NAME=value` each, likewise.
 * @returns The error number.
 */
export function replaceProcess(
  linux: Linux,
  path: Uint8Array,
  args: Uint8Array,
  environment: Uint8Array,
): number {
  const argv = pointers(linux, args);
  const envp = pointers(linux, environment);
  const result = linux.retry(() => linux.libc.execve(cString(path), argv.list, envp.list));
  // What the lists point at must not go before the call.
  return argv.strings.length + envp.strings.length > 0 ? -result : 0;
}

/** The addresses of strings, a null pointer behind them; and the strings. */
function pointers(
  linux: Linux,
  strings: Uint8Array,
): { list: Uint8Array<ArrayBuffer>; strings: Uint8Array<ArrayBuffer> } {
  const terminated = new Uint8Array(strings.length + 1);
  terminated.set(strings);
  const starts: number[] = [];
  for (let at = 0; at < strings.length; at = terminated.indexOf(0, at) + 1) starts.push(at);
  const list = new DataView(new ArrayBuffer((starts.length + 1) * POINTER_SIZE));
  const address = linux.addressOf(terminated);
  starts.forEach((start, i) => u64.write(list, i * POINTER_SIZE, address + start));
  return { list: new Uint8Array(list.buffer), strings: terminated };
}

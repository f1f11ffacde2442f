/**
 * The arguments as the bytes that the kernel passed.
 *
 * Both runtimes decode argv as UTF-8 and put U+FFFD where it is not, which loses paths such as
 * `/tmp/\xff`. `/proc/self/cmdline` still has them. It begins with the runtime's own arguments (`deno
 * run -A main.ts`), whose number is not known, so ours are the last entries. Reading the file is left
 * to the caller.
 *
 * @module
 */

import { utf8 } from "../lib/bytes/text.ts";

/**
 * Encodes the arguments, from `/proc/self/cmdline` if a replacement character shows that the runtime
 * may have lost some.
 *
 * @param args The program's own arguments as the runtime has them, without the runtime's.
 * @param readCommandLine Reads all of `/proc/self/cmdline`. Called at most once.
 * @throws {Error} If the command line read does not end with these arguments.
 */
export function argvBytes(
  args: readonly string[],
  readCommandLine: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer>[] {
  if (!args.some((argument) => argument.includes("\ufffd"))) return args.map(utf8);
  const ours = splitCommandLine(readCommandLine()).slice(-args.length);
  // Without this check a process that rewrote its command line would work on the wrong files. Both
  // runtimes decode as TextDecoder does, one U+FFFD for each maximal invalid part (measured).
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const same = ours.length === args.length &&
    ours.every((bytes, i) => decoder.decode(bytes) === args[i]);
  if (!same) {
    throw new Error(
      'Cannot take arguments that are not UTF-8: "/proc/self/cmdline" does not hold them',
    );
  }
  return ours;
}

/** The first of the arguments in `/proc/self/cmdline`; undefined if there is none. */
export function firstArgument(commandLine: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  if (commandLine.length === 0) return undefined;
  const end = commandLine.indexOf(0);
  return end === -1 ? commandLine : commandLine.subarray(0, end);
}

/**
 * Splits `/proc/self/cmdline` into its arguments, each of which ends with a NUL. The first is the name
 * that the process was started by: that of the link to a compiled program, or the runtime's.
 *
 * @returns Views of `commandLine`.
 */
export function splitCommandLine(commandLine: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let start = 0;
  for (let end = commandLine.indexOf(0); end !== -1; end = commandLine.indexOf(0, start)) {
    parts.push(commandLine.subarray(start, end));
    start = end + 1;
  }
  if (start < commandLine.length) parts.push(commandLine.subarray(start));
  return parts;
}

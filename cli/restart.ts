/**
 * Starting the executable once more, when it turns out that there is work for several threads.
 *
 * JavaScriptCore compiles hot code a last time, at great expense, by FTL. That pays for programs that run
 * for minutes. When all CPUs hash files, its threads take time from those that do: digesting 32,000 files
 * of 920 MB takes 2.5 seconds of CPU time with it, 2.2 without (measured, two CPUs). The compiler can be
 * turned off only by a variable of the environment that a process starts with; beginning anew takes 25
 * milliseconds.
 *
 * @module
 */

import { replaceProcess } from "../ffi/process/exec.ts";
import type { Linux } from "../ffi/sys/linux.ts";
import { concatBytes, utf8 } from "../lib/bytes/text.ts";

/**
 * The option, and the variable that sets it in our executable, which knows no other one; Bun itself would
 * want `BUN_JSC_` in front.
 */
export const FTL_VARIABLE = "useFTLJIT";

/** Tells whether this is the second start, so that the work need not be looked at again. */
export function hasRestarted(linux: Linux): boolean {
  return linux.libc.getenv(utf8(`${FTL_VARIABLE}\0`)) !== 0;
}

/**
 * Replaces the running process by the same program without FTL. Returns where that cannot be done, or
 * where the setting has been made, as it has the second time.
 *
 * @param executable Its path.
 * @param commandLine All arguments, the name that the program goes by first, each ended by a NUL; empty if
 * they are not known.
 * @param environment All variables, `NAME=value` each, likewise.
 */
export function restartWithoutFtl(
  linux: Linux,
  executable: Uint8Array,
  commandLine: Uint8Array,
  environment: Uint8Array,
): void {
  if (commandLine.length === 0 || hasRestarted(linux)) return;
  const variables = concatBytes(environment, utf8(`${FTL_VARIABLE}=0\0`));
  replaceProcess(linux, executable, commandLine, variables);
}

/**
 * Starting the executable once more, when it turns out that there is work for several threads.
 *
 * JavaScriptCore compiles hot code a last time, at great expense, by FTL. That pays for programs that run
 * for minutes. When all CPUs hash files, its threads take time from those that do: digesting 32,000 files
 * of 920 MB takes 2.5 seconds of CPU time with it, 2.2 without (measured, two CPUs). The compiler can be
 * turned off only by a variable of the environment that a process starts with; a start takes 8
 * milliseconds.
 *
 * @module
 */

import process from "node:process";

const SETTING = "BUN_JSC_useFTLJIT";

/**
 * Replaces the running process by the same program without FTL. Returns where that cannot be done, or
 * where the setting has been made, as it has the second time.
 *
 * @param commandLine All arguments, the name that the program goes by first.
 */
export function restartWithoutFtl(commandLine: readonly Uint8Array[]): void {
  const { execve } = process as unknown as {
    execve?(file: string, args: readonly string[], env: Record<string, string>): void;
  };
  if (execve === undefined || process.env[SETTING] !== undefined) return;
  const args = decodeAll(commandLine);
  if (args === undefined || args.length === 0) return;
  execve.call(process, process.execPath, args, { ...process.env, [SETTING]: "0" } as Record<
    string,
    string
  >);
}

/** The arguments as strings, undefined if some of them would come out otherwise. */
function decodeAll(commandLine: readonly Uint8Array[]): string[] | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return commandLine.map((argument) => decoder.decode(argument));
  } catch {
    return undefined;
  }
}

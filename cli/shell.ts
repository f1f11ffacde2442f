/**
 * Running a command of the shell.
 *
 * @module
 */

import { nodeChildProcess } from "./runtime.ts";

/** Runs a command behind what reads its input to the end: Deno loses the status of one that does not. */
const SCRIPT = 'cat 2>/dev/null | /bin/sh -c "$1"';

/** More than any signature has. */
const MAX_OUTPUT = 1 << 20;

/**
 * Runs a command; what it says on standard error is seen.
 *
 * @returns Its standard output.
 * @throws {Error} If it fails.
 */
export function runShell(command: string, input: Uint8Array): Uint8Array {
  const { status, error, stdout } = nodeChildProcess().spawnSync(
    "/bin/sh",
    ["-c", SCRIPT, "sh", command],
    { input, stdio: ["pipe", "pipe", "inherit"], maxBuffer: MAX_OUTPUT },
  );
  if (status === 0 && error === undefined) return stdout;
  const state = error?.message ??
    (status === null ? "ended by a signal" : `exit status ${status}`);
  throw new Error(`Cannot run "${command}": ${state}`);
}

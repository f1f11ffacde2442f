/**
 * Saying what is no error, but should be known.
 *
 * @module
 */

import type { Context } from "./args/command.ts";

/** Writes a line to standard error. */
export function note(
  { terminal, program }: Pick<Context, "terminal" | "program">,
  text: string,
): void {
  terminal.stderr.write(`${program}: note: ${text}\n`);
}

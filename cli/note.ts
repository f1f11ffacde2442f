/**
 * Saying what is no error, but should be known.
 *
 * @module
 */

import type { Context } from "./args/command.ts";
import { jsonLine } from "./json.ts";

/** Writes a line to standard error, as JSON under `--json`; nothing under `--quiet`. */
export function note(
  { terminal, program }: Pick<Context, "terminal" | "program">,
  text: string,
): void {
  const { quiet, json } = terminal.manner;
  if (quiet) return;
  terminal.stderr.write(
    json ? jsonLine({ note: { message: text } }) : `${program}: note: ${text}\n`,
  );
}

/**
 * The version, and how each program prints it.
 *
 * The programs that stand for C ones name themselves and composefs-ts in the manner of GNU programs
 * (`mkcomposefs (composefs-ts) 0.1.0`), fsverity among them: to print `fsverity v1.6` would claim to be
 * another program.
 *
 * @module
 */

/** Version of composefs-ts, the same as in deno.json. */
export const VERSION = "0.1.0";

/** The line that `--version` prints, without a line end. */
export function versionLine(program: string): string {
  return program === "composefs"
    ? `composefs-ts ${VERSION}`
    : `${program} (composefs-ts) ${VERSION}`;
}

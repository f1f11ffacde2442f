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

/** Version of the C programs whose images and ways these are. */
const C_VERSION = "1.0.8";

/** In place of this the build puts the commit that it is made of. */
export const COMMIT_PLACE = "commit-that-the-build-puts-here";

/** The line that `--version` prints, without a line end. */
export function versionLine(program: string, asC: boolean, runtime?: string): string {
  if (asC) return `${program} (composefs-ts) ${VERSION}`;
  const known = /^[0-9a-f]+$/.test(COMMIT_PLACE) ? [`commit ${COMMIT_PLACE}`] : [];
  const built = [...known, ...(runtime === undefined ? [] : [runtime])].join(", ");
  return `composefs-ts ${VERSION} (${built === "" ? "" : `${built}; `}as mkcomposefs ${C_VERSION})`;
}

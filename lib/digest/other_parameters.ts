/**
 * Digests by other block sizes and salts than those that files are digested by as a rule.
 *
 * A digest covers its parameters: contents that have it by any of them are the contents that it names.
 *
 * @module
 */

import type { File } from "../file/file.ts";
import type { Digest } from "./digest.ts";
import type { BlockParameters } from "./fs_verity.ts";
import { hashFile } from "./hash_file.ts";

/** Tells by which other parameters the digest of a file may have been made. */
export type OtherParameters = (file: File) => readonly BlockParameters[];

/** Tells whether contents have a digest by one of several parameters. Reads all of them, for each. */
export function hasDigestByOther(
  contents: File,
  digest: Digest,
  parameters: readonly BlockParameters[],
): boolean {
  const { algorithm } = digest;
  return parameters.some((each) =>
    hashFile(contents, { algorithm, ...each }).digest().equals(digest)
  );
}

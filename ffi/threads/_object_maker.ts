/**
 * What becomes of contents in memory: digests alone, or an object where the store has none of theirs yet.
 *
 * @module
 */

import { joinDigests } from "../../lib/composefs/contents.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
import { resize, writeNonZero } from "../files/write_contents.ts";
import type { ObjectDirectory } from "../objects/object_directory.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";

/** The digests of contents, one behind the other in the order of the algorithms. */
export function digestContents(
  contents: Uint8Array,
  algorithms: readonly HashAlgorithm[],
): FileResult {
  const digests = algorithms.map((algorithm) => fsVerityDigest(contents, { algorithm }));
  return { state: FILE_STATE.digested, bytes: joinDigests(digests) };
}

/**
 * Makes an object, unless the store has it.
 *
 * @param clone A draft that has these contents already. Taken over.
 * @throws {SyscallError} If it cannot be written.
 */
export function makeObject(
  objects: ObjectDirectory,
  contents: Uint8Array<ArrayBuffer>,
  algorithm: HashAlgorithm,
  clone?: UnnamedFile,
): FileResult {
  let draft = clone;
  try {
    const digest = fsVerityDigest(contents, { algorithm });
    const { bytes } = digest;
    if (objects.has(digest, contents.length)) {
      draft?.[Symbol.dispose]();
      return { state: FILE_STATE.digested, bytes };
    }
    if (draft === undefined) {
      draft = objects.createDraft();
      const written = writeNonZero(draft.file, contents, 0);
      if (written !== contents.length) resize(draft.file, contents.length);
    }
    objects.completeDraft(draft, algorithm);
    return { state: FILE_STATE.drafted, bytes, draft: draft.handle };
  } catch (error) {
    draft?.[Symbol.dispose]();
    throw error;
  }
}

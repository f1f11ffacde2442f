/**
 * What `create` has done: files, objects that are new or were there, bytes.
 *
 * @module
 */

import type { DiskStore } from "../../../ffi/disk.ts";
import { latin1, quote } from "../../../lib/bytes/text.ts";
import { INLINE_THRESHOLD } from "../../../lib/composefs/contents.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { ReadSource } from "../../../lib/composefs/image.ts";
import { Digest } from "../../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { jsonLine } from "../../json.ts";

/** Counts of what has been read and stored. Hard links are one file, files of the same contents one object. */
export interface Counts {
  /** Regular files. */
  readonly files: number;
  readonly objects: number;
  readonly objectBytes: number;
  /** Of these, those that the store did not have; absent without a store. */
  readonly newObjects?: number;
  readonly newObjectBytes?: number;
}

/** Tells whether a store lacks an object of so many bytes. */
export type Lacks = (digest: Digest, size: number) => boolean;

/**
 * Counts what has been read, and put into a store.
 *
 * @param added What the store has got; or tells what it lacks, where nothing was put into it.
 */
export function countRead(
  { tree, contents }: ReadSource,
  algorithm: HashAlgorithm,
  added: DiskStore["added"] | Lacks | undefined,
): Counts {
  const rows = new Map<string, number>();
  let files = 0;
  for (const leaf of tree.leaves) {
    if (leaf.kind !== "regular") continue;
    files++;
    if (contents.size(leaf.file) > INLINE_THRESHOLD) {
      rows.set(latin1(contents.digestBytes(leaf.file, algorithm)), leaf.file);
    }
  }
  let objectBytes = 0;
  const fresh = { objects: 0, bytes: 0 };
  for (const row of rows.values()) {
    const size = contents.size(row);
    objectBytes += size;
    if (typeof added !== "function") continue;
    if (!added(new Digest(algorithm, contents.digestBytes(row, algorithm)), size)) continue;
    fresh.objects++;
    fresh.bytes += size;
  }
  return {
    files,
    objects: rows.size,
    objectBytes,
    ...newCounts(typeof added === "function" ? fresh : added),
  };
}

function newCounts(
  added: DiskStore["added"] | undefined,
): Pick<Counts, "newObjects" | "newObjectBytes"> {
  return added === undefined ? {} : { newObjects: added.objects, newObjectBytes: added.bytes };
}

/** What `--json` prints of an image that has been made, its line end included. */
export function imageJson(bytes: Uint8Array, digest: Digest, counts?: Counts): string {
  const { algorithm } = digest;
  const { version } = openImage(bytes);
  const image = { digest: digest.toHex(), algorithm, size: bytes.length, formatVersion: version };
  return jsonLine({ ...image, ...counts });
}

/** Says in a line what has been written, its line end not included. */
export function summaryText(image: Uint8Array, size: number, counts: Counts | undefined): string {
  const written = `Wrote ${quote(image)}, ${size} bytes`;
  if (counts === undefined) return written;
  const { files, objects, objectBytes, newObjects, newObjectBytes } = counts;
  const stored = newObjects === undefined
    ? ""
    : `, ${newObjects} of them new to the store with ${newObjectBytes} bytes`;
  return `${written}: ${files} files, ${objects} objects of ${objectBytes} bytes${stored}`;
}

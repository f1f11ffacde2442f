/**
 * What `create` has done: files, objects that are new or were there, bytes.
 *
 * @module
 */

import type { DiskStore } from "../../../ffi/disk.ts";
import { latin1, quote } from "../../../lib/bytes/text.ts";
import { INLINE_THRESHOLD } from "../../../lib/composefs/contents.ts";
import type { ReadSource } from "../../../lib/composefs/image.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";

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

/** Counts what has been read, and put into a store. */
export function countRead(
  { tree, contents }: ReadSource,
  algorithm: HashAlgorithm,
  added: DiskStore["added"] | undefined,
): Counts {
  const sizes = new Map<string, number>();
  let files = 0;
  for (const leaf of tree.leaves) {
    if (leaf.kind !== "regular") continue;
    files++;
    const size = contents.size(leaf.file);
    if (size > INLINE_THRESHOLD) {
      sizes.set(latin1(contents.digestBytes(leaf.file, algorithm)), size);
    }
  }
  let objectBytes = 0;
  for (const size of sizes.values()) objectBytes += size;
  return {
    files,
    objects: sizes.size,
    objectBytes,
    ...(added === undefined ? {} : { newObjects: added.objects, newObjectBytes: added.bytes }),
  };
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

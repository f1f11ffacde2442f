/**
 * The fs-verity digest of an open file, in user space.
 *
 * @module
 */

import { FsVerityHasher } from "../lib/fsverity/digest.ts";
import type { SourceFile } from "../lib/tree/source.ts";

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 20;

/**
 * Digests the first `size` bytes of a file. No more, because a file may grow for as long as it is read.
 *
 * @param take Shown each chunk on the way. The chunk is valid during the call.
 */
export function hashFile(
  file: SourceFile,
  size: number,
  take?: (chunk: Uint8Array<ArrayBuffer>, position: number) => void,
): Uint8Array<ArrayBuffer> {
  const hasher = new FsVerityHasher();
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  let position = 0;
  while (position < size) {
    const room = Math.min(buffer.length, size - position);
    const into = room === buffer.length ? buffer : buffer.subarray(0, room);
    const count = file.readAt(into, position);
    if (count === 0) break;
    const chunk = count === into.length ? into : into.subarray(0, count);
    hasher.update(chunk);
    take?.(chunk, position);
    position += count;
  }
  return hasher.digest();
}

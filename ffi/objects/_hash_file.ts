/**
 * The fs-verity digest of an open file, in user space.
 *
 * @module
 */

import { readPieces } from "../../lib/file/pieces.ts";
import { FsVerityHasher } from "../../lib/digest/fs_verity.ts";
import type { SourceFile } from "../../lib/tree/source.ts";

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 20;

/**
 * Digests the first `size` bytes of a file. No more, because a file may grow for as long as it is read.
 *
 * @param take Shown each chunk on the way, but no holes. The chunk is valid during the call.
 */
export function hashFile(
  file: SourceFile,
  size: number,
  take?: (chunk: Uint8Array<ArrayBuffer>, position: number) => void,
): Uint8Array<ArrayBuffer> {
  const hasher = new FsVerityHasher();
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  for (const { position, length, bytes } of readPieces(file, buffer, size)) {
    if (bytes === undefined) {
      hasher.updateZeros(length);
    } else {
      hasher.update(bytes);
      take?.(bytes, position);
    }
  }
  return hasher.digest();
}

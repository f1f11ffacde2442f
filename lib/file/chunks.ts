/**
 * A file from its start to its end, chunk by chunk.
 *
 * @module
 */

import type { File } from "./file.ts";

/** Bytes of a chunk; the last one has fewer. */
const CHUNK_SIZE = 1 << 20;

/**
 * Reads a file, as long as it was when it was opened, or less if it ends before.
 *
 * @returns Chunks, each valid until the next is asked for.
 */
export function* readChunks(file: File): Generator<Uint8Array<ArrayBuffer>> {
  const { size } = file;
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  for (let position = 0; position < size;) {
    const room = buffer.subarray(0, Math.min(buffer.length, size - position));
    const length = file.readAt(room, position);
    if (length === 0) return;
    yield room.subarray(0, length);
    position += length;
  }
}

/**
 * Reading a file or stream in chunks that may be kept.
 *
 * @module
 */

import type { Fd } from "./fd.ts";

const CHUNK_SIZE = 1 << 20;

/** Reads on to the end, each chunk in memory of its own. */
export function* ownChunks(file: Fd): Generator<Uint8Array<ArrayBuffer>> {
  while (true) {
    const chunk = new Uint8Array(CHUNK_SIZE);
    const count = file.read(chunk);
    if (count === 0) return;
    // What a pipe hands out is small: such a chunk would hold on to a mostly empty buffer.
    yield count > CHUNK_SIZE / 2 ? chunk.subarray(0, count) : chunk.slice(0, count);
  }
}

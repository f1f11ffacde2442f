/**
 * Data and holes: what of a file need not be read or written, because it is zeros.
 *
 * @module
 */

import type { File, Stretch } from "./file.ts";

/** A part of a file: bytes, or as many zeros as its length says. */
export interface Piece {
  readonly position: number;
  readonly length: number;
  /** Absent in a hole. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a file from its start, past its holes. Ends where the file does.
 *
 * @param buffer Holds the bytes of each piece until the next is asked for.
 * @param limit How many bytes are read at most.
 */
export function* readPieces(
  file: File,
  buffer: Uint8Array<ArrayBuffer>,
  limit: number,
): Generator<Piece> {
  let position = 0;
  let dataEnd = file.nextData === undefined ? Infinity : 0;
  while (position < limit) {
    if (position >= dataEnd) {
      const data = file.nextData!(position);
      // Behind the last hole a file may have grown.
      const start = Math.min(limit, data?.start ?? Math.max(position, file.size));
      dataEnd = data?.end ?? Infinity;
      if (start > position) {
        yield { position, length: start - position };
        position = start;
        continue;
      }
    }
    const room = Math.min(buffer.length, limit - position, dataEnd - position);
    const into = room === buffer.length ? buffer : buffer.subarray(0, room);
    const length = file.readAt(into, position);
    if (length === 0) return;
    yield { position, length, bytes: length === room ? into : into.subarray(0, length) };
    position += length;
  }
}

/** What holes are made of: blocks as most file systems have them. */
const BLOCK_SIZE = 4096;

/**
 * Finds the blocks of 4096 bytes that are not all zeros, and joins those that follow each other.
 *
 * @param bytes Begins at a multiple of four bytes of its buffer.
 */
export function* nonZeroStretches(bytes: Uint8Array): Generator<Stretch> {
  const { length } = bytes;
  for (let at = 0; at < length;) {
    const start = at;
    while (at < length && !isZeroBlock(bytes, at)) at += BLOCK_SIZE;
    if (at > start) yield { start, end: Math.min(at, length) };
    while (at < length && isZeroBlock(bytes, at)) at += BLOCK_SIZE;
  }
}

/** Tells whether there is anything that {@linkcode nonZeroStretches} leaves out. */
export function hasZeroBlock(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += BLOCK_SIZE) {
    if (isZeroBlock(bytes, at)) return true;
  }
  return false;
}

function isZeroBlock(bytes: Uint8Array, start: number): boolean {
  // Most blocks begin otherwise, and then there is no need for a view.
  if (bytes[start] !== 0) return false;
  const end = Math.min(start + BLOCK_SIZE, bytes.length);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >> 2);
  for (let word = 0; word < words.length; word++) {
    if (words[word] !== 0) return false;
  }
  for (let at = start + 4 * words.length; at < end; at++) {
    if (bytes[at] !== 0) return false;
  }
  return true;
}

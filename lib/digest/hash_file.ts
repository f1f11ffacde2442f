/**
 * The fs-verity digest of an open file: read from its start by chunks, past its holes.
 *
 * @module
 */

import type { File } from "../file/file.ts";
import { type Piece, readPieces } from "../file/pieces.ts";
import { FsVerityHasher, type FsVerityHasherOptions } from "./fs_verity.ts";

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 20;

/** How a file is hashed. */
export interface HashFileOptions extends FsVerityHasherOptions {
  /**
   * How many bytes are read at most: a file may grow for as long as it is read. One more than are expected
   * shows that it has grown. All there are if absent.
   */
  readonly limit?: number;
  /** What the file is read into; by default memory of its own. */
  readonly buffer?: Uint8Array<ArrayBuffer>;
  /** Told of each piece and each hole once it has been hashed. The bytes are valid during the call. */
  readonly onPiece?: (piece: Piece) => void;
}

/**
 * Hashes a file from its start.
 *
 * @returns What has hashed it: how many bytes there were, their digest and, if asked for, their Merkle tree.
 */
export function hashFile(file: File, options: HashFileOptions = {}): FsVerityHasher {
  const { limit = Infinity, onPiece, buffer, ...parameters } = options;
  const hasher = new FsVerityHasher(parameters);
  const into = buffer ?? new Uint8Array(Math.min(limit, CHUNK_SIZE));
  for (const piece of readPieces(file, into, limit)) {
    if (piece.bytes === undefined) hasher.updateZeros(piece.length);
    else hasher.update(piece.bytes);
    onPiece?.(piece);
  }
  return hasher;
}

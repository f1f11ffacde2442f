/**
 * Writing a file's contents, with holes where there are only zeros.
 *
 * @module
 */

import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { hasZeroBlock, nonZeroStretches, readPieces } from "../../lib/file/pieces.ts";
import { quote } from "../../lib/bytes/text.ts";
import { viewOf } from "../../lib/bytes/view.ts";
import type { File } from "../../lib/file/file.ts";
import { truncate } from "../sys/file_calls.ts";
import type { Fd } from "./fd.ts";

const CHUNK_SIZE = 1 << 20;

/** Fills new files, one after the other, through one buffer. */
export class ContentsWriter {
  readonly #buffer = new Uint8Array(CHUNK_SIZE);

  /**
   * Copies all of `contents` into a file that is still empty.
   *
   * @param onRead Told the bytes of each chunk.
   * @throws {IntegrityError} If the contents end before their size.
   */
  write(contents: File, into: Fd, onRead?: (bytes: number) => void): void {
    const { size } = contents;
    let written = 0;
    let read = 0;
    for (const { position, length, bytes } of readPieces(contents, this.#buffer, size)) {
      if (bytes !== undefined) written = writeNonZero(into, bytes, position) ?? written;
      read = position + length;
      onRead?.(length);
    }
    if (read !== size) {
      const shown = quote(into.subject as Uint8Array);
      const state = `its contents end after ${read} bytes, expected ${size}`;
      throw new IntegrityError("size", shown, state, "write");
    }
    if (written < size) resize(into, size);
  }
}

/**
 * Writes bytes but for blocks of zeros, which become holes in a file that is still empty there.
 *
 * @returns Where the last that were written end; undefined if none were.
 */
export function writeNonZero(
  into: Fd,
  bytes: Uint8Array<ArrayBuffer>,
  position: number,
): number | undefined {
  if (!hasZeroBlock(bytes)) {
    into.writeAt(bytes, position);
    return position + bytes.length;
  }
  let written: number | undefined;
  for (const { start, end } of nonZeroStretches(bytes)) {
    into.writeAt(viewOf(bytes, start, end), position + start);
    written = position + end;
  }
  return written;
}

/**
 * Sets the length of a file; what it had not before reads as zeros.
 *
 * @throws {SyscallError} If the file system has no files that long.
 */
export function resize(file: Fd, size: number): void {
  truncate(file, size, { action: "set the length of", subject: file.subject });
}

/**
 * Writing a file's contents, with holes where there are only zeros.
 *
 * @module
 */

import { printable } from "../lib/bytes/text.ts";
import type { SourceFile } from "../lib/tree/source.ts";
import { SyscallError } from "./errno.ts";
import type { Fd } from "./fd.ts";

/** Bytes read at a time. */
const CHUNK_SIZE = 1 << 20;
/** What holes are made of: blocks as most file systems have them. */
const BLOCK_SIZE = 4096;

/** Fills new files, one after the other, through one buffer. */
export class ContentsWriter {
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  readonly #words = new Uint32Array(this.#buffer.buffer);

  /**
   * Copies all of `contents` into a file that is still empty.
   *
   * @param onRead Told the bytes of each chunk.
   * @throws {RangeError} If the contents end before their size.
   */
  write(contents: SourceFile, into: Fd, onRead?: (bytes: number) => void): void {
    const { size } = contents;
    let end = 0;
    for (let position = 0; position < size;) {
      const chunk = this.#buffer.subarray(0, Math.min(CHUNK_SIZE, size - position));
      const length = contents.readAt(chunk, position);
      if (length !== chunk.length) {
        throw new RangeError(
          `Cannot write "${printable(into.subject as Uint8Array)}": its contents end after ` +
            `${position + length} bytes, expected ${size}`,
        );
      }
      end = this.#writeChunk(into, length, position) ?? end;
      position += length;
      onRead?.(length);
    }
    if (end < size) resize(into, size);
  }

  /** Writes what is not zero; returns where the last such bytes end, if there are any. */
  #writeChunk(into: Fd, length: number, position: number): number | undefined {
    let end: number | undefined;
    for (let at = 0; at < length;) {
      const start = at;
      while (at < length && !this.#isZero(at, length)) at += BLOCK_SIZE;
      if (at > start) {
        const stop = Math.min(at, length);
        into.writeAt(this.#buffer.subarray(start, stop), position + start);
        end = position + stop;
      }
      while (at < length && this.#isZero(at, length)) at += BLOCK_SIZE;
    }
    return end;
  }

  #isZero(start: number, length: number): boolean {
    const end = Math.min(start + BLOCK_SIZE, length);
    const wholeEnd = end - end % 4;
    for (let word = start / 4; word < wholeEnd / 4; word++) {
      if (this.#words[word] !== 0) return false;
    }
    for (let at = wholeEnd; at < end; at++) {
      if (this.#buffer[at] !== 0) return false;
    }
    return true;
  }
}

/**
 * Sets the length of a file; what it had not before reads as zeros.
 *
 * @throws {SyscallError} If the file system has no files that long.
 */
export function resize(file: Fd, size: number): void {
  const { linux, number, subject } = file;
  const result = linux.retry(() => linux.libc.ftruncate(number, size));
  if (result < 0) {
    throw new SyscallError(-result, { syscall: "ftruncate", action: "set the length of", subject });
  }
}

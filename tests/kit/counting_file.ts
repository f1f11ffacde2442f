/**
 * A file in memory that counts what is read of it.
 *
 * @module
 */

import type { File } from "../../lib/file/file.ts";

/** Bytes as a file. They may be changed, and `length` made smaller, while it is open. */
export class CountingFile implements File {
  readonly size: number;
  /** Bytes that have been read so far, those read twice counted twice. */
  read = 0;
  readonly bytes: Uint8Array;
  /** How many bytes the file still has. */
  length: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.size = this.length = bytes.length;
  }

  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    const part = this.bytes.subarray(position, Math.min(position + into.length, this.length));
    into.set(part);
    this.read += part.length;
    return part.length;
  }

  [Symbol.dispose](): void {}
}

/**
 * A file as one array of bytes, of which parts are read when they are first needed.
 *
 * The array is as long as the file, and what has not been read of it takes no memory: the runtimes get zeros
 * from the kernel, which gives a page when it is first written. Each part is read once, so that what has been
 * checked stays what it was, even if the file changes.
 *
 * @module
 */

import type { File } from "./file.ts";

/** Bytes that are read at a time: a few blocks here and there cost little, and a whole file few calls. */
const PART_SIZE = 1 << 16;

/** The bytes of a file. Those of a part may be looked at after it has been asked for. */
export class LazyBytes {
  /** All of the file, with zeros where nothing has been read. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #file: File;
  /** 1 for each part that has been read. */
  readonly #isRead: Uint8Array;

  /**
   * @param file Stays the caller's, and open as long as more may be needed.
   * @param length Bytes of it that matter; at most as many as it has.
   */
  constructor(file: File, length: number) {
    this.#file = file;
    this.bytes = new Uint8Array(length);
    this.#isRead = new Uint8Array(Math.ceil(length / PART_SIZE));
  }

  /**
   * Reads what has not been read of the bytes from `start` to `end`, which lie within.
   *
   * @returns False if the file has become too short for that.
   */
  read(start: number, end: number): boolean {
    const last = Math.floor((end - 1) / PART_SIZE);
    for (let part = Math.floor(start / PART_SIZE); part <= last; part++) {
      if (this.#isRead[part] === 0 && !this.#readPart(part)) return false;
    }
    return true;
  }

  #readPart(part: number): boolean {
    const start = part * PART_SIZE;
    const into = this.bytes.subarray(start, start + PART_SIZE);
    if (this.#file.readAt(into, start) !== into.length) return false;
    this.#isRead[part] = 1;
    return true;
  }
}

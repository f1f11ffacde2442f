/**
 * A part of a file as a file.
 *
 * @module
 */

import type { File } from "./file.ts";

/**
 * Opens the part of a file from `start` on that is `size` bytes long; it ends before that if the file does.
 *
 * Closing it leaves the file open, which has to stay so as long as the part is in use.
 */
export function windowFile(file: File, start: number, size: number): File {
  return {
    size,
    readAt(into, position) {
      const length = Math.min(into.length, Math.max(0, size - position));
      if (length === 0) return 0;
      const part = length === into.length ? into : into.subarray(0, length);
      return file.readAt(part, start + position);
    },
    [Symbol.dispose]() {},
  };
}

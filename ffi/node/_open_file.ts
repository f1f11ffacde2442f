/**
 * Files by node:fs.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { quote } from "../../lib/bytes/text.ts";
import type { File } from "../../lib/file/file.ts";

/**
 * Opens a regular file.
 *
 * @throws {RangeError} If it is any other.
 */
export function openFile(path: Buffer): File {
  // Should it have become a fifo, to open it must not wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = openSync(path, flags);
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    throw new RangeError(`Cannot read ${quote(path)}: expected a regular file`);
  }
  return {
    size: stat.size,
    readAt(into, position) {
      let length = 0;
      while (length < into.length) {
        const read = readSync(descriptor, into, length, into.length - length, position + length);
        if (read === 0) break;
        length += read;
      }
      return length;
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

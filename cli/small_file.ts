/**
 * Files that are small by their nature, such as keys, signatures and lists of patterns, be they files or pipes.
 *
 * @module
 */

import { concatBytes, quote } from "../lib/bytes/text.ts";
import type { Context } from "./args/command.ts";
import { readInput } from "./stdin.ts";

/** Bytes that no key, certificate or signature has. */
const LIMIT = 1 << 20;

/**
 * Reads a whole file.
 *
 * @param limit Bytes that it may not have.
 * @throws {RangeError} If it is of so many or more.
 */
export function readSmallFile(
  context: Context,
  path: Uint8Array,
  limit = LIMIT,
): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (const chunk of readInput(path, context)) {
    length += chunk.length;
    if (length >= limit) {
      throw new RangeError(
        `Cannot read ${quote(path)}: ${limit} bytes or more, expected fewer`,
      );
    }
    chunks.push(chunk);
  }
  return concatBytes(...chunks);
}

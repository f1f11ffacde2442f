/**
 * Paths within an archive.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";

/**
 * The names of a path without `.` and `..`, one UTF-16 unit for each byte.
 *
 * @param directory What the path is relative to, unless it begins with a slash.
 * @returns Undefined if it leads above the root of the archive.
 */
export function cleanPath(
  path: Uint8Array,
  directory: readonly string[] = [],
): string[] | undefined {
  const text = latin1(path);
  const names = text.startsWith("/") ? [] : [...directory];
  for (const name of text.split("/")) {
    if (name === "..") {
      if (names.pop() === undefined) return undefined;
    } else if (name !== "" && name !== ".") {
      names.push(name);
    }
  }
  return names;
}

/**
 * Names in a directory, as the kernel takes them.
 *
 * @module
 */

import { quote } from "../bytes/text.ts";

/** Longest name in a directory, in bytes. */
export const MAX_NAME_LENGTH = 255;
/** Longest path, in bytes: that of a file, and a symlink's target. */
export const MAX_PATH_LENGTH = 4095;

/** Says what is wrong with a name that a directory entry is to have. */
export function nameProblem(name: Uint8Array): string | undefined {
  if (name.length === 0) return "empty name";
  if (name.length > MAX_NAME_LENGTH) {
    return `name of ${name.length} bytes, expected at most ${MAX_NAME_LENGTH}`;
  }
  if (isDotOrDotDot(name)) return "invalid name . or ..";
  return hasNulOrSlash(name) ? `NUL or slash in name ${quote(name)}` : undefined;
}

/** Tells whether a name holds what no name can. */
export function hasNulOrSlash(name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] === 0 || name[i] === 0x2f) return true;
  }
  return false;
}

/** Tells whether a name is `.` or `..`. */
export function isDotOrDotDot(name: Uint8Array): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}

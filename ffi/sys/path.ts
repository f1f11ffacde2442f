/**
 * Paths as people give them, and as the kernel takes them: NUL-terminated, at most 4095 bytes at a time.
 *
 * @module
 */

import { concatBytes, quote, utf8 } from "../../lib/bytes/text.ts";

/** A path in the file system: bytes as the kernel has them, or text that becomes UTF-8. */
export type Path = Uint8Array | string;

/** The bytes of a path. */
export function bytesOf(path: Path): Uint8Array {
  return typeof path === "string" ? utf8(path) : path;
}

const NUL = 0;
const SLASH = 0x2f;

declare const TERMINATED: unique symbol;

/** Text as C has it: it ends at the first NUL, whatever follows in the array. */
export type CString = Uint8Array<ArrayBuffer> & { readonly [TERMINATED]: true };

/**
 * A copy of `text` with a terminating NUL.
 *
 * @throws {TypeError} If there is a NUL in it already: the kernel would see another, shorter path.
 */
export function cString(text: Uint8Array): CString {
  if (text.includes(NUL)) {
    throw new TypeError(`Cannot pass ${quote(text)} to the kernel: it holds a NUL byte`);
  }
  const terminated = new Uint8Array(text.length + 1);
  terminated.set(text);
  return terminated as CString;
}

/** Joins two paths with one slash; an empty one adds nothing, not even the slash. */
export function joinPath(base: Uint8Array, rest: Uint8Array): Uint8Array<ArrayBuffer> {
  const slash = base.length > 0 && rest.length > 0 && base[base.length - 1] !== SLASH ? 1 : 0;
  const joined = new Uint8Array(base.length + slash + rest.length);
  joined.set(base);
  if (slash === 1) joined[base.length] = SLASH;
  joined.set(rest, base.length + slash);
  return joined;
}

/** Splits a path before its last name: `a/b` into `a` and `b`, `b` into `.` and `b`. */
export function splitPath(path: Uint8Array): { directory: Uint8Array; name: Uint8Array } {
  const slash = path.lastIndexOf(SLASH);
  return {
    directory: slash < 0 ? Uint8Array.of(0x2e) : path.subarray(0, Math.max(slash, 1)),
    name: path.subarray(slash + 1),
  };
}

/**
 * Cuts a relative path into pieces to be opened one from the other, of as many names as `limit` bytes
 * hold and at least one. Empty names are left out; an empty path gives the one piece `.`.
 */
export function pathPieces(path: Uint8Array, limit: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  while (start < path.length) {
    if (path[start] === SLASH) {
      start++;
      continue;
    }
    let end = nameEnd(path, start);
    while (end < path.length) {
      const next = nameEnd(path, end + 1);
      if (next - start > limit) break;
      end = next;
    }
    pieces.push(path.subarray(start, end));
    start = end;
  }
  return pieces.length === 0 ? [Uint8Array.of(0x2e)] : pieces;
}

function nameEnd(path: Uint8Array, start: number): number {
  const slash = path.indexOf(SLASH, start);
  return slash < 0 ? path.length : slash;
}

const PROC_FD = utf8("/proc/self/fd/");

/** The path by which an open file can be reached, whatever its name, where there is a /proc. */
export function descriptorPath(descriptor: number): Uint8Array<ArrayBuffer> {
  return concatBytes(PROC_FD, utf8(String(descriptor)));
}

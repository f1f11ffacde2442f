/**
 * Memory for one name after the other, which saves an allocation for every file of a tree.
 *
 * @module
 */

import type { CString } from "../sys/path.ts";

/** The longest name that a record of getdents64(2), 65535 bytes at most, has room for. */
const MAX_NAME = 65535;

/** A name as the kernel takes it. */
export class NameBuffer {
  /** The name and a NUL, and more bytes behind that. */
  readonly bytes: CString = new Uint8Array(MAX_NAME + 1) as CString;

  /** Takes a name of up to 65535 bytes in place of the one before: `path` from `start` on. */
  set(path: Uint8Array, start = 0): void {
    const { bytes } = this;
    const length = path.length - start;
    // Names are short: a loop costs less than the array's own `set`.
    for (let i = 0; i < length; i++) bytes[i] = path[start + i]!;
    bytes[length] = 0;
  }
}

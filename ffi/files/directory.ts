/**
 * What names a directory holds.
 *
 * @module
 */

import { Arena } from "../../lib/bytes/arena.ts";
import type { NamedFile } from "../sys/call.ts";
import { listNames } from "../sys/name_calls.ts";
import { DIRENT64 } from "../sys/uapi.ts";

/** Enough for some thousand names in one call. */
const BUFFER_SIZE = 1 << 18;

const { reclen: RECLEN, type: TYPE } = DIRENT64.offsets;
const NAME = DIRENT64.size;
const DOT = 0x2e;

type Visit = (name: Uint8Array<ArrayBuffer>, type: number) => boolean | void;

/** Reads directories, one after the other, into memory of its own. */
export class DirectoryReader {
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  readonly #names = new Arena();

  /**
   * Shows every name but `.` and `..`, in the order of the file system.
   *
   * @param visit Takes a copy of the name and the `DT_` type, 0 if the file system does not say. Returns
   * false to be shown no more.
   * @throws {SyscallError} If the directory cannot be read.
   */
  read(directory: NamedFile, visit: Visit): void {
    while (true) {
      const length = listNames(directory, this.#buffer);
      if (length === 0 || !this.#visitAll(length, visit)) return;
    }
  }

  #visitAll(length: number, visit: Visit): boolean {
    const buffer = this.#buffer;
    for (let at = 0; at < length; at += buffer[at + RECLEN]! | buffer[at + RECLEN + 1]! << 8) {
      const start = at + NAME;
      let end = start;
      while (buffer[end] !== 0) end++;
      if (buffer[start] === DOT) {
        if (end === start + 1 || (end === start + 2 && buffer[start + 1] === DOT)) continue;
      }
      const names = this.#names;
      names.reserve(end - start);
      for (let i = start; i < end; i++) names.bytes[names.position + i - start] = buffer[i]!;
      if (visit(names.take(end - start), buffer[at + TYPE]!) === false) return false;
    }
    return true;
  }
}

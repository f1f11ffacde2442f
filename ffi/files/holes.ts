/**
 * Where the holes of a file are, as lseek(2) tells.
 *
 * @module
 */

import type { Stretch } from "../../lib/file/file.ts";
import { ERRNO } from "../sys/errno.ts";
import type { OpenFile } from "../sys/call.ts";
import { trySeek } from "../sys/file_calls.ts";
import { isLocal } from "./file_system.ts";
import { SEEK_DATA, SEEK_HOLE } from "../sys/uapi.ts";

/** Bytes of a file that is just read, holes or not: it takes as long as a few calls. */
const MIN_SIZE = 1 << 17;

/**
 * Tells whether a file may have holes that are worth looking for. Of file systems that are not known, ZFS
 * among them, it is not believed where they say that their holes are: some have named data so that was
 * just written.
 *
 * @param allocated Bytes that the file takes on the disk.
 */
export function mayHaveHoles(file: OpenFile, size: number, allocated: number): boolean {
  return size >= MIN_SIZE && allocated < size && isLocal(file);
}

/**
 * Finds the first data of a file from `position` on.
 *
 * @param sizeNow Asks for the length that the file has by now.
 * @returns Undefined if only a hole follows. All the rest where it is not known: reading it tells.
 */
export function nextData(
  file: OpenFile,
  position: number,
  sizeNow: () => number,
): Stretch | undefined {
  // The offset of the open file moves, which nothing that reads at positions looks at.
  const start = trySeek(file, position, SEEK_DATA);
  // The file may just have become shorter.
  if (start === -ERRNO.ENXIO && sizeNow() > position) return undefined;
  if (start < 0) return { start: position, end: Infinity };
  const end = trySeek(file, start, SEEK_HOLE);
  return { start, end: end <= start ? Infinity : end };
}

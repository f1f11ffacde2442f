/**
 * How directory entries are packed into blocks.
 *
 * A block holds its dirents first and their names behind, without terminators; an entry never straddles
 * two blocks. The last, partly filled block may move behind the inode instead.
 *
 * @see Documentation/filesystems/erofs.rst, "Directories"
 *
 * @module
 */

import { BLOCK_SIZE, DIRENT, DIRENT_FILE_TYPE } from "./format.ts";
import type { Inode, InodeEntry } from "./inode.ts";

/** A run of entries that share a block. */
export interface DirentGroup {
  /** Index of the first entry. */
  readonly start: number;
  /** Index behind the last entry. */
  readonly end: number;
  /** Bytes that dirents and names take. */
  readonly size: number;
}

/** Splits entries into groups, each as large as a block allows. */
export function* groupDirents(entries: readonly InodeEntry[]): Generator<DirentGroup> {
  let start = 0;
  let size = 0;
  for (let i = 0; i < entries.length; i++) {
    const entrySize = DIRENT.size + entries[i]!.name.length;
    if (size + entrySize > BLOCK_SIZE) {
      yield { start, end: i, size };
      start = i;
      size = 0;
    }
    size += entrySize;
  }
  if (size > 0) yield { start, end: entries.length, size };
}

/** Writes one group of entries at `at`. `nids` gives the nid of each inode by its position. */
export function writeDirents(
  image: Uint8Array,
  view: DataView,
  at: number,
  entries: readonly InodeEntry[],
  group: DirentGroup,
  inodes: readonly Inode[],
  nids: ArrayLike<number>,
): void {
  let direntAt = at;
  let nameoff = (group.end - group.start) * DIRENT.size;
  for (let i = group.start; i < group.end; i++) {
    const { name, inode } = entries[i]!;
    DIRENT.write(view, direntAt, {
      nid: nids[inode]!,
      nameoff,
      fileType: DIRENT_FILE_TYPE[inodes[inode]!.kind],
    });
    image.set(name, at + nameoff);
    direntAt += DIRENT.size;
    nameoff += name.length;
  }
}

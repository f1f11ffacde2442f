/**
 * Finds one name in a directory.
 *
 * @see fs/erofs/namei.c, `erofs_namei`
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import { viewOf } from "../bytes/view.ts";
import { getField, readU64 } from "../bytes/words.ts";
import { DIRENT_AT, direntCount, nameEnd } from "./_dirent_block.ts";
import { DIRENT } from "./format.ts";
import type { ErofsImage, Extent } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";
import type { Dirent } from "./read_directory.ts";

/**
 * Finds a name as the kernel does: by halves, first among the blocks and then in one of them. Nothing else of
 * the directory is looked at, so where names are out of order it may not be found.
 *
 * @param name Neither `.` nor `..`.
 * @throws {ImageFormatError} If what is looked at is malformed.
 */
export function findDirent(
  image: ErofsImage,
  inode: ImageInode,
  name: Uint8Array,
): Dirent | undefined {
  const number = lastNotBehind(image.dataBlocks(inode), (i) => {
    return compareBytes(entryAt(image, image.dataBlock(inode, i), 0).name, name);
  });
  if (number < 0) return undefined;
  const block = image.dataBlock(inode, number);
  const found = lastNotBehind(direntCount(image, block), (i) => {
    return compareBytes(entryAt(image, block, i).name, name);
  });
  if (found < 0) return undefined;
  const entry = entryAt(image, block, found);
  return compareBytes(entry.name, name) === 0 ? entry : undefined;
}

/** The last of `count` ascending items that is not behind what is looked for, -1 if all are. */
function lastNotBehind(count: number, compare: (i: number) => number): number {
  let [low, high] = [-1, count - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (compare(middle) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Reads one dirent of a block. */
function entryAt(image: ErofsImage, block: Extent, i: number): Dirent {
  const { words } = image;
  const offset = block.start + i * DIRENT.size;
  const at = offset / 4;
  const behind = (offset + DIRENT.size) / 4;
  const isLast = i === direntCount(image, block) - 1;
  const next = isLast ? -1 : getField(words, behind, DIRENT_AT.nameoff);
  const nameoff = getField(words, at, DIRENT_AT.nameoff);
  const end = nameEnd(image, block, offset, nameoff, next);
  const name = viewOf(image.image, block.start + nameoff, end);
  const fileType = getField(words, at, DIRENT_AT.fileType);
  return { name, nid: readU64(words, at + DIRENT_AT.nid.word), fileType, offset };
}

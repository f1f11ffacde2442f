/**
 * What a block of dirents holds, out of an image that may be anything.
 *
 * @see fs/erofs/dir.c, `erofs_fill_dentries`
 *
 * @module
 */

import { quote } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { getField, wordFields } from "../bytes/words.ts";
import { MAX_NAME_LENGTH } from "../tree/name.ts";
import { DIRENT } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsImage, Extent } from "./image.ts";

/** Words of a dirent. */
export const DIRENT_AT = wordFields(DIRENT);

/** How many dirents a block has: the first name stands behind the last of them. */
export function direntCount({ words }: ErofsImage, { start, end }: Extent): number {
  if (end - start < DIRENT.size) throw new ImageFormatError(start, "dirent ends behind its block");
  // Blocks begin at their multiples, and what stands behind an inode at one of four bytes.
  const first = getField(words, start / 4, DIRENT_AT.nameoff);
  if (first === 0 || first % DIRENT.size !== 0 || first > end - start) {
    throw new ImageFormatError(
      start,
      `first name at ${first} of the block, expected a multiple of ${DIRENT.size} inside it`,
    );
  }
  return first / DIRENT.size;
}

/**
 * Finds where a name ends: where the next one starts, or of the last one of a block, at a NUL or the block's
 * end.
 *
 * @param offset Where its dirent is, for messages.
 * @param nameoff Where it starts, from the start of the block.
 * @param next Where the next one starts, likewise; -1 if there is none.
 * @returns Bytes from the start of the image.
 * @throws {ImageFormatError} If it is none that a directory may have.
 */
export function nameEnd(
  { image }: ErofsImage,
  block: Extent,
  offset: number,
  nameoff: number,
  next: number,
): number {
  const start = block.start + nameoff;
  let end = block.start + next;
  if (next < 0) {
    end = start;
    while (end < block.end && image[end] !== 0) end++;
  }
  if (start >= end || end > block.end) {
    // A last name that begins at the block's end or behind it, and one that is empty, end nowhere.
    const shown = next < 0 && start >= block.end ? block.end : end;
    throw new ImageFormatError(
      offset,
      `name from ${nameoff} to ${shown - block.start} of the block, expected a name`,
    );
  }
  let at = end - start > MAX_NAME_LENGTH ? end : start;
  while (at < end && image[at] !== 0 && image[at] !== SLASH) at++;
  if (at === end && end - start <= MAX_NAME_LENGTH) return end;
  throw new ImageFormatError(
    offset,
    `name ${quote(viewOf(image, start, end))}, expected at most ${MAX_NAME_LENGTH} bytes ` +
      "without NUL and slash",
  );
}

const SLASH = 0x2f;

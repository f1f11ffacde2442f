/**
 * Whether the inodes of an image have room beside each other.
 *
 * An image whose inodes lie over each other could make a small file look like a huge tree. Where exactly
 * each lies does not matter for that: together they must not take more than there is.
 *
 * @module
 */

import { blocksLength, type ErofsImage } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";
import { ImageFormatError } from "./image_format_error.ts";

/** Adds up what inodes take of an image. */
export class Extents {
  /** Bytes that no inode has taken. */
  #free: number;

  constructor({ image }: ErofsImage) {
    this.#free = image.length;
  }

  /**
   * Counts an inode, its xattrs and its data as taken. To be called once for each inode.
   *
   * @throws {ImageFormatError} If more has been taken than there is.
   */
  take(inode: ImageInode): void {
    // Devices state no size that anything stands for.
    const hasData = inode.kind === "regular" || inode.kind === "directory" ||
      inode.kind === "symlink";
    this.#free -= inode.end - inode.start + (hasData ? blocksLength(inode) : 0);
    if (this.#free < 0) throw new ImageFormatError(inode.start, "inodes overlap");
  }
}

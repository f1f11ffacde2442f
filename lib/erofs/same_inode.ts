/**
 * Telling at a glance that two inodes, of whatever images, are the same but for where they are.
 *
 * @module
 */

import { LAYOUT, XATTR_IBODY_HEADER } from "./format.ts";
import type { ErofsImage } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";

/** An inode, and the image that it was read from. */
export interface PlacedInode {
  readonly image: ErofsImage;
  readonly inode: ImageInode;
}

/**
 * Tells whether the inodes of two files that are no directories are the same, byte for byte, with their xattrs and
 * their data. If part of that is kept elsewhere in the images, the answer is false.
 */
export function isSameInode(
  { image: imageA, inode: a }: PlacedInode,
  { image: imageB, inode: b }: PlacedInode,
): boolean {
  return a.kind === b.kind && a.kind !== "directory" && a.mode === b.mode && a.size === b.size &&
    a.mtime === b.mtime && a.mtimeNsec === b.mtimeNsec && a.uid === b.uid && a.gid === b.gid &&
    a.nlink === b.nlink && a.layout === b.layout && a.xattrSize === b.xattrSize &&
    (a.layout === LAYOUT.chunkBased || a.tailSize === a.size) &&
    (a.layout === LAYOUT.flatInline || a.u === b.u) &&
    !sharesXattrs(imageA, a) && !sharesXattrs(imageB, b) &&
    equalRanges(imageA.image, a.xattrStart, imageB.image, b.xattrStart, a.end - a.xattrStart);
}

function sharesXattrs({ image }: ErofsImage, { xattrStart, xattrSize }: ImageInode): boolean {
  return xattrSize > 0 && image[xattrStart + XATTR_IBODY_HEADER.offsets.sharedCount] !== 0;
}

function equalRanges(
  a: Uint8Array,
  startA: number,
  b: Uint8Array,
  startB: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (a[startA + i] !== b[startB + i]) return false;
  }
  return true;
}

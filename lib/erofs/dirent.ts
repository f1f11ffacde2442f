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

import { copyBytes } from "../bytes/copy.ts";
import { BLOCK_SIZE, DIRENT, DIRENT_FILE_TYPE } from "./format.ts";
import type { Inode } from "./inode.ts";

/** Index behind the last of the entries from `start` on that share a block. */
export function direntGroupEnd(names: readonly Uint8Array[], start: number): number {
  let size = 0;
  for (let i = start; i < names.length; i++) {
    size += DIRENT.size + names[i]!.length;
    if (size > BLOCK_SIZE) return i;
  }
  return names.length;
}

/** Bytes that the dirents and names of a group take. */
export function direntGroupSize(names: readonly Uint8Array[], start: number, end: number): number {
  let size = DIRENT.size * (end - start);
  for (let i = start; i < end; i++) size += names[i]!.length;
  return size;
}

/** The entries of a directory. */
export interface Dirents {
  readonly names: readonly Uint8Array[];
  /** Position of each one's inode. */
  readonly inodes: readonly number[];
}

/** Writes groups of dirents into an image. */
export class DirentWriter {
  readonly #image: Uint8Array;
  readonly #view: DataView;
  readonly #nids: ArrayLike<number>;
  /** File type of each inode. */
  readonly #types: Uint8Array;

  /** @param nids Nid of each inode by its position. */
  constructor(image: Uint8Array, inodes: readonly Inode[], nids: ArrayLike<number>) {
    this.#image = image;
    this.#view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    this.#nids = nids;
    this.#types = new Uint8Array(inodes.length);
    for (let i = 0; i < inodes.length; i++) this.#types[i] = DIRENT_FILE_TYPE[inodes[i]!.kind];
  }

  /** Writes the entries from `start` to `end`, a group, at `at`. */
  write(at: number, { names, inodes }: Dirents, start: number, end: number): void {
    const view = this.#view;
    const { nid: nidAt, nameoff: nameoffAt, fileType: fileTypeAt } = DIRENT.offsets;
    let direntAt = at;
    let nameoff = (end - start) * DIRENT.size;
    for (let i = start; i < end; i++) {
      const name = names[i]!;
      const inode = inodes[i]!;
      const nid = this.#nids[inode]!;
      view.setUint32(direntAt + nidAt, nid, true);
      view.setUint32(direntAt + nidAt + 4, nid / 2 ** 32, true);
      view.setUint16(direntAt + nameoffAt, nameoff, true);
      view.setUint8(direntAt + fileTypeAt, this.#types[inode]!);
      copyBytes(this.#image, at + nameoff, name);
      direntAt += DIRENT.size;
      nameoff += name.length;
    }
  }
}

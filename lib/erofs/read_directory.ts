/**
 * Reads the entries of a directory, in their order.
 *
 * @see fs/erofs/dir.c, `erofs_fill_dentries`
 *
 * @module
 */

import { printable, quote } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { getField, readU64 } from "../bytes/words.ts";
import { DIRENT_AT, direntCount, nameEnd } from "./_dirent_block.ts";
import { DIRENT } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsImage, Extent } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";

/** A name in a directory of an image. */
export interface Dirent {
  readonly name: Uint8Array;
  readonly nid: number;
  /** The file type that the dirent states, to be held against the inode's. */
  readonly fileType: number;
  /** Where the dirent is, in bytes from the start of the image. */
  readonly offset: number;
}

/**
 * Reads a directory's entries, without `.` and `..`.
 *
 * @param parent Nid of the directory that holds it: its own for the root.
 * @throws {ImageFormatError} If names are malformed or out of order, or `.` or `..` is wrong.
 */
export function readDirectory(
  image: ErofsImage,
  inode: ImageInode,
  parent: number,
): Dirent[] {
  const entries: Dirent[] = [];
  const dirents = new DirentCursor(image, inode, parent);
  while (dirents.next()) {
    const { name, nid, fileType, offset } = dirents;
    entries.push({ name, nid, fileType, offset });
  }
  return entries;
}

const DOT = 0x2e;

/**
 * A place in a directory that moves from entry to entry, past `.` and `..`, and makes nothing that is not
 * asked for: for the loops that see every name of an image.
 */
export class DirentCursor implements Dirent {
  nid = 0;
  fileType = 0;
  offset = 0;
  /** Where the name starts and ends, in bytes from the start of the image. */
  nameStart = 0;
  nameEnd = 0;
  readonly #image: ErofsImage;
  readonly #inode: ImageInode;
  readonly #parent: number;
  readonly #blocks: number;
  /** How many blocks have been entered. */
  #entered = 0;
  #block: Extent = NO_BLOCK;
  /** Where the next dirent is, and where those of the block end. */
  #next = 0;
  #direntsEnd = 0;
  /** Where the next name starts, from the start of the block. */
  #nameoff = 0;
  #dots = 0;

  /** @param parent Nid of the directory that holds it: its own for the root. */
  constructor(image: ErofsImage, inode: ImageInode, parent: number) {
    this.#image = image;
    this.#inode = inode;
    this.#parent = parent;
    this.#blocks = image.dataBlocks(inode);
  }

  /** A view of the image. */
  get name(): Uint8Array {
    return viewOf(this.#image.image, this.nameStart, this.nameEnd);
  }

  /**
   * Moves to the next entry; returns false if there is none.
   *
   * @throws {ImageFormatError} If it is malformed or out of order, or if at the end `.` or `..` is missing.
   */
  next(): boolean {
    do {
      if (this.#next === this.#direntsEnd && !this.#enterBlock()) return false;
      this.#read();
    } while (this.#isDot());
    return true;
  }

  #enterBlock(): boolean {
    if (this.#entered === this.#blocks) {
      if (this.#dots === 2) return false;
      throw new ImageFormatError(this.#inode.start, "directory without . or ..");
    }
    const block = this.#image.dataBlock(this.#inode, this.#entered++);
    this.#nameoff = DIRENT.size * direntCount(this.#image, block);
    this.#block = block;
    this.#next = block.start;
    this.#direntsEnd = block.start + this.#nameoff;
    return true;
  }

  #read(): void {
    const { words } = this.#image;
    const offset = this.#next;
    const at = offset / 4;
    const behind = offset + DIRENT.size;
    const nextName = behind < this.#direntsEnd
      ? getField(words, behind / 4, DIRENT_AT.nameoff)
      : -1;
    const end = nameEnd(this.#image, this.#block, offset, this.#nameoff, nextName);
    const start = this.#block.start + this.#nameoff;
    if (this.nameEnd > 0) this.#checkOrder(offset, start, end);
    this.offset = offset;
    this.nid = readU64(words, at + DIRENT_AT.nid.word);
    this.fileType = getField(words, at, DIRENT_AT.fileType);
    this.nameStart = start;
    this.nameEnd = end;
    this.#nameoff = nextName;
    this.#next = behind;
  }

  /** Checks that a name comes behind the one that the cursor is still at. */
  #checkOrder(offset: number, start: number, end: number): void {
    const { image } = this.#image;
    let at = start;
    let before = this.nameStart;
    while (at < end && before < this.nameEnd && image[at] === image[before]) {
      at++;
      before++;
    }
    if (at < end && (before === this.nameEnd || image[at]! > image[before]!)) return;
    const [name, previous] = [viewOf(image, start, end), this.name].map(printable);
    throw new ImageFormatError(offset, `name "${name}" is not behind "${previous}" in byte order`);
  }

  /** Tells whether the name is `.` or `..`, and holds it against where it must lead to. */
  #isDot(): boolean {
    const { image } = this.#image;
    const length = this.nameEnd - this.nameStart;
    if (length > 2 || image[this.nameStart] !== DOT) return false;
    if (length === 2 && image[this.nameStart + 1] !== DOT) return false;
    this.#dots++;
    const expected = length === 1 ? this.#inode.nid : this.#parent;
    if (this.nid === expected) return true;
    throw new ImageFormatError(
      this.offset,
      `${quote(this.name)} leads to nid ${this.nid}, expected ${expected}`,
    );
  }
}

const NO_BLOCK: Extent = { start: 0, end: 0 };

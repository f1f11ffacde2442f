/**
 * Reads the xattrs of an inode: those kept with it first, then those it shares, as composefs-info 1.0.8
 * lists them.
 *
 * @see fs/erofs/xattr.c, `erofs_init_inode_xattrs`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { equalBytes } from "../bytes/compare.ts";
import { latin1 } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import type { Xattr } from "../tree/tree.ts";
import { BLOCK_SIZE, XATTR_ALIGNMENT, XATTR_ENTRY, XATTR_IBODY_HEADER } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsImage } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";
import { NameReader } from "./_read_xattr_name.ts";

/** What libcomposefs lets the names and values of one inode take. */
const MAX_XATTR_TOTAL = 65535;

/** One xattr where it stands in the image. */
export class ImageXattr {
  readonly name: Uint8Array;
  /** Size of the value in bytes. */
  readonly size: number;
  readonly #image: Uint8Array;
  /** Where the value starts. */
  readonly #start: number;
  #xattr: Xattr | undefined;

  constructor(name: Uint8Array, image: Uint8Array, start: number, size: number) {
    this.name = name;
    this.#image = image;
    this.#start = start;
    this.size = size;
  }

  /** Where the value ends, in bytes from the start of the image. */
  get end(): number {
    return this.#start + this.size;
  }

  /** The value, or what of it stands behind the first bytes. */
  value(from = 0): Uint8Array {
    return viewOf(this.#image, this.#start + from, this.#start + this.size);
  }

  /** Tells whether the value begins with these few bytes. Makes no view, which takes as long as all else. */
  startsWith(bytes: Uint8Array): boolean {
    if (this.size < bytes.length) return false;
    for (let i = 0; i < bytes.length; i++) {
      if (this.#image[this.#start + i] !== bytes[i]) return false;
    }
    return true;
  }

  /** Tells whether the value has a byte. */
  includes(byte: number): boolean {
    const image = this.#image;
    const { end } = this;
    for (let at = this.#start; at < end; at++) {
      if (image[at] === byte) return true;
    }
    return false;
  }

  /** The xattr as one of a tree: one object, however many files have it. */
  get xattr(): Xattr {
    return this.#xattr ??= { name: this.name, value: this.value() };
  }
}

const NO_XATTRS: readonly ImageXattr[] = [];

/** Reads the xattrs of an image's inodes; shared ones are decoded once. */
export class XattrReader {
  readonly #reader: ErofsImage;
  readonly #shared = new Map<number, ImageXattr>();
  readonly #names: NameReader;

  /** @param names Names that are to be given as these very objects. */
  constructor(reader: ErofsImage, names: readonly Uint8Array[] = []) {
    this.#reader = reader;
    this.#names = new NameReader(reader.image, names);
  }

  /**
   * Reads the xattrs of one inode.
   *
   * @throws {ImageFormatError} If an entry is malformed, lies outside, or is there twice.
   */
  read(inode: ImageInode): readonly ImageXattr[] {
    if (inode.xattrSize === 0) return NO_XATTRS;
    const { words, image } = this.#reader;
    const sharedCount = image[inode.xattrStart + XATTR_IBODY_HEADER.offsets.sharedCount]!;
    const end = inode.xattrStart + inode.xattrSize;
    const references = inode.xattrStart + XATTR_IBODY_HEADER.size;
    let position = references + 4 * sharedCount;
    if (position > end) {
      throw new ImageFormatError(
        inode.xattrStart,
        `${sharedCount} shared xattrs do not fit an xattr area of ${inode.xattrSize} bytes`,
      );
    }
    const xattrs: ImageXattr[] = [];
    while (position < end) {
      const xattr = this.#entry(position, end);
      xattrs.push(xattr);
      position = alignUp(xattr.end, XATTR_ALIGNMENT);
    }
    for (let at = references; at < references + 4 * sharedCount; at += 4) {
      xattrs.push(this.#sharedAt(words[at / 4]!));
    }
    checkTogether(inode, xattrs);
    return xattrs;
  }

  #sharedAt(reference: number): ImageXattr {
    const known = this.#shared.get(reference);
    if (known !== undefined) return known;
    const { superBlock, image } = this.#reader;
    const start = superBlock.xattrBlkaddr * BLOCK_SIZE + 4 * reference;
    const xattr = this.#entry(start, image.length);
    this.#shared.set(reference, xattr);
    return xattr;
  }

  /** Decodes the entry at `start`, which must end by `end`. */
  #entry(start: number, end: number): ImageXattr {
    const { words, image } = this.#reader;
    const nameAt = start + XATTR_ENTRY.size;
    if (nameAt > end) throw new ImageFormatError(start, "xattr entry ends behind its area");
    this.#reader.check(start, XATTR_ENTRY.size, "xattr entry");
    // The whole header is one word: length and index of the name, size of the value.
    const header = words[start / 4]!;
    const nameLen = header & 0xff;
    const valueSize = header >>> 16;
    const size = alignUp(XATTR_ENTRY.size + nameLen + valueSize, XATTR_ALIGNMENT);
    if (start + size > end) {
      throw new ImageFormatError(start, `xattr entry of ${size} bytes ends behind its area`);
    }
    this.#reader.check(start, size, "xattr entry");
    const name = this.#names.read(start, nameAt, nameLen);
    return new ImageXattr(name, image, nameAt + nameLen, valueSize);
  }
}

function checkTogether(inode: ImageInode, xattrs: readonly ImageXattr[]): void {
  let total = 0;
  for (let i = 0; i < xattrs.length; i++) total += xattrs[i]!.name.length + xattrs[i]!.size;
  if (total > MAX_XATTR_TOTAL) {
    throw new ImageFormatError(
      inode.start,
      `xattrs of ${total} bytes, expected at most ${MAX_XATTR_TOTAL}`,
    );
  }
  if (hasNameTwice(xattrs)) throw new ImageFormatError(inode.start, "xattr name twice");
}

function hasNameTwice(xattrs: readonly ImageXattr[]): boolean {
  if (xattrs.length > FEW) {
    return new Set(xattrs.map((xattr) => latin1(xattr.name))).size < xattrs.length;
  }
  for (let i = 1; i < xattrs.length; i++) {
    for (let before = 0; before < i; before++) {
      if (equalBytes(xattrs[before]!.name, xattrs[i]!.name)) return true;
    }
  }
  return false;
}

/** Up to this many names are held against each other, more are put into a set. */
const FEW = 4;

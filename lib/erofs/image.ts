/**
 * An EROFS image, read at random: any inode at any time, and nothing that is not asked for. The image may be
 * anything, so every position is checked before it is used. Whether all inodes together make sense is for
 * `extents.ts` to say.
 *
 * It may be in memory, or in a file of which only those parts are read that are looked at. Whatever is about to
 * be looked at is asked for by `check`; with an image in memory that is all it does.
 *
 * What is read is what composefs images hold: flat and chunk-based files, symlinks, directories, devices
 * and xattrs; compression and further devices are refused. Images that other tools wrote are accepted as
 * long as they keep to the format.
 *
 * @see fs/erofs/super.c, `erofs_read_superblock`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { concatBytes } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { LazyBytes } from "../file/lazy_bytes.ts";
import { wordsOf } from "../bytes/words.ts";
import {
  BLOCK_BITS,
  BLOCK_SIZE,
  FEATURE_INCOMPAT_CHUNKED_FILE,
  INODE_COMPACT,
  LAYOUT,
  SLOT_SIZE,
  SUPER_BLOCK,
  SUPER_MAGIC,
  SUPER_OFFSET,
  type SuperBlock,
} from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import { headSize, ImageInode } from "./image_inode.ts";

/** Bytes from `start` to `end` of an image, counted from its start. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** Access to an image's inodes and data by position. */
export class ErofsImage {
  /** The whole image; what has not been checked of it may be zeros that are not in it. */
  readonly image: Uint8Array;
  /** The same memory. */
  readonly words: Uint32Array;
  readonly superBlock: SuperBlock;
  /** Reads what is checked, unless all is in memory. */
  readonly #lazy: LazyBytes | undefined;

  /**
   * @param source The image: all its bytes, kept and not to be modified, or those of a file.
   * @throws {ImageFormatError} If the superblock is not one of an image that can be read.
   */
  constructor(source: Uint8Array | LazyBytes) {
    this.#lazy = source instanceof LazyBytes ? source : undefined;
    const image = source instanceof LazyBytes ? source.bytes : source;
    this.image = image.byteOffset % 4 === 0 ? image : image.slice();
    this.words = wordsOf(this.image);
    this.superBlock = this.#readSuperBlock();
  }

  #readSuperBlock(): SuperBlock {
    this.check(SUPER_OFFSET, SUPER_BLOCK.size, "superblock");
    const { buffer, byteOffset, byteLength } = this.image;
    const superBlock = SUPER_BLOCK.read(new DataView(buffer, byteOffset, byteLength), SUPER_OFFSET);
    const expect = (field: keyof typeof SUPER_BLOCK.offsets, holds: boolean, expected: string) => {
      if (holds) return;
      const value = superBlock[field as keyof SuperBlock];
      throw new ImageFormatError(
        SUPER_OFFSET + SUPER_BLOCK.offsets[field],
        `${field} ${
          typeof value === "number" ? "0x" + value.toString(16) : value
        }, expected ${expected}`,
      );
    };
    const { magic, blkszbits, featureIncompat } = superBlock;
    expect("magic", magic === SUPER_MAGIC, `0x${SUPER_MAGIC.toString(16)}, an EROFS superblock`);
    expect("blkszbits", blkszbits === BLOCK_BITS, `${BLOCK_BITS}: blocks of 4096 bytes`);
    expect("sbExtslots", superBlock.sbExtslots === 0, "0");
    const size = superBlock.blocks * BLOCK_SIZE;
    if (size > this.image.length) throw truncated(this.image.length, size);
    const unknown = featureIncompat & ~FEATURE_INCOMPAT_CHUNKED_FILE;
    expect("featureIncompat", unknown === 0, "no feature but chunk-based files");
    expect("metaBlkaddr", this.#blockInside(superBlock.metaBlkaddr), "a block of the image");
    expect("xattrBlkaddr", this.#blockInside(superBlock.xattrBlkaddr), "a block of the image");
    return superBlock;
  }

  #blockInside(blkaddr: number): boolean {
    return blkaddr * BLOCK_SIZE < this.image.length;
  }

  /**
   * Checks that a range lies inside the image, and sees to it that it can be looked at.
   *
   * @throws {ImageFormatError} If it does not.
   */
  check(start: number, length: number, what: string): void {
    if (start + length > this.image.length) throw this.#outside(start, length, what);
    if (this.#lazy !== undefined && !this.#lazy.read(start, start + length)) {
      throw new ImageFormatError(start, "cannot be read: the file has become shorter");
    }
  }

  #outside(start: number, length: number, what: string): ImageFormatError {
    return new ImageFormatError(
      start,
      `${what} of ${length} bytes ends behind the image, which has ${this.image.length}`,
    );
  }

  /**
   * Reads the inode at a nid.
   *
   * @param inode What it is read into, if not something new.
   * @throws {ImageFormatError} If it is not one that can be read.
   */
  inode(nid: number, inode = new ImageInode()): ImageInode {
    const start = this.superBlock.metaBlkaddr * BLOCK_SIZE + nid * SLOT_SIZE;
    this.check(start, INODE_COMPACT.size, "inode");
    this.check(start, headSize(this.words[start / 4]!), "inode");
    inode.move(this, nid, start);
    this.check(start, inode.end - start, "inode");
    if (inode.layout === LAYOUT.chunkBased) this.#checkChunks(inode);
    return inode;
  }

  /** Checks that no chunk has an address. */
  #checkChunks({ xattrEnd, end }: ImageInode): void {
    for (let at = xattrEnd; at < end; at += 4) {
      if (this.words[at / 4] !== 0xffffffff) {
        throw new ImageFormatError(at, "chunk with an address, expected a hole");
      }
    }
  }

  /**
   * Gives a flat inode's data: a view of the image, or a copy if it is in two pieces.
   *
   * @throws {ImageFormatError} If a part lies outside the image.
   */
  data(inode: ImageInode): Uint8Array {
    const { u, size, xattrEnd, tailSize: tail } = inode;
    if (tail === size) return this.#view(inode, xattrEnd, size, size);
    const start = u * BLOCK_SIZE;
    const blocks = this.#view(inode, start, size - tail, alignUp(size - tail, BLOCK_SIZE));
    return tail === 0 ? blocks : concatBytes(blocks, this.#view(inode, xattrEnd, tail, tail));
  }

  #view(inode: ImageInode, start: number, length: number, room: number): Uint8Array {
    this.#checkData(inode, start, room);
    return viewOf(this.image, start, start + length);
  }

  /**
   * Counts the blocks that a flat inode's data takes, what stands behind the inode being one.
   *
   * @throws {ImageFormatError} If one of them lies outside the image. None of them is read.
   */
  dataBlocks(inode: ImageInode): number {
    this.#checkInside(inode, inode.u * BLOCK_SIZE, blocksLength(inode));
    return Math.ceil(inode.size / BLOCK_SIZE);
  }

  /**
   * Finds one of these blocks, and sees to it that it can be looked at.
   *
   * @returns Where it starts and where the data in it end.
   * @throws {ImageFormatError} If it lies outside the image.
   */
  dataBlock(inode: ImageInode, i: number): Extent {
    const before = i * BLOCK_SIZE;
    const rest = inode.size - before;
    const isTail = rest === inode.tailSize;
    const start = isTail ? inode.xattrEnd : inode.u * BLOCK_SIZE + before;
    const size = Math.min(BLOCK_SIZE, rest);
    this.#checkData(inode, start, isTail ? size : BLOCK_SIZE);
    return { start, end: start + size };
  }

  #checkData(inode: ImageInode, start: number, length: number): void {
    this.#checkInside(inode, start, length);
    this.check(start, length, "data");
  }

  #checkInside(inode: ImageInode, start: number, length: number): void {
    // The text is made when it is needed: as an argument of every call it took longer than the rest.
    if (length > 0 && start + length > this.image.length) {
      throw this.#outside(start, length, `data of inode at ${inode.start}`);
    }
  }
}

/** Bytes of the blocks that a flat inode's data takes away from the inode; 0 for all others. */
export function blocksLength(inode: ImageInode): number {
  if (inode.layout === LAYOUT.chunkBased) return 0;
  return alignUp(inode.size - inode.tailSize, BLOCK_SIZE);
}

/** The error for an image that ends before it should. */
export function truncated(size: number, expected: number | string): ImageFormatError {
  return new ImageFormatError(size, `truncated: ${size} bytes, expected ${expected}`);
}

/**
 * An EROFS image, read at random: any inode at any time, and nothing that is not asked for. The image may be
 * anything, so every position is checked before it is used. Whether all inodes together make sense is for
 * `extents.ts` to say.
 *
 * What is read is what composefs images hold: flat and chunk-based files, symlinks, directories, devices
 * and xattrs; compression and further devices are refused. Images that other tools wrote are accepted as
 * long as they keep to the format.
 *
 * @see fs/erofs/inode.c, `erofs_read_inode`; fs/erofs/super.c, `erofs_read_superblock`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { concatBytes } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { readI64, readU64, wordOffsets, wordsOf } from "../bytes/words.ts";
import { type FileKind, kindOfMode } from "../tree/tree.ts";
import { MAX_EXTERNAL_SIZE } from "../tree/limits.ts";
import {
  BLOCK_BITS,
  BLOCK_SIZE,
  CHUNK_BITS,
  FEATURE_INCOMPAT_CHUNKED_FILE,
  INODE_COMPACT,
  INODE_EXTENDED,
  LAYOUT,
  SLOT_SIZE,
  SUPER_BLOCK,
  SUPER_MAGIC,
  SUPER_OFFSET,
  XATTR_IBODY_HEADER,
} from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";

/** The superblock, as far as a reader needs it. */
export type SuperBlock = ReturnType<typeof SUPER_BLOCK.read>;

/** One inode as it stands in the image. */
export interface ImageInode {
  /** Where it is, in 32-byte slots from the start of the image. */
  readonly nid: number;
  /** The same in bytes. */
  readonly start: number;
  readonly kind: FileKind;
  readonly extended: boolean;
  /** The low twelve bits of `st_mode`. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number | bigint;
  readonly mtimeNsec: number;
  /** Size that the inode states, in bytes. */
  readonly size: number;
  /** Position among all inodes, as the image claims. */
  readonly ino: number;
  /** `i_u`: block address, device number or chunk format. */
  readonly u: number;
  /** One of {@linkcode LAYOUT}. */
  readonly layout: number;
  /** Where the xattr area starts, in bytes from the start of the image, and its size. */
  readonly xattrStart: number;
  readonly xattrSize: number;
  /** Where the inode ends, with its xattrs and what of its data lies behind them. */
  readonly end: number;
}

/** Chunk sizes by chunk format. */
const CHUNK_SIZES = Array.from(
  { length: CHUNK_BITS.max - BLOCK_BITS + 1 },
  (_, format) => 2 ** (BLOCK_BITS + format),
);

/** The longest chunk map that stands behind its inode for certain, in bytes: see `_plan.ts`. */
const LONGEST_INLINE_MAP = BLOCK_SIZE - SLOT_SIZE + 4;

const COMPACT = wordOffsets(INODE_COMPACT.offsets);
const EXTENDED = wordOffsets(INODE_EXTENDED.offsets);

/** Access to an image's inodes and data by position. */
export class ErofsImage {
  /** The whole image. */
  readonly image: Uint8Array;
  /** The same memory. */
  readonly words: Uint32Array;
  readonly superBlock: SuperBlock;

  /**
   * @param image The whole image. Kept, and not to be modified.
   * @throws {ImageFormatError} If the superblock is not one of an image that can be read.
   */
  constructor(image: Uint8Array) {
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
   * Checks that a range lies inside the image.
   *
   * @throws {ImageFormatError} If it does not.
   */
  check(start: number, length: number, what: string): void {
    if (start + length <= this.image.length) return;
    throw new ImageFormatError(
      start,
      `${what} of ${length} bytes ends behind the image, which has ${this.image.length}`,
    );
  }

  /**
   * Reads the inode at a nid.
   *
   * @throws {ImageFormatError} If it is not one that can be read.
   */
  inode(nid: number): ImageInode {
    const start = this.superBlock.metaBlkaddr * BLOCK_SIZE + nid * SLOT_SIZE;
    this.check(start, INODE_COMPACT.size, "inode");
    const inode = this.#readInode(nid, start);
    this.check(start, inode.end - start, "inode");
    return inode;
  }

  #readInode(nid: number, start: number): ImageInode {
    const { words } = this;
    const first = start / 4;
    const format = words[first + COMPACT.format]! & 0xffff;
    const layout = format >> 1;
    const extended = (format & 1) === 1;
    const { flatPlain, flatInline, chunkBased } = LAYOUT;
    if (layout !== flatPlain && layout !== flatInline && layout !== chunkBased) {
      throw new ImageFormatError(start, `inode format 0x${format.toString(16)}, expected 0 to 9`);
    }
    const headSize = extended ? INODE_EXTENDED.size : INODE_COMPACT.size;
    this.check(start, headSize, "inode");
    const at = extended ? EXTENDED : COMPACT;
    const mode = words[first + at.mode]! & 0xffff;
    const size = extended ? readU64(words, first + EXTENDED.size) : words[first + COMPACT.size]!;
    const kind = kindOfMode(mode);
    if (kind === undefined) {
      throw new ImageFormatError(start, `inode mode 0${mode.toString(8)}, expected a file type`);
    }
    if (size > MAX_EXTERNAL_SIZE) {
      throw new ImageFormatError(
        start,
        `inode size ${size}, expected at most ${MAX_EXTERNAL_SIZE}`,
      );
    }
    if (kind !== "regular" && layout === chunkBased) {
      throw new ImageFormatError(start, `chunk-based ${kind} inode, expected a regular file`);
    }
    const xattrIcount = words[first + COMPACT.xattrIcount]! >>> 16;
    const owners = words[first + COMPACT.uid]!;
    const xattrStart = start + headSize;
    const xattrSize = xattrIcount === 0 ? 0 : XATTR_IBODY_HEADER.size + 4 * (xattrIcount - 1);
    const u = words[first + at.u]!;
    let end = xattrStart + xattrSize;
    if (layout === flatInline) end += size % BLOCK_SIZE;
    else if (layout === chunkBased) end += this.#checkChunks(start, size, u, end);
    const { buildTime, buildTimeNsec } = this.superBlock;
    return {
      nid,
      start,
      kind,
      extended,
      mode: mode & 0o7777,
      nlink: extended ? words[first + EXTENDED.nlink]! : words[first + COMPACT.nlink]! >>> 16,
      uid: extended ? words[first + EXTENDED.uid]! : owners & 0xffff,
      gid: extended ? words[first + EXTENDED.gid]! : owners >>> 16,
      mtime: extended ? readI64(words, first + EXTENDED.mtime) : buildTime,
      mtimeNsec: extended ? words[first + EXTENDED.mtimeNsec]! : buildTimeNsec,
      size,
      ino: words[first + at.ino]!,
      u,
      layout,
      xattrStart,
      xattrSize,
      end,
    };
  }

  /**
   * Checks the chunk format and that no chunk has an address.
   *
   * @param map Where the map starts.
   * @returns Its size.
   *
   * libcomposefs may put longer maps where nothing looks for them: those are not looked at here either.
   */
  #checkChunks(inode: number, size: number, u: number, map: number): number {
    const format = u & 0xffff;
    const bits = BLOCK_BITS + format;
    if (bits > CHUNK_BITS.max) {
      throw new ImageFormatError(
        inode,
        `chunk format 0x${format.toString(16)}, expected 0 to 1f`,
      );
    }
    const length = 4 * Math.ceil(size / CHUNK_SIZES[format]!);
    if (length > BLOCK_SIZE) {
      throw new ImageFormatError(
        inode,
        `chunk map of ${length} bytes, expected at most ${BLOCK_SIZE}`,
      );
    }
    if (length > LONGEST_INLINE_MAP) return 0;
    this.check(map, length, "chunk map");
    for (let at = map; at < map + length; at += 4) {
      if (this.words[at / 4] !== 0xffffffff) {
        throw new ImageFormatError(at, "chunk with an address, expected a hole");
      }
    }
    return length;
  }

  /**
   * Gives a flat inode's data: a view of the image, or a copy if it is in two pieces.
   *
   * @throws {ImageFormatError} If a part lies outside the image.
   */
  data(inode: ImageInode): Uint8Array {
    const tail = tailSize(inode);
    if (tail === inode.size) return this.#tail(inode, tail);
    if (tail === 0) return this.#blocks(inode, inode.size);
    return concatBytes(...this.dataParts(inode));
  }

  /**
   * Gives a flat inode's data in one piece, or in two: its blocks, then what follows the inode.
   *
   * @throws {ImageFormatError} If a part lies outside the image.
   */
  dataParts(inode: ImageInode): Uint8Array[] {
    const tail = tailSize(inode);
    const parts: Uint8Array[] = [];
    if (inode.size > tail) parts.push(this.#blocks(inode, inode.size - tail));
    if (tail > 0) parts.push(this.#tail(inode, tail));
    return parts;
  }

  /** What of an inode's data stands in blocks of its own. */
  #blocks(inode: ImageInode, size: number): Uint8Array {
    const start = inode.u * BLOCK_SIZE;
    const length = alignUp(size, BLOCK_SIZE);
    this.#checkData(inode, start, length);
    return viewOf(this.image, start, start + size);
  }

  /** What of an inode's data stands behind it. */
  #tail(inode: ImageInode, size: number): Uint8Array {
    const start = inode.xattrStart + inode.xattrSize;
    this.#checkData(inode, start, size);
    return viewOf(this.image, start, start + size);
  }

  #checkData(inode: ImageInode, start: number, length: number): void {
    // The text is made when it is needed: as an argument of every call it took longer than the rest.
    if (start + length > this.image.length) {
      this.check(start, length, `data of inode at ${inode.start}`);
    }
  }
}

/** Bytes of the blocks that a flat inode's data takes away from the inode; 0 for all others. */
export function blocksLength(inode: ImageInode): number {
  if (inode.layout === LAYOUT.chunkBased) return 0;
  return alignUp(inode.size - tailSize(inode), BLOCK_SIZE);
}

/** The error for an image that ends before it should. */
export function truncated(size: number, expected: number | string): ImageFormatError {
  return new ImageFormatError(size, `truncated: ${size} bytes, expected ${expected}`);
}

function tailSize({ size, layout }: ImageInode): number {
  return layout === LAYOUT.flatInline ? size % BLOCK_SIZE : 0;
}

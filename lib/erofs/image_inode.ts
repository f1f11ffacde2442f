/**
 * One inode as it stands in an image.
 *
 * @see fs/erofs/inode.c, `erofs_read_inode`
 *
 * @module
 */

import { getField, readI64, readU64, wordFields } from "../bytes/words.ts";
import { MAX_EXTERNAL_SIZE } from "../tree/limits.ts";
import { type FileKind, kindOfMode } from "../tree/tree.ts";
import {
  BLOCK_BITS,
  BLOCK_SIZE,
  CHUNK_BITS,
  INODE_COMPACT,
  INODE_EXTENDED,
  LAYOUT,
  SLOT_SIZE,
  type SuperBlock,
  XATTR_IBODY_HEADER,
} from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";

const COMPACT = wordFields(INODE_COMPACT);
const EXTENDED = wordFields(INODE_EXTENDED);

/** An image's memory and what all its inodes have in common. */
export interface InodeSource {
  readonly words: Uint32Array;
  readonly superBlock: SuperBlock;
}

/** An inode. Its fields are those of one place of the image until it is moved to another one. */
export class ImageInode {
  /** Where it is, in 32-byte slots from the start of the image. */
  nid = 0;
  /** The same in bytes. */
  start = 0;
  kind: FileKind = "regular";
  extended = false;
  /** The low twelve bits of `st_mode`. */
  mode = 0;
  nlink = 0;
  uid = 0;
  gid = 0;
  mtime: number | bigint = 0;
  mtimeNsec = 0;
  /** Size that the inode states, in bytes. */
  size = 0;
  /** Position among all inodes, as the image claims. */
  ino = 0;
  /** `i_u`: block address, device number or chunk format. */
  u = 0;
  /** One of {@linkcode LAYOUT}. */
  layout = 0;
  /** Where the xattr area starts, in bytes from the start of the image. */
  xattrStart = 0;
  xattrSize = 0;
  /** Where it ends, and what of the data stands behind it begins. */
  xattrEnd = 0;
  /** How much of the data that is, or the size of a chunk map. */
  tailSize = 0;

  /** Where the inode ends, with its xattrs and what stands behind them. */
  get end(): number {
    return this.xattrEnd + this.tailSize;
  }

  /**
   * Moves to an inode.
   *
   * @param start Where it is; as many bytes as {@linkcode headSize} says can be read.
   * @throws {ImageFormatError} If it is not one that can be read.
   */
  move({ words, superBlock }: InodeSource, nid: number, start: number): void {
    const first = start / 4;
    const format = getField(words, first, COMPACT.format);
    const layout = format >> 1;
    const extended = (format & 1) === 1;
    const mode = getField(words, first, COMPACT.mode);
    const kind = kindOfMode(mode);
    const size = extended
      ? readU64(words, first + EXTENDED.size.word)
      : getField(words, first, COMPACT.size);
    const { flatPlain, flatInline, chunkBased } = LAYOUT;
    if (layout !== flatPlain && layout !== flatInline && layout !== chunkBased) {
      throw new ImageFormatError(start, `inode format 0x${format.toString(16)}, expected 0 to 9`);
    }
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
    this.nid = nid;
    this.start = start;
    this.kind = kind;
    this.extended = extended;
    this.mode = mode & 0o7777;
    this.size = size;
    this.layout = layout;
    const at = extended ? EXTENDED : COMPACT;
    this.ino = getField(words, first, at.ino);
    this.u = getField(words, first, at.u);
    if (extended) {
      this.nlink = getField(words, first, EXTENDED.nlink);
      this.uid = getField(words, first, EXTENDED.uid);
      this.gid = getField(words, first, EXTENDED.gid);
      this.mtime = readI64(words, first + EXTENDED.mtime.word);
      this.mtimeNsec = getField(words, first, EXTENDED.mtimeNsec);
    } else {
      this.nlink = getField(words, first, COMPACT.nlink);
      this.uid = getField(words, first, COMPACT.uid);
      this.gid = getField(words, first, COMPACT.gid);
      this.mtime = superBlock.buildTime;
      this.mtimeNsec = superBlock.buildTimeNsec;
    }
    const icount = getField(words, first, COMPACT.xattrIcount);
    this.xattrStart = start + (extended ? INODE_EXTENDED.size : INODE_COMPACT.size);
    this.xattrSize = icount === 0 ? 0 : XATTR_IBODY_HEADER.size + 4 * (icount - 1);
    this.xattrEnd = this.xattrStart + this.xattrSize;
    this.tailSize = layout === flatInline ? size % BLOCK_SIZE : 0;
    if (layout === chunkBased) this.tailSize = chunkMapSize(this);
  }
}

/** Bytes that the inode takes that begins with a word, without what follows it. */
export function headSize(word: number): number {
  return (word & 1) === 1 ? INODE_EXTENDED.size : INODE_COMPACT.size;
}

/** Chunk sizes by chunk format. */
const CHUNK_SIZES = Array.from(
  { length: CHUNK_BITS.max - BLOCK_BITS + 1 },
  (_, format) => 2 ** (BLOCK_BITS + format),
);

/** The longest chunk map that stands behind its inode for certain, in bytes: see `_plan.ts`. */
const LONGEST_INLINE_MAP = BLOCK_SIZE - SLOT_SIZE + 4;

/**
 * Checks the chunk format of an inode.
 *
 * @returns Size of the map behind it. libcomposefs may put longer ones where nothing looks for them: those
 * are not looked at here either.
 */
function chunkMapSize({ start, size, u }: ImageInode): number {
  const format = u & 0xffff;
  const chunkSize = CHUNK_SIZES[format];
  if (chunkSize === undefined) {
    throw new ImageFormatError(start, `chunk format 0x${format.toString(16)}, expected 0 to 1f`);
  }
  const length = 4 * Math.ceil(size / chunkSize);
  if (length > BLOCK_SIZE) {
    throw new ImageFormatError(
      start,
      `chunk map of ${length} bytes, expected at most ${BLOCK_SIZE}`,
    );
  }
  return length > LONGEST_INLINE_MAP ? 0 : length;
}

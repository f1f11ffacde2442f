/**
 * Decides where everything in an image goes, before a byte is written.
 *
 * For each inode: compact or extended, which xattrs are shared, how its data is laid out, and its nid;
 * for the image: the shared xattr table and the block addresses. The same inodes give the same plan.
 * The rules are those of libcomposefs 1.0.8, whose images ours must equal byte for byte.
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import type { Stat } from "../tree/tree.ts";
import { direntGroupEnd, direntGroupSize } from "./dirent.ts";
import {
  BLOCK_SIZE,
  CHUNK_BITS,
  INODE_COMPACT,
  INODE_EXTENDED,
  LAYOUT,
  MAX_SHARED_XATTRS,
  SLOT_SIZE,
  SUPER_BLOCK,
  SUPER_OFFSET,
  XATTR_ALIGNMENT,
  XATTR_IBODY_HEADER,
} from "./format.ts";
import type { Inode, InodeData, InodeXattr } from "./inode.ts";
import { type SharedXattrs, shareXattrs, xattrEntrySize } from "./xattr.ts";

/** Where one inode goes. */
export interface InodePlan {
  /** Bytes from the start of the image. */
  readonly start: number;
  /** Extended (64 bytes) or compact (32 bytes). */
  readonly extended: boolean;
  /** How many of its xattrs are shared. */
  readonly sharedCount: number;
  /** Bytes of the xattr area, 0 without xattrs. */
  readonly xattrSize: number;
  /** Blocks of data away from the inode. */
  readonly blocks: number;
  /** First of these blocks, counted from the start of the image. 0 if there are none. */
  readonly blkaddr: number;
  /** Bytes of data directly behind the inode and its xattrs. */
  readonly tail: number;
}

/** The whole image, decided. */
export interface ImagePlan {
  readonly inodes: readonly InodePlan[];
  /** Earliest modification time of all inodes: the one that compact inodes have. */
  readonly buildTime: number | bigint;
  readonly buildTimeNsec: number;
  /** The table, and which xattrs lead there. */
  readonly sharedXattrs: SharedXattrs;
  /** Where the inodes end and the shared xattrs start, in bytes from the start of the image. */
  readonly inodesEnd: number;
  /** Size of the image in blocks. */
  readonly blocks: number;
}

/**
 * Plans an image of the given inodes, the root first.
 *
 * @throws {RangeError} If an inode's xattrs or the image as a whole are larger than the format holds.
 */
export function planImage(inodes: readonly Inode[]): ImagePlan {
  const earliest = earliestTime(inodes);
  const shared = shareXattrs(inodes);
  const drafts: Draft[] = [];
  let position = SUPER_OFFSET + SUPER_BLOCK.size;
  let xattrsDone = 0;
  for (const inode of inodes) {
    const draft = draftInode(inode, earliest);
    if (inode.xattrs.length > 0) placeXattrs(draft, inode.xattrs, shared.places, xattrsDone);
    xattrsDone += inode.xattrs.length;
    position = place(draft, position, inode.data.kind === "symlink");
    drafts.push(draft);
  }
  const inodesEnd = alignUp(position, SLOT_SIZE);
  let blkaddr = alignUp(inodesEnd + shared.size, BLOCK_SIZE) / BLOCK_SIZE;
  for (const draft of drafts) {
    if (draft.blocks === 0) continue;
    draft.blkaddr = blkaddr;
    blkaddr += draft.blocks;
  }
  if (blkaddr > 0xffffffff) {
    throw new RangeError(`Cannot lay out image: ${blkaddr} blocks, expected at most 2^32-1`);
  }
  return {
    inodes: drafts,
    buildTime: earliest.mtime,
    buildTimeNsec: earliest.mtimeNsec,
    sharedXattrs: shared,
    inodesEnd,
    blocks: blkaddr,
  };
}

/** An inode's plan while its place is not known. */
type Draft = { -readonly [Field in keyof InodePlan]: InodePlan[Field] };

type Time = Pick<Stat, "mtime" | "mtimeNsec">;

function earliestTime(inodes: readonly Inode[]): Time {
  let earliest: Time = inodes[0]!.stat;
  for (const { stat } of inodes) {
    // Numbers and bigints compare by value; equal ones are of one type, so === is exact too.
    if (
      stat.mtime < earliest.mtime ||
      (stat.mtime === earliest.mtime && stat.mtimeNsec < earliest.mtimeNsec)
    ) earliest = stat;
  }
  return earliest;
}

function draftInode(inode: Inode, earliest: Time): Draft {
  const { blocks, tail } = dataSize(inode.data);
  const extended = needsExtended(inode, earliest, blocks * BLOCK_SIZE + tail);
  return { start: 0, extended, sharedCount: 0, xattrSize: 0, blocks, blkaddr: 0, tail };
}

/** Data away from the inode in blocks, and behind the inode in bytes, as long as its place allows. */
function dataSize(data: InodeData): { blocks: number; tail: number } {
  switch (data.kind) {
    case "entries": {
      const { names } = data;
      let blocks = 0;
      let start = 0;
      let end = direntGroupEnd(names, 0);
      for (; end < names.length; end = direntGroupEnd(names, start)) {
        blocks++;
        start = end;
      }
      return settleTail(blocks, direntGroupSize(names, start, end));
    }
    case "inline": {
      const tail = data.bytes.length % BLOCK_SIZE;
      return settleTail((data.bytes.length - tail) / BLOCK_SIZE, tail);
    }
    case "external":
      return { blocks: 0, tail: 4 * chunkCount(data.size) };
    case "symlink":
      return { blocks: 0, tail: data.target.length };
    default:
      return { blocks: 0, tail: 0 };
  }
}

/** More than half a block is not worth keeping behind the inode. */
function settleTail(blocks: number, tail: number): { blocks: number; tail: number } {
  return tail > BLOCK_SIZE / 2 ? { blocks: blocks + 1, tail: 0 } : { blocks, tail };
}

/** log2 of the chunk size of a file: the smallest that makes it one chunk, within limits. */
export function chunkBits(size: number): number {
  if (size <= 2 ** 31) return Math.max(CHUNK_BITS.min, 32 - Math.clz32(size - 1));
  let bits = 32;
  while (bits < CHUNK_BITS.max && 2 ** bits < size) bits++;
  return bits;
}

function chunkCount(size: number): number {
  return size <= 2 ** CHUNK_BITS.max ? 1 : Math.ceil(size / 2 ** CHUNK_BITS.max);
}

function needsExtended(inode: Inode, earliest: Time, directorySize: number): boolean {
  const { stat } = inode;
  return stat.mtime !== earliest.mtime || stat.mtimeNsec !== earliest.mtimeNsec ||
    inode.nlink > 0xffff || stat.uid > 0xffff || stat.gid > 0xffff ||
    inodeSize(inode, directorySize) > 0xffffffff ||
    isOversized(inode.data);
}

function isOversized(data: InodeData): boolean {
  switch (data.kind) {
    case "entries":
    case "inline":
    case "external":
    case "symlink":
      return false;
    default:
      return data.oversized === true;
  }
}

/** The size an inode states. A directory's is that of its blocks and tail. */
export function inodeSize(inode: Inode, directorySize: number): number {
  switch (inode.data.kind) {
    case "entries":
      return directorySize;
    case "inline":
      return inode.data.bytes.length;
    case "external":
      return inode.data.size;
    case "symlink":
      return inode.data.target.length;
    default:
      return 0;
  }
}

/**
 * Decides which of an inode's xattrs are shared, and how much room they take.
 *
 * @param places Where the pairs are shared, this inode's from `first` on. What this inode keeps for itself
 * nevertheless is taken out.
 */
function placeXattrs(
  draft: Draft,
  xattrs: readonly InodeXattr[],
  places: Int32Array,
  first: number,
): void {
  let size = XATTR_IBODY_HEADER.size;
  for (let i = 0; i < xattrs.length; i++) {
    if (places[first + i]! >= 0 && draft.sharedCount < MAX_SHARED_XATTRS) {
      draft.sharedCount++;
      size += XATTR_ALIGNMENT;
    } else {
      places[first + i] = -1;
      size += xattrEntrySize(xattrs[i]!);
    }
  }
  if (xattrIcount(size) > 0xffff) {
    throw new RangeError(
      `Cannot lay out xattrs: ${size} bytes on one inode, expected at most 262148`,
    );
  }
  draft.xattrSize = size;
}

/** `i_xattr_icount` of an xattr area. */
export function xattrIcount(xattrSize: number): number {
  return xattrSize === 0 ? 0 : (xattrSize - XATTR_IBODY_HEADER.size) / 4 + 1;
}

/** Bytes of an inode and its xattrs, without data. */
function headSize(draft: Draft): number {
  return (draft.extended ? INODE_EXTENDED.size : INODE_COMPACT.size) + draft.xattrSize;
}

/** Gives the inode its place at or behind `position`; returns where it ends. */
function place(draft: Draft, position: number, symlink: boolean): number {
  const head = headSize(draft);
  let start = alignUp(position, SLOT_SIZE);
  if (symlink) {
    const total = head + draft.tail;
    if (blockOf(start) !== blockOf(start + total - 1)) start = alignUp(start, BLOCK_SIZE);
    if (total >= BLOCK_SIZE) {
      draft.blocks = 1;
      draft.tail = 0;
    }
  } else if (draft.tail > roomAt(start + head)) {
    // The inode may cross a block boundary, its tail must not: push it so that the tail starts a block,
    // or, if it would end up no better (long chunk maps only), give the tail a block of its own.
    const pushed = start + alignUp(roomAt(start + head), SLOT_SIZE);
    if (draft.tail <= roomAt(pushed + head)) {
      start = pushed;
    } else {
      draft.blocks++;
      draft.tail = 0;
      start = alignUp(start, BLOCK_SIZE);
    }
  }
  draft.start = start;
  return start + head + draft.tail;
}

function blockOf(position: number): number {
  return Math.floor(position / BLOCK_SIZE);
}

/** Bytes from `position` to the end of its block; a whole block at its start. */
function roomAt(position: number): number {
  return BLOCK_SIZE - position % BLOCK_SIZE;
}

/** The data layout that follows from what an inode holds and where it went. */
export function dataLayout(inode: Inode, plan: InodePlan): number {
  if (inode.data.kind === "external") return LAYOUT.chunkBased;
  return plan.tail > 0 ? LAYOUT.flatInline : LAYOUT.flatPlain;
}

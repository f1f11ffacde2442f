/**
 * Decides where everything in an image goes, before a byte is written.
 *
 * For each inode: compact or extended, which xattrs are shared, how its data is laid out, and its nid;
 * for the image: the shared xattr table and the block addresses. The same inodes give the same plan.
 * The format leaves choices; in them an image follows libcomposefs 1.0.8 or composefs-rs, to equal theirs
 * byte for byte.
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { FILE_TYPE_BITS, type Stat } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { direntGroupEnd, direntGroupSize } from "./_dirent.ts";
import {
  BLOCK_BITS,
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
import { emptyPlan, type InodePlan, InodePlans } from "./_inode_plans.ts";
import type { Inode, InodeData, InodeXattr } from "./inode.ts";
import { ascendingByIndex, type SharedXattrs, shareXattrs, xattrEntrySize } from "./_xattr.ts";

/**
 * Whose rules an image follows where the format leaves a choice. composefs-rs's are those of its own format
 * version 2: all inodes extended and numbered by their nids, no time but that of each inode.
 */
export type LayoutRules = "libcomposefs" | "composefs-rs";

/** The whole image, decided. */
export interface ImagePlan {
  readonly inodes: InodePlans;
  readonly rules: LayoutRules;
  /** The time that compact inodes have: the earliest of all inodes, or 0 where there are none. */
  readonly buildTime: number | bigint;
  readonly buildTimeNsec: number;
  /** The table, and which xattrs lead there. */
  readonly sharedXattrs: SharedXattrs;
  /** Where the inodes end and the shared xattrs start, in bytes from the start of the image. */
  readonly inodesEnd: number;
  /** The block from whose start shared xattrs are counted. */
  readonly xattrBlkaddr: number;
  /** Size of the image in blocks. */
  readonly blocks: number;
}

/**
 * Plans an image of the given inodes, the root first.
 *
 * @throws {TreeError} If an inode's xattrs or the image as a whole are larger than the format holds.
 */
export function planImage(
  inodes: readonly Inode[],
  rules: LayoutRules = "libcomposefs",
): ImagePlan {
  const isRust = rules === "composefs-rs";
  const earliest = isRust ? NO_TIME : earliestTime(inodes);
  const shared = isRust ? shareXattrs(inodes, ascendingByIndex) : shareXattrs(inodes);
  const plans = new InodePlans(inodes.length);
  /** The plan of one inode after the other. */
  const draft = emptyPlan();
  let position = SUPER_OFFSET + SUPER_BLOCK.size;
  let xattrsDone = 0;
  for (let i = 0; i < inodes.length; i++) {
    const inode = inodes[i]!;
    const { xattrs } = inode;
    draftInode(draft, inode, earliest);
    if (isRust) followRust(draft, inode);
    if (xattrs.length > 0) placeXattrs(draft, xattrs, shared.places, xattrsDone);
    xattrsDone += xattrs.length;
    position = isRust
      ? placeAsRust(draft, position, inode.data.kind === "external")
      : place(draft, position, inode.kind === "symlink");
    plans.set(i, draft);
  }
  const inodesEnd = alignUp(position, SLOT_SIZE);
  const blkaddr = plans.placeBlocks(alignUp(inodesEnd + shared.size, BLOCK_SIZE) / BLOCK_SIZE);
  if (blkaddr > 0xffffffff) {
    throw new TreeError(
      "too-large",
      `Cannot lay out image: ${blkaddr} blocks, expected at most 2^32-1`,
    );
  }
  return {
    rules,
    inodes: plans,
    buildTime: earliest.mtime,
    buildTimeNsec: earliest.mtimeNsec,
    sharedXattrs: shared,
    inodesEnd,
    xattrBlkaddr: isRust ? 0 : Math.floor(inodesEnd / BLOCK_SIZE),
    blocks: blkaddr,
  };
}

type Time = Pick<Stat, "mtime" | "mtimeNsec">;

const NO_TIME: Time = { mtime: 0, mtimeNsec: 0 };

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

/** Begins a plan with what follows from an inode alone. */
function draftInode(draft: InodePlan, inode: Inode, earliest: Time): void {
  const { kind, stat, data } = inode;
  draft.start =
    draft.size =
    draft.format =
    draft.rdev =
      0;
  draft.sharedCount =
    draft.xattrSize =
    draft.blocks =
    draft.blkaddr =
    draft.tail =
      0;
  draft.mode = FILE_TYPE_BITS[kind] | stat.mode;
  draftData(draft, data);
  draft.extended = inode.extended || draft.size > 0xffffffff ||
    stat.mtime !== earliest.mtime || stat.mtimeNsec !== earliest.mtimeNsec ||
    inode.nlink > 0xffff || stat.uid > 0xffff || stat.gid > 0xffff;
}

/**
 * Decides what follows from an inode's data alone. Its tail stays behind the inode as long as its place
 * allows.
 */
function draftData(draft: InodePlan, data: InodeData): void {
  switch (data.kind) {
    case "external":
      draft.size = data.size;
      draft.format = chunkBits(data.size) - BLOCK_BITS;
      draft.tail = 4 * chunkCount(data.size);
      return;
    case "entries":
      draftEntries(draft, data.names);
      return;
    case "symlink":
      draft.size = draft.tail = data.target.length;
      return;
    case "inline":
      draft.size = data.bytes.length;
      draftTail(draft, data.bytes.length % BLOCK_SIZE);
      draft.blocks += Math.floor(data.bytes.length / BLOCK_SIZE);
      return;
    default:
      draft.rdev = data.rdev;
  }
}

function draftEntries(draft: InodePlan, names: readonly Uint8Array[]): void {
  let start = 0;
  let end = direntGroupEnd(names, 0);
  for (; end < names.length; end = direntGroupEnd(names, start)) {
    draft.blocks++;
    start = end;
  }
  draftTail(draft, direntGroupSize(names, start, end));
  draft.size = draft.blocks * BLOCK_SIZE + draft.tail;
}

/** More than half a block is not worth keeping behind the inode. */
function draftTail(draft: InodePlan, size: number): void {
  if (size > BLOCK_SIZE / 2) draft.blocks++;
  else draft.tail = size;
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

/**
 * Decides which of an inode's xattrs are shared, and how much room they take.
 *
 * @param places Where the pairs are shared, this inode's from `first` on. What this inode keeps for itself
 * nevertheless is taken out.
 */
function placeXattrs(
  draft: InodePlan,
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
    throw new TreeError(
      "too-large",
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
function headSize(draft: InodePlan): number {
  return (draft.extended ? INODE_EXTENDED.size : INODE_COMPACT.size) + draft.xattrSize;
}

/** Gives the inode its place at or behind `position`; returns where it ends. */
function place(draft: InodePlan, position: number, symlink: boolean): number {
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

/** What composefs-rs decides otherwise of an inode by itself. */
function followRust(draft: InodePlan, { data }: Inode): void {
  draft.extended = true;
  if (data.kind !== "external") return;
  if (data.size > 2 ** CHUNK_BITS.max) {
    throw new TreeError(
      "too-large",
      `Cannot lay out a file of ${data.size} bytes: expected at most 2^${CHUNK_BITS.max}`,
    );
  }
  draft.format = CHUNK_BITS.max - BLOCK_BITS;
}

/**
 * Gives the inode its place by the rules of composefs-rs: data behind an inode begins where the block of
 * the inode's last byte ends, if it does not end before the end of that block. Chunk maps stay where they are.
 */
function placeAsRust(draft: InodePlan, position: number, isChunkMap: boolean): number {
  const head = headSize(draft);
  let start = alignUp(position, SLOT_SIZE);
  const lastOfHead = start + head - 1;
  if (draft.tail > 0 && !isChunkMap && blockOf(lastOfHead) !== blockOf(start + head + draft.tail)) {
    start = alignUp(start + BLOCK_SIZE - lastOfHead % BLOCK_SIZE, SLOT_SIZE);
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

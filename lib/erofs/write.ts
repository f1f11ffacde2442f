/**
 * Writes a planned image.
 *
 * No decisions are made here: every position comes from the plan, and each inode is checked to start
 * and end where the plan says.
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { i64, u64 } from "../bytes/struct.ts";
import { direntGroupEnd, DirentWriter } from "./dirent.ts";
import {
  BLOCK_BITS,
  BLOCK_SIZE,
  FEATURE_COMPAT_MTIME,
  FEATURE_COMPAT_XATTR_FILTER,
  INODE_COMPACT,
  INODE_EXTENDED,
  SLOT_SIZE,
  SUPER_BLOCK,
  SUPER_MAGIC,
  SUPER_OFFSET,
  XATTR_ALIGNMENT,
  XATTR_IBODY_HEADER,
} from "./format.ts";
import { FILE_TYPE_BITS } from "../tree/tree.ts";
import type { Inode } from "./inode.ts";
import {
  chunkBits,
  dataLayout,
  type ImagePlan,
  type InodePlan,
  inodeSize,
  planImage,
  xattrIcount,
} from "./plan.ts";
import { writeXattrEntry, xattrEntrySize, xattrNameFilter } from "./xattr.ts";

/**
 * Makes an EROFS image of the given inodes, the root first. The same inodes give the same bytes.
 *
 * @param preamble What stands before the superblock: at most 1024 bytes.
 * @returns The image: a multiple of 4096 bytes.
 * @throws {RangeError} If the inodes need more than the format holds.
 */
export function writeErofs(
  inodes: readonly Inode[],
  preamble: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const plan = planImage(inodes);
  const writer = new Writer(inodes, plan);
  writer.image.set(preamble.subarray(0, SUPER_OFFSET));
  writer.writeSuperblock();
  for (let i = 0; i < inodes.length; i++) writer.writeInode(i);
  writer.writeSharedXattrs();
  return writer.image;
}

class Writer {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #inodes: readonly Inode[];
  readonly #plan: ImagePlan;
  readonly #nids: Float64Array;
  readonly #dirents: DirentWriter;
  /** How many xattrs have been written. */
  #xattrs = 0;

  constructor(inodes: readonly Inode[], plan: ImagePlan) {
    this.image = new Uint8Array(plan.blocks * BLOCK_SIZE);
    this.#view = new DataView(this.image.buffer);
    this.#inodes = inodes;
    this.#plan = plan;
    this.#nids = new Float64Array(inodes.length);
    for (let i = 0; i < inodes.length; i++) this.#nids[i] = plan.inodes[i]!.start / SLOT_SIZE;
    this.#dirents = new DirentWriter(this.image, inodes, this.#nids);
  }

  writeSuperblock(): void {
    const plan = this.#plan;
    SUPER_BLOCK.write(this.#view, SUPER_OFFSET, {
      magic: SUPER_MAGIC,
      checksum: 0,
      featureCompat: FEATURE_COMPAT_MTIME | FEATURE_COMPAT_XATTR_FILTER,
      blkszbits: BLOCK_BITS,
      sbExtslots: 0,
      rootNid: this.#nids[0]!,
      inos: this.#inodes.length,
      buildTime: plan.buildTime,
      buildTimeNsec: plan.buildTimeNsec,
      blocks: plan.blocks,
      metaBlkaddr: 0,
      xattrBlkaddr: Math.floor(plan.inodesEnd / BLOCK_SIZE),
      // Stays 0 even with chunk-based inodes, as libcomposefs has it; the kernel does not insist.
      featureIncompat: 0,
    });
  }

  /** To be called for each inode in their order. */
  writeInode(ino: number): void {
    const inode = this.#inodes[ino]!;
    const plan = this.#plan.inodes[ino]!;
    let position = this.#writeHead(ino, inode, plan);
    position = this.#writeXattrs(position, inode, plan);
    position = this.#writeData(position, inode, plan);
    const planned = plan.start + this.#headSize(plan) + plan.tail;
    if (position !== planned) {
      throw new TypeError(`Inode ${ino} ends at ${position}, planned was ${planned}`);
    }
  }

  #headSize(plan: InodePlan): number {
    return (plan.extended ? INODE_EXTENDED.size : INODE_COMPACT.size) + plan.xattrSize;
  }

  #writeHead(ino: number, inode: Inode, plan: InodePlan): number {
    if (plan.extended) this.#writeExtended(ino, inode, plan);
    else this.#writeCompact(ino, inode, plan);
    return plan.start + (plan.extended ? INODE_EXTENDED.size : INODE_COMPACT.size);
  }

  // Field by field at the offsets of the record: as objects for `write` of the record, inodes took a
  // quarter of the time of a whole image.
  #writeCompact(ino: number, inode: Inode, plan: InodePlan): void {
    const view = this.#view;
    const at = plan.start;
    const { offsets } = INODE_COMPACT;
    const { stat } = inode;
    view.setUint16(at + offsets.format, dataLayout(inode, plan) << 1, true);
    view.setUint16(at + offsets.xattrIcount, xattrIcount(plan.xattrSize), true);
    view.setUint16(at + offsets.mode, FILE_TYPE_BITS[inode.kind] | stat.mode, true);
    view.setUint16(at + offsets.nlink, inode.nlink, true);
    view.setUint32(at + offsets.size, inodeSize(inode, directorySize(plan)), true);
    view.setUint32(at + offsets.u, inodeUnion(inode, plan), true);
    view.setUint32(at + offsets.ino, ino, true);
    view.setUint16(at + offsets.uid, stat.uid, true);
    view.setUint16(at + offsets.gid, stat.gid, true);
  }

  #writeExtended(ino: number, inode: Inode, plan: InodePlan): void {
    const view = this.#view;
    const at = plan.start;
    const { offsets } = INODE_EXTENDED;
    const { stat } = inode;
    const size = inodeSize(inode, directorySize(plan));
    view.setUint16(at + offsets.format, 1 | dataLayout(inode, plan) << 1, true);
    view.setUint16(at + offsets.xattrIcount, xattrIcount(plan.xattrSize), true);
    view.setUint16(at + offsets.mode, FILE_TYPE_BITS[inode.kind] | stat.mode, true);
    u64.write(view, at + offsets.size, size);
    view.setUint32(at + offsets.u, inodeUnion(inode, plan), true);
    view.setUint32(at + offsets.ino, ino, true);
    view.setUint32(at + offsets.uid, stat.uid, true);
    view.setUint32(at + offsets.gid, stat.gid, true);
    i64.write(view, at + offsets.mtime, stat.mtime);
    view.setUint32(at + offsets.mtimeNsec, stat.mtimeNsec, true);
    view.setUint32(at + offsets.nlink, inode.nlink, true);
  }

  #writeXattrs(position: number, inode: Inode, plan: InodePlan): number {
    if (plan.xattrSize === 0) return position;
    const { xattrs } = inode;
    const { offsets } = XATTR_IBODY_HEADER;
    this.#view.setUint32(position + offsets.nameFilter, xattrNameFilter(xattrs), true);
    this.#view.setUint8(position + offsets.sharedCount, plan.sharedCount);
    const { places } = this.#plan.sharedXattrs;
    const tableStart = this.#plan.inodesEnd % BLOCK_SIZE / XATTR_ALIGNMENT;
    let referenceAt = position + XATTR_IBODY_HEADER.size;
    let entryAt = referenceAt + XATTR_ALIGNMENT * plan.sharedCount;
    for (let i = 0; i < xattrs.length; i++) {
      const xattr = xattrs[i]!;
      const place = places[this.#xattrs++]!;
      if (place >= 0) {
        this.#view.setUint32(referenceAt, tableStart + place, true);
        referenceAt += XATTR_ALIGNMENT;
      } else {
        writeXattrEntry(this.image, this.#view, entryAt, xattr);
        entryAt += xattrEntrySize(xattr);
      }
    }
    return entryAt;
  }

  /** Writes blocks and tail; returns where the tail, which starts at `position`, ends. */
  #writeData(position: number, inode: Inode, plan: InodePlan): number {
    const data = inode.data;
    const blocksAt = plan.blkaddr * BLOCK_SIZE;
    switch (data.kind) {
      case "external": {
        // A chunk map is all ones: no chunk has an address. Out of line it fills a block.
        if (plan.blocks > 0) this.image.fill(0xff, blocksAt, blocksAt + BLOCK_SIZE);
        const end = position + plan.tail;
        for (; position < end; position += 4) this.#view.setUint32(position, 0xffffffff, true);
        return end;
      }
      case "inline":
        return this.#writeBytes(position, data.bytes, plan);
      case "symlink":
        return this.#writeBytes(position, data.target, plan);
      case "entries": {
        const { names } = data;
        let start = 0;
        for (let block = 0; start < names.length; block++) {
          const at = block < plan.blocks ? blocksAt + block * BLOCK_SIZE : position;
          const end = direntGroupEnd(names, start);
          this.#dirents.write(at, data, start, end);
          start = end;
        }
        return position + plan.tail;
      }
      default:
        return position;
    }
  }

  #writeBytes(position: number, bytes: Uint8Array, plan: InodePlan): number {
    const apart = bytes.length - plan.tail;
    if (apart > 0) this.image.set(bytes.subarray(0, apart), plan.blkaddr * BLOCK_SIZE);
    copyBytes(this.image, position, apart > 0 ? bytes.subarray(apart) : bytes);
    return position + plan.tail;
  }

  writeSharedXattrs(): void {
    let position = this.#plan.inodesEnd;
    for (const xattr of this.#plan.sharedXattrs.table) {
      writeXattrEntry(this.image, this.#view, position, xattr);
      position += xattrEntrySize(xattr);
    }
  }
}

/** The size of a directory of this plan. */
function directorySize(plan: InodePlan): number {
  return plan.blocks * BLOCK_SIZE + plan.tail;
}

/** `i_u`: block address, device number or chunk format, as the inode's kind has it. */
function inodeUnion(inode: Inode, plan: InodePlan): number {
  const { data } = inode;
  switch (data.kind) {
    case "external":
      // libcomposefs writes the chunk format over the low half of the block address.
      return (plan.blkaddr & 0xffff0000 | (chunkBits(data.size) - BLOCK_BITS)) >>> 0;
    case "entries":
    case "inline":
    case "symlink":
      return plan.blkaddr;
    default:
      return data.rdev;
  }
}

/**
 * Writes a planned image.
 *
 * No decisions are made here: every position comes from the plan, and each inode is checked to start
 * and end where the plan says.
 *
 * @module
 */

import { groupDirents, writeDirents } from "./dirent.ts";
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

  constructor(inodes: readonly Inode[], plan: ImagePlan) {
    this.image = new Uint8Array(plan.blocks * BLOCK_SIZE);
    this.#view = new DataView(this.image.buffer);
    this.#inodes = inodes;
    this.#plan = plan;
    this.#nids = Float64Array.from(plan.inodes, ({ start }) => start / SLOT_SIZE);
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
    const common = {
      format: Number(plan.extended) | dataLayout(inode, plan) << 1,
      xattrIcount: xattrIcount(plan.xattrSize),
      mode: FILE_TYPE_BITS[inode.kind] | inode.mode,
      nlink: inode.nlink,
      size: inodeSize(inode, plan.blocks * BLOCK_SIZE + plan.tail),
      u: inodeUnion(inode, plan),
      ino,
      uid: inode.uid,
      gid: inode.gid,
    };
    if (!plan.extended) {
      INODE_COMPACT.write(this.#view, plan.start, common);
      return plan.start + INODE_COMPACT.size;
    }
    const { mtime, mtimeNsec } = inode;
    INODE_EXTENDED.write(this.#view, plan.start, { ...common, mtime, mtimeNsec });
    return plan.start + INODE_EXTENDED.size;
  }

  #writeXattrs(position: number, inode: Inode, plan: InodePlan): number {
    if (plan.xattrSize === 0) return position;
    XATTR_IBODY_HEADER.write(this.#view, position, {
      nameFilter: xattrNameFilter(inode.xattrs),
      sharedCount: plan.sharedXattrs.length,
    });
    position += XATTR_IBODY_HEADER.size;
    const tableStart = this.#plan.inodesEnd % BLOCK_SIZE;
    for (const offset of plan.sharedXattrs) {
      this.#view.setUint32(position, (tableStart + offset) / 4, true);
      position += 4;
    }
    for (const xattr of plan.inlineXattrs) {
      writeXattrEntry(this.image, this.#view, position, xattr);
      position += xattrEntrySize(xattr);
    }
    return position;
  }

  /** Writes blocks and tail; returns where the tail, which starts at `position`, ends. */
  #writeData(position: number, inode: Inode, plan: InodePlan): number {
    const data = inode.data;
    const blocksAt = plan.blkaddr * BLOCK_SIZE;
    switch (data.kind) {
      case "none":
        return position;
      case "holes": {
        // A chunk map is all ones: no chunk has an address. Out of line it fills a block.
        if (plan.blocks > 0) this.image.fill(0xff, blocksAt, blocksAt + BLOCK_SIZE);
        this.image.fill(0xff, position, position + plan.tail);
        return position + plan.tail;
      }
      case "contents":
      case "target": {
        const apart = data.bytes.length - plan.tail;
        this.image.set(data.bytes.subarray(0, apart), blocksAt);
        this.image.set(data.bytes.subarray(apart), position);
        return position + plan.tail;
      }
      case "entries": {
        let block = 0;
        for (const group of groupDirents(data.entries)) {
          const at = block < plan.blocks ? blocksAt + block * BLOCK_SIZE : position;
          const { image } = this;
          writeDirents(image, this.#view, at, data.entries, group, this.#inodes, this.#nids);
          block++;
        }
        return position + plan.tail;
      }
    }
  }

  writeSharedXattrs(): void {
    let position = this.#plan.inodesEnd;
    for (const xattr of this.#plan.sharedXattrs.table) {
      writeXattrEntry(this.image, this.#view, position, xattr);
      position += xattrEntrySize(xattr);
    }
  }
}

/** `i_u`: block address, device number or chunk format, as the inode's kind has it. */
function inodeUnion(inode: Inode, plan: InodePlan): number {
  switch (inode.data.kind) {
    case "none":
      return inode.data.rdev;
    case "holes":
      // libcomposefs writes the chunk format over the low half of the block address.
      return (plan.blkaddr & 0xffff0000 | (chunkBits(inode.data.size) - BLOCK_BITS)) >>> 0;
    default:
      return plan.blkaddr;
  }
}

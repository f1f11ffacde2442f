/**
 * Writes a planned image.
 *
 * No decisions are made here: every position comes from the plan, and each inode is checked to start
 * and end where the plan says.
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { wordFields, wordsOf, writeI64, writeU64 } from "../bytes/words.ts";
import { direntGroupEnd, DirentWriter } from "./_dirent.ts";
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
import { emptyPlan, type InodePlan } from "./_inode_plans.ts";
import type { Inode } from "./inode.ts";
import { dataLayout, type ImagePlan, type LayoutRules, planImage, xattrIcount } from "./_plan.ts";
import { writeXattrEntry, xattrNameFilter } from "./_xattr.ts";

/**
 * Makes an EROFS image of the given inodes, the root first. The same inodes give the same bytes.
 *
 * @param preamble What stands before the superblock: at most 1024 bytes.
 * @param rules Whose image it is to equal.
 * @returns The image: a multiple of 4096 bytes.
 * @throws {TreeError} If the inodes need more than the format holds.
 */
export function writeErofs(
  inodes: readonly Inode[],
  preamble: Uint8Array,
  rules: LayoutRules = "libcomposefs",
): Uint8Array<ArrayBuffer> {
  const plan = planImage(inodes, rules);
  const writer = new Writer(inodes, plan);
  writer.image.set(preamble.subarray(0, SUPER_OFFSET));
  writer.writeSuperblock();
  for (let i = 0; i < inodes.length; i++) writer.writeInode(i);
  writer.writeSharedXattrs();
  return writer.image;
}

const COMPACT = wordFields(INODE_COMPACT);
const EXTENDED = wordFields(INODE_EXTENDED);
const XATTR_HEADER = wordFields(XATTR_IBODY_HEADER);

class Writer {
  readonly image: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #inodes: readonly Inode[];
  readonly #plan: ImagePlan;
  readonly #dirents: DirentWriter;
  /** The plan of the inode that is being written. */
  readonly #inodePlan = emptyPlan();
  /** How many xattrs have been written. */
  #xattrs = 0;

  constructor(inodes: readonly Inode[], plan: ImagePlan) {
    this.image = new Uint8Array(plan.blocks * BLOCK_SIZE);
    this.#words = wordsOf(this.image);
    this.#inodes = inodes;
    this.#plan = plan;
    this.#dirents = new DirentWriter(this.image, plan.inodes);
  }

  writeSuperblock(): void {
    const plan = this.#plan;
    SUPER_BLOCK.write(new DataView(this.image.buffer), SUPER_OFFSET, {
      magic: SUPER_MAGIC,
      checksum: 0,
      featureCompat: FEATURE_COMPAT_MTIME | FEATURE_COMPAT_XATTR_FILTER,
      blkszbits: BLOCK_BITS,
      sbExtslots: 0,
      rootNid: plan.inodes.start(0) / SLOT_SIZE,
      inos: this.#inodes.length,
      buildTime: plan.buildTime,
      buildTimeNsec: plan.buildTimeNsec,
      blocks: plan.blocks,
      metaBlkaddr: 0,
      xattrBlkaddr: plan.xattrBlkaddr,
      // Stays 0 even with chunk-based inodes, as libcomposefs has it; the kernel does not insist.
      featureIncompat: 0,
    });
  }

  /** To be called for each inode in their order. */
  writeInode(ino: number): void {
    const inode = this.#inodes[ino]!;
    const plan = this.#inodePlan;
    this.#plan.inodes.read(ino, plan);
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

  #writeCompact(ino: number, inode: Inode, plan: InodePlan): void {
    const words = this.#words;
    const at = plan.start / 4;
    const { stat } = inode;
    const format = dataLayout(inode, plan) << 1;
    words[at + COMPACT.format.word] = format << COMPACT.format.shift |
      xattrIcount(plan.xattrSize) << COMPACT.xattrIcount.shift;
    words[at + COMPACT.mode.word] = plan.mode << COMPACT.mode.shift |
      inode.nlink << COMPACT.nlink.shift;
    words[at + COMPACT.size.word] = plan.size;
    words[at + COMPACT.u.word] = inodeUnion(inode, plan);
    words[at + COMPACT.ino.word] = ino;
    words[at + COMPACT.uid.word] = stat.uid << COMPACT.uid.shift | stat.gid << COMPACT.gid.shift;
  }

  #writeExtended(ino: number, inode: Inode, plan: InodePlan): void {
    const words = this.#words;
    const at = plan.start / 4;
    const { stat } = inode;
    const number = this.#plan.rules === "libcomposefs" ? ino : plan.start / SLOT_SIZE;
    const format = 1 | dataLayout(inode, plan) << 1;
    words[at + EXTENDED.format.word] = format << EXTENDED.format.shift |
      xattrIcount(plan.xattrSize) << EXTENDED.xattrIcount.shift;
    words[at + EXTENDED.mode.word] = plan.mode << EXTENDED.mode.shift;
    writeU64(words, at + EXTENDED.size.word, plan.size);
    words[at + EXTENDED.u.word] = inodeUnion(inode, plan);
    words[at + EXTENDED.ino.word] = number;
    words[at + EXTENDED.uid.word] = stat.uid;
    words[at + EXTENDED.gid.word] = stat.gid;
    writeI64(words, at + EXTENDED.mtime.word, stat.mtime);
    words[at + EXTENDED.mtimeNsec.word] = stat.mtimeNsec;
    words[at + EXTENDED.nlink.word] = inode.nlink;
  }

  #writeXattrs(position: number, inode: Inode, plan: InodePlan): number {
    if (plan.xattrSize === 0) return position;
    const { xattrs } = inode;
    const words = this.#words;
    const at = position / 4;
    words[at + XATTR_HEADER.nameFilter.word] = xattrNameFilter(xattrs);
    words[at + XATTR_HEADER.sharedCount.word] = plan.sharedCount << XATTR_HEADER.sharedCount.shift;
    const { sharedXattrs: { places }, inodesEnd, xattrBlkaddr } = this.#plan;
    const tableStart = (inodesEnd - xattrBlkaddr * BLOCK_SIZE) / XATTR_ALIGNMENT;
    let referenceAt = position + XATTR_IBODY_HEADER.size;
    let entryAt = referenceAt + XATTR_ALIGNMENT * plan.sharedCount;
    for (let i = 0; i < xattrs.length; i++) {
      const xattr = xattrs[i]!;
      const place = places[this.#xattrs++]!;
      if (place >= 0) {
        words[referenceAt / 4] = tableStart + place;
        referenceAt += XATTR_ALIGNMENT;
      } else {
        entryAt = writeXattrEntry(this.image, words, entryAt, xattr);
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
        for (; position < end; position += 4) this.#words[position / 4] = 0xffffffff;
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
          const isTail = block === plan.blocks;
          const at = isTail ? position : blocksAt + block * BLOCK_SIZE;
          const end = isTail ? names.length : direntGroupEnd(names, start);
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
      position = writeXattrEntry(this.image, this.#words, position, xattr);
    }
  }
}

/** `i_u`: block address, device number or chunk format, as the inode's kind has it. */
function inodeUnion(inode: Inode, plan: InodePlan): number {
  // libcomposefs writes the chunk format over the low half of the block address.
  return inode.data.kind === "external"
    ? (plan.blkaddr & 0xffff0000 | plan.format) >>> 0
    : plan.blkaddr + plan.rdev;
}

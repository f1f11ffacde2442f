/**
 * The plans of all inodes of an image, in columns: one object for each would take three times as much memory.
 *
 * @module
 */

/** Where one inode goes. */
export interface InodePlan {
  /** Bytes from the start of the image. */
  start: number;
  /** Extended (64 bytes) or compact (32 bytes). */
  extended: boolean;
  /** `st_mode`, the type included. */
  mode: number;
  /** The size it states. A directory's is that of its blocks and tail. */
  size: number;
  /** Chunk format of a file without contents, 0 otherwise. */
  format: number;
  /** Device number, 0 otherwise. */
  rdev: number;
  /** How many of its xattrs are shared. */
  sharedCount: number;
  /** Bytes of the xattr area, 0 without xattrs. */
  xattrSize: number;
  /** Blocks of data away from the inode. */
  blocks: number;
  /** First of these blocks, counted from the start of the image. 0 if there are none. */
  blkaddr: number;
  /** Bytes of data directly behind the inode and its xattrs. */
  tail: number;
}

/** A plan of nothing yet. */
export function emptyPlan(): InodePlan {
  return {
    start: 0,
    extended: false,
    mode: 0,
    size: 0,
    format: 0,
    rdev: 0,
    sharedCount: 0,
    xattrSize: 0,
    blocks: 0,
    blkaddr: 0,
    tail: 0,
  };
}

/** Plans by the numbers of their inodes. */
export class InodePlans {
  /** How many there are. */
  readonly count: number;
  readonly #starts: Float64Array;
  readonly #sizes: Float64Array;
  readonly #blocks: Uint32Array;
  readonly #blkaddrs: Uint32Array;
  readonly #xattrSizes: Uint32Array;
  readonly #rdevs: Uint32Array;
  readonly #modes: Uint16Array;
  readonly #tails: Uint16Array;
  readonly #formats: Uint8Array;
  readonly #sharedCounts: Uint8Array;
  readonly #extended: Uint8Array;

  /** Makes room for plans. */
  constructor(count: number) {
    this.count = count;
    this.#starts = new Float64Array(count);
    this.#sizes = new Float64Array(count);
    this.#blocks = new Uint32Array(count);
    this.#blkaddrs = new Uint32Array(count);
    this.#xattrSizes = new Uint32Array(count);
    this.#rdevs = new Uint32Array(count);
    this.#modes = new Uint16Array(count);
    this.#tails = new Uint16Array(count);
    this.#formats = new Uint8Array(count);
    this.#sharedCounts = new Uint8Array(count);
    this.#extended = new Uint8Array(count);
  }

  /** Where an inode starts, in bytes from the start of the image. */
  start(ino: number): number {
    return this.#starts[ino]!;
  }

  /** Mode of an inode, its type included. */
  mode(ino: number): number {
    return this.#modes[ino]!;
  }

  /** Keeps the plan of an inode. */
  set(ino: number, plan: InodePlan): void {
    this.#starts[ino] = plan.start;
    this.#sizes[ino] = plan.size;
    this.#blocks[ino] = plan.blocks;
    this.#blkaddrs[ino] = plan.blkaddr;
    this.#xattrSizes[ino] = plan.xattrSize;
    this.#rdevs[ino] = plan.rdev;
    this.#modes[ino] = plan.mode;
    this.#tails[ino] = plan.tail;
    this.#formats[ino] = plan.format;
    this.#sharedCounts[ino] = plan.sharedCount;
    this.#extended[ino] = plan.extended ? 1 : 0;
  }

  /** Puts the plan of an inode into an object, of which the caller may make use for one after the other. */
  read(ino: number, into: InodePlan): void {
    into.start = this.#starts[ino]!;
    into.size = this.#sizes[ino]!;
    into.blocks = this.#blocks[ino]!;
    into.blkaddr = this.#blkaddrs[ino]!;
    into.xattrSize = this.#xattrSizes[ino]!;
    into.rdev = this.#rdevs[ino]!;
    into.mode = this.#modes[ino]!;
    into.tail = this.#tails[ino]!;
    into.format = this.#formats[ino]!;
    into.sharedCount = this.#sharedCounts[ino]!;
    into.extended = this.#extended[ino] === 1;
  }

  /**
   * Gives each inode that has blocks their addresses, one behind the other.
   *
   * @param first The first block that is free.
   * @returns The first one behind all of them, which may be more than the format holds.
   */
  placeBlocks(first: number): number {
    let next = first;
    for (let ino = 0; ino < this.count; ino++) {
      const blocks = this.#blocks[ino]!;
      if (blocks === 0) continue;
      this.#blkaddrs[ino] = next;
      next += blocks;
    }
    return next;
  }
}

/**
 * Walking an image from its root, and deciding on the way that it is a tree: every directory is reached once,
 * names come in order and lead to what they say, no two inodes lie over each other, and there are no more of
 * them than the superblock counts. Of an image that has been walked to its end all this is known.
 *
 * Nothing is kept of what has been passed but a bit for each inode.
 *
 * @module
 */

import { concatBytes, printable, quote, utf8 } from "../bytes/text.ts";
import { Extents } from "./extents.ts";
import { DIRENT_FILE_TYPE, SLOT_SIZE } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsImage } from "./image.ts";
import type { ImageInode } from "./image_inode.ts";
import { type Dirent, DirentCursor } from "./read_directory.ts";
import { Selection } from "./selection.ts";

/** A set of nids. */
export class NidSet {
  readonly #bits: Uint8Array;
  #size = 0;

  /** Makes an empty set of nids of an image. */
  constructor({ image }: ErofsImage) {
    this.#bits = new Uint8Array(Math.ceil(image.length / SLOT_SIZE / 8));
  }

  /** How many are in it. */
  get size(): number {
    return this.#size;
  }

  /** Adds one; returns false if it was in it. */
  add(nid: number): boolean {
    const at = nid >>> 3;
    const bits = this.#bits[at]!;
    const bit = 1 << (nid & 7);
    if ((bits & bit) !== 0) return false;
    this.#bits[at] = bits | bit;
    this.#size++;
    return true;
  }

  /** Tells whether one is in it. */
  has(nid: number): boolean {
    return (this.#bits[nid >>> 3]! & 1 << (nid & 7)) !== 0;
  }

  /** All of them, the smallest first. */
  *[Symbol.iterator](): Generator<number, undefined> {
    for (let at = 0; at < this.#bits.length; at++) {
      const bits = this.#bits[at]!;
      for (let bit = 0; bits >>> bit !== 0; bit++) {
        if ((bits >>> bit & 1) === 1) yield at * 8 + bit;
      }
    }
    return undefined;
  }
}

/** A directory that the walk is in. */
interface Level {
  readonly inode: ImageInode;
  readonly dirents: DirentCursor;
  /** What of it is walked; all if undefined. */
  readonly selection: Selection | undefined;
}

/**
 * A place in an image that moves depth first: to the root, then to its entries in byte order, each with all
 * below it.
 */
export class ErofsWalk {
  /** The inode that it stands at. It may be another one when the walk has moved, unless it is a directory. */
  inode: ImageInode;
  /** The entry that it stands at; it changes when the walk moves. To be asked for below the root. */
  entry!: DirentCursor;
  /** Whether the inode has been met under another name. */
  isAgain = false;
  /** 0 for the root, 1 for its entries, and so on; -1 before the first move. */
  depth = -1;
  /** Nids met so far. */
  readonly met: NidSet;
  /** Those that have more than one name, as far as they have been met. */
  readonly linked: Set<number> = new Set();
  readonly #image: ErofsImage;
  readonly #extents: Extents;
  /** What is walked below where it stands. */
  #selection: Selection | undefined;
  readonly #levels: Level[] = [];

  /**
   * @param paths Names in the root, or paths below it, to which the walk is limited, if given: to these, with all
   * below them, and the directories on the way.
   * @throws {ImageFormatError} If there is no directory where the root should be.
   */
  constructor(image: ErofsImage, paths?: readonly Uint8Array[]) {
    this.#image = image;
    this.#extents = new Extents(image);
    this.#selection = Selection.of(paths);
    this.met = new NidSet(image);
    this.inode = rootInode(image);
  }

  /**
   * Moves to the next name, at first to the root; returns false if there is none.
   *
   * @throws {ImageFormatError} If the image is not a tree, or malformed there.
   */
  next(): boolean {
    if (this.depth < 0) {
      this.depth = 0;
      this.#meet(this.inode.nid);
      this.#extents.take(this.inode);
      return true;
    }
    const { inode } = this;
    if (inode.kind === "directory" && this.depth === this.#levels.length) {
      const parent = this.#levels.at(-1)?.inode ?? inode;
      const dirents = new DirentCursor(this.#image, inode, parent.nid);
      this.#levels.push({ inode, dirents, selection: this.#selection });
    }
    for (let depth = this.#levels.length; depth > 0; depth--) {
      const { dirents, selection } = this.#levels[depth - 1]!;
      while (dirents.next()) {
        const below = selection === undefined ? undefined : selectedBelow(selection, dirents);
        if (below === "none") continue;
        this.#selection = below;
        this.depth = depth;
        this.entry = dirents;
        this.#follow(dirents);
        return true;
      }
      this.#levels.pop();
    }
    return false;
  }

  /** Whether it stands at a directory that is only on the way to what the walk is limited to. */
  get isOnWay(): boolean {
    return this.#selection !== undefined;
  }

  /** Length of the name; 0 for the root. */
  get nameLength(): number {
    if (this.depth === 0) return 0;
    const { nameStart, nameEnd } = this.entry;
    return nameEnd - nameStart;
  }

  /** The directory that holds it. To be asked for below the root. */
  get directory(): ImageInode {
    return this.#levels[this.depth - 1]!.inode;
  }

  /** The absolute path. */
  get path(): Uint8Array {
    if (this.depth === 0) return SLASH;
    return concatBytes(
      ...this.#levels.slice(0, this.depth).flatMap(({ dirents }) => [SLASH, dirents.name]),
    );
  }

  #follow(entry: DirentCursor): void {
    const { nid } = entry;
    // Directories are kept as long as the walk is in them.
    const isFree = this.inode.kind !== "directory";
    this.inode = this.#image.inode(nid, isFree ? this.inode : undefined);
    this.isAgain = !this.#meet(nid);
    if (!this.isAgain) this.#extents.take(this.inode);
    checkFileType(entry, this.inode);
    if (!this.isAgain) return;
    if (this.inode.kind === "directory") {
      const name = printable(entry.name);
      throw new ImageFormatError(entry.offset, `directory "${name}" has a second name`);
    }
    this.linked.add(nid);
  }

  /** Tells whether an inode is met for the first time. */
  #meet(nid: number): boolean {
    if (!this.met.add(nid)) return false;
    const { inos } = this.#image.superBlock;
    if (this.met.size > inos) {
      throw new ImageFormatError(nid * SLOT_SIZE, `more inodes than the superblock's ${inos}`);
    }
    return true;
  }
}

const SLASH = utf8("/");

/**
 * Reads the root's inode.
 *
 * @throws {ImageFormatError} If it is not a directory's.
 */
export function rootInode(image: ErofsImage): ImageInode {
  const inode = image.inode(image.superBlock.rootNid);
  if (inode.kind === "directory") return inode;
  throw new ImageFormatError(inode.start, `root is a ${inode.kind}, not a directory`);
}

/** What is selected below an entry; `"none"` if it is not selected itself. */
export function selectedBelow(
  selection: Selection,
  { name, fileType }: Dirent,
): Selection | undefined | "none" {
  const below = selection.find(name);
  // Below what is no directory there is nothing.
  const isWay = below === undefined || fileType === DIRENT_FILE_TYPE.directory;
  return isWay ? below : "none";
}

/**
 * Checks that an entry leads to what it says.
 *
 * @throws {ImageFormatError} If not.
 */
export function checkFileType(entry: Dirent, { kind }: ImageInode): void {
  const expected = DIRENT_FILE_TYPE[kind];
  if (entry.fileType === expected) return;
  throw new ImageFormatError(
    entry.offset,
    `file type ${entry.fileType} of ${quote(entry.name)}, expected ${expected} as its inode`,
  );
}

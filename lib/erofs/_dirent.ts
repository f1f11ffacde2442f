/**
 * How directory entries are packed into blocks.
 *
 * A block holds its dirents first and their names behind, without terminators; an entry never straddles
 * two blocks. The last, partly filled block may move behind the inode instead.
 *
 * @see Documentation/filesystems/erofs.rst, "Directories"
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { wordFields, wordsOf, writeU64 } from "../bytes/words.ts";
import { FILE_TYPE_BITS, type FileKind } from "../tree/tree.ts";
import { BLOCK_SIZE, DIRENT, DIRENT_FILE_TYPE, SLOT_SIZE } from "./format.ts";

/** Index behind the last of the entries from `start` on that share a block. */
export function direntGroupEnd(names: readonly Uint8Array[], start: number): number {
  let size = 0;
  for (let i = start; i < names.length; i++) {
    size += DIRENT.size + names[i]!.length;
    if (size > BLOCK_SIZE) return i;
  }
  return names.length;
}

/** Bytes that the dirents and names of a group take. */
export function direntGroupSize(names: readonly Uint8Array[], start: number, end: number): number {
  let size = DIRENT.size * (end - start);
  for (let i = start; i < end; i++) size += names[i]!.length;
  return size;
}

/** The entries of a directory. */
export interface Dirents {
  readonly names: readonly Uint8Array[];
  /** Position of each one's inode. */
  readonly inodes: readonly number[];
}

/** What dirents tell of inodes, by the positions of these. */
export interface DirentTargets {
  /** Bytes from the start of the image. */
  start(inode: number): number;
  /** `st_mode`, of which the type counts. */
  mode(inode: number): number;
}

/** Writes groups of dirents into an image. */
export class DirentWriter {
  readonly #image: Uint8Array;
  readonly #words: Uint32Array;
  readonly #targets: DirentTargets;

  constructor(image: Uint8Array, targets: DirentTargets) {
    this.#image = image;
    this.#words = wordsOf(image);
    this.#targets = targets;
  }

  /** Writes the entries from `start` to `end`, a group, at `at`, a multiple of four. */
  write(at: number, { names, inodes }: Dirents, start: number, end: number): void {
    const words = this.#words;
    let direntAt = at / 4;
    let nameoff = (end - start) * DIRENT.size;
    for (let i = start; i < end; i++) {
      const name = names[i]!;
      const inode = inodes[i]!;
      writeU64(words, direntAt + AT.nid.word, this.#targets.start(inode) / SLOT_SIZE);
      const type = TYPES[this.#targets.mode(inode) >> 12]!;
      words[direntAt + AT.nameoff.word] = nameoff << AT.nameoff.shift | type << AT.fileType.shift;
      copyBytes(this.#image, at + nameoff, name);
      direntAt += DIRENT.size / 4;
      nameoff += name.length;
    }
  }
}

const AT = wordFields(DIRENT);

/** File types of dirents by the type bits of `st_mode`. */
const TYPES = new Uint8Array(16);
for (const [kind, type] of Object.entries(DIRENT_FILE_TYPE)) {
  TYPES[FILE_TYPE_BITS[kind as FileKind] >> 12] = type;
}

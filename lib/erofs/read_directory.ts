/**
 * Reads the entries of a directory, or finds one of them.
 *
 * @see fs/erofs/dir.c, `erofs_fill_dentries`; fs/erofs/namei.c, `erofs_namei`
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import { printable } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { readU64, wordOffsets } from "../bytes/words.ts";
import { hasNulOrSlash, isDotOrDotDot, MAX_NAME_LENGTH } from "../tree/name.ts";
import { BLOCK_SIZE, DIRENT } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsImage, ImageInode } from "./image.ts";

/** A name in a directory of an image. */
export interface ImageEntry {
  readonly name: Uint8Array;
  readonly nid: number;
  /** The file type that the dirent states, to be held against the inode's. */
  readonly fileType: number;
  /** Where the dirent is, in bytes from the start of the image. */
  readonly offset: number;
}

/**
 * Reads a directory's entries, without `.` and `..`.
 *
 * @param parent Nid of the directory that holds it: its own for the root.
 * @throws {ImageFormatError} If names are malformed or out of order, or `.` or `..` is wrong.
 */
export function readDirectory(
  reader: ErofsImage,
  inode: ImageInode,
  parent: number,
): ImageEntry[] {
  const directory = new DirectoryReader(reader, inode, parent);
  for (const part of reader.dataParts(inode)) {
    const start = part.byteOffset - reader.image.byteOffset;
    const end = start + part.length;
    for (let block = start; block < end; block += BLOCK_SIZE) {
      directory.readBlock(block, Math.min(block + BLOCK_SIZE, end));
    }
  }
  return directory.finish();
}

/**
 * Finds a name in a directory, as the kernel does: by halves, first among the blocks and then in one of
 * them. Nothing else of the directory is looked at, so where names are out of order it may not be found.
 *
 * @param name Neither `.` nor `..`.
 * @throws {ImageFormatError} If what is looked at is malformed.
 */
export function findDirent(
  image: ErofsImage,
  inode: ImageInode,
  name: Uint8Array,
): ImageEntry | undefined {
  const parts = image.dataParts(inode);
  const starts = parts.flatMap((part) => {
    const start = part.byteOffset - image.image.byteOffset;
    const count = Math.ceil(part.length / BLOCK_SIZE);
    return Array.from({ length: count }, (_, i) => ({
      start: start + i * BLOCK_SIZE,
      end: start + Math.min((i + 1) * BLOCK_SIZE, part.length),
    }));
  });
  const block = lastNotBehind(starts.length, (i) => {
    return compareBytes(entryAt(image, starts[i]!, 0).name, name);
  });
  if (block < 0) return undefined;
  const count = direntCount(image, starts[block]!);
  const found = lastNotBehind(count, (i) => {
    return compareBytes(entryAt(image, starts[block]!, i).name, name);
  });
  if (found < 0) return undefined;
  const entry = entryAt(image, starts[block]!, found);
  return compareBytes(entry.name, name) === 0 ? entry : undefined;
}

/** The last of `count` ascending items that is not behind what is looked for, -1 if all are. */
function lastNotBehind(count: number, compare: (i: number) => number): number {
  let [low, high] = [-1, count - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (compare(middle) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Where a block of dirents lies, in bytes from the start of the image. */
interface Extent {
  readonly start: number;
  readonly end: number;
}

/** How many dirents a block has: the first name stands behind the last of them. */
function direntCount({ words }: ErofsImage, { start, end }: Extent): number {
  if (end - start < DIRENT.size) throw new ImageFormatError(start, "dirent ends behind its block");
  // Blocks begin at their multiples, and what stands behind an inode at one of four bytes.
  const first = words[start / 4 + AT.nameoff]! & 0xffff;
  if (first === 0 || first % DIRENT.size !== 0 || first > end - start) {
    throw new ImageFormatError(
      start,
      `first name at ${first} of the block, expected a multiple of ${DIRENT.size} inside it`,
    );
  }
  return first / DIRENT.size;
}

/** Reads one dirent of a block. */
function entryAt(image: ErofsImage, block: Extent, i: number): ImageEntry {
  const { words } = image;
  const offset = block.start + i * DIRENT.size;
  const at = offset / 4;
  const behind = (offset + DIRENT.size) / 4;
  const isLast = i === direntCount(image, block) - 1;
  const next = isLast ? undefined : words[behind + AT.nameoff]! & 0xffff;
  const nameoff = words[at + AT.nameoff]! & 0xffff;
  const name = readName(image.image, { ...block, offset }, nameoff, next);
  const fileType = words[at + AT.fileType]! >>> 16 & 0xff;
  return { name, nid: readU64(words, at + AT.nid), fileType, offset };
}

const AT = wordOffsets(DIRENT.offsets);

class DirectoryReader {
  readonly #image: ErofsImage;
  readonly #inode: ImageInode;
  readonly #parent: number;
  readonly #entries: ImageEntry[] = [];
  #dots = 0;
  #previous: Uint8Array | undefined;

  constructor(image: ErofsImage, inode: ImageInode, parent: number) {
    this.#image = image;
    this.#inode = inode;
    this.#parent = parent;
  }

  finish(): ImageEntry[] {
    if (this.#dots !== 2) {
      throw new ImageFormatError(this.#inode.start, "directory without . or ..");
    }
    return this.#entries;
  }

  /** Reads the block from `start` to `end`. */
  readBlock(start: number, end: number): void {
    const { words, image } = this.#image;
    let nameoff = DIRENT.size * direntCount(this.#image, { start, end });
    const direntsEnd = start + nameoff;
    for (let offset = start; offset < direntsEnd; offset += DIRENT.size) {
      const behind = offset + DIRENT.size;
      const next = behind < direntsEnd ? words[behind / 4 + AT.nameoff]! & 0xffff : undefined;
      const name = readName(image, { start, end, offset }, nameoff, next);
      const at = offset / 4;
      const nid = readU64(words, at + AT.nid);
      this.#add({ name, nid, fileType: words[at + AT.fileType]! >>> 16 & 0xff, offset });
      nameoff = next ?? 0;
    }
  }

  #add(entry: ImageEntry): void {
    const { name, nid, offset } = entry;
    if (this.#previous !== undefined && compareBytes(this.#previous, name) >= 0) {
      throw new ImageFormatError(
        offset,
        `name "${printable(name)}" is not behind "${printable(this.#previous)}" in byte order`,
      );
    }
    this.#previous = name;
    if (!isDotOrDotDot(name)) {
      this.#entries.push(entry);
      return;
    }
    this.#dots++;
    const expected = name.length === 1 ? this.#inode.nid : this.#parent;
    if (nid !== expected) {
      throw new ImageFormatError(
        offset,
        `"${printable(name)}" leads to nid ${nid}, expected ${expected}`,
      );
    }
  }
}

/** A block of dirents, and the dirent that is being read. */
interface Block extends Extent {
  readonly offset: number;
}

/** A name ends where the next one starts; the last one of a block at a NUL or the block's end. */
function readName(
  image: Uint8Array,
  block: Block,
  nameoff: number,
  next: number | undefined,
): Uint8Array {
  const start = block.start + nameoff;
  let end = block.end;
  if (next !== undefined) end = block.start + next;
  else if (start < end) end = nameEnd(image, start, end);
  if (start >= end || end > block.end) {
    throw new ImageFormatError(
      block.offset,
      `name from ${nameoff} to ${end - block.start} of the block, expected a name`,
    );
  }
  const name = viewOf(image, start, end);
  if (name.length > MAX_NAME_LENGTH || hasNulOrSlash(name)) {
    throw new ImageFormatError(
      block.offset,
      `name "${printable(name)}", expected at most ${MAX_NAME_LENGTH} bytes without NUL and slash`,
    );
  }
  return name;
}

/** Where the first NUL is, or the end. */
function nameEnd(image: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && image[at] !== 0) at++;
  return at;
}

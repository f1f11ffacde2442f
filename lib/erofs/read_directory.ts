/**
 * Reads the entries of a directory.
 *
 * @see fs/erofs/dir.c, `erofs_fill_dentries`
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { printable, utf8 } from "../bytes/text.ts";
import { isDotOrDotDot, MAX_NAME_LENGTH } from "../tree/limits.ts";
import { BLOCK_SIZE, DIRENT } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsReader, ImageInode } from "./read.ts";

/** A name in a directory of an image. */
export interface ImageEntry {
  readonly name: Uint8Array;
  readonly nid: number;
  /** The file type that the dirent states, to be held against the inode's. */
  readonly fileType: number;
  /** Where the dirent is, in bytes from the start of the image. */
  readonly offset: number;
}

const DOT = utf8(".");

/**
 * Reads a directory's entries, without `.` and `..`.
 *
 * @param parent Nid of the directory that holds it: its own for the root.
 * @throws {ImageFormatError} If names are malformed or out of order, or `.` or `..` is wrong.
 */
export function readDirectory(
  reader: ErofsReader,
  inode: ImageInode,
  parent: number,
): ImageEntry[] {
  const entries: ImageEntry[] = [];
  let dots = 0;
  let previous: Uint8Array | undefined;
  for (const entry of readBlocks(reader, inode)) {
    if (previous !== undefined && compareBytes(previous, entry.name) >= 0) {
      throw new ImageFormatError(
        entry.offset,
        `name "${printable(entry.name)}" is not behind "${printable(previous)}" in byte order`,
      );
    }
    previous = entry.name;
    if (!isDotOrDotDot(entry.name)) {
      entries.push(entry);
      continue;
    }
    dots++;
    const expected = equalBytes(entry.name, DOT) ? inode.nid : parent;
    if (entry.nid !== expected) {
      throw new ImageFormatError(
        entry.offset,
        `"${printable(entry.name)}" leads to nid ${entry.nid}, expected ${expected}`,
      );
    }
  }
  if (dots !== 2) throw new ImageFormatError(inode.start, "directory without . or ..");
  return entries;
}

function* readBlocks(reader: ErofsReader, inode: ImageInode): Generator<ImageEntry> {
  for (const part of reader.dataParts(inode)) {
    for (let start = 0; start < part.length; start += BLOCK_SIZE) {
      yield* readBlock(reader, part.subarray(start, start + BLOCK_SIZE));
    }
  }
}

function* readBlock(reader: ErofsReader, block: Uint8Array): Generator<ImageEntry> {
  const base = block.byteOffset - reader.image.byteOffset;
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  if (block.length < DIRENT.size) throw new ImageFormatError(base, "dirent ends behind its block");
  const first = view.getUint16(DIRENT.offsets.nameoff, true);
  if (first === 0 || first % DIRENT.size !== 0 || first > block.length) {
    throw new ImageFormatError(
      base,
      `first name at ${first} of the block, expected a multiple of ${DIRENT.size} inside it`,
    );
  }
  let dirent = DIRENT.read(view, 0);
  for (let at = 0; at < first; at += DIRENT.size) {
    const last = at + DIRENT.size === first;
    const next = last ? undefined : DIRENT.read(view, at + DIRENT.size);
    const name = readName(block, dirent.nameoff, next?.nameoff, base + at);
    yield { name, nid: dirent.nid, fileType: dirent.fileType, offset: base + at };
    if (next !== undefined) dirent = next;
  }
}

/** A name ends where the next one starts; the last one of a block at a NUL or the block's end. */
function readName(
  block: Uint8Array,
  start: number,
  next: number | undefined,
  offset: number,
): Uint8Array {
  let end = next ?? block.length;
  if (next === undefined) {
    const nul = block.indexOf(0, start);
    if (nul >= 0) end = nul;
  }
  if (start >= end || end > block.length) {
    throw new ImageFormatError(
      offset,
      `name from ${start} to ${end} of the block, expected a name`,
    );
  }
  const name = block.subarray(start, end);
  if (name.length > MAX_NAME_LENGTH || name.includes(0) || name.includes(0x2f)) {
    throw new ImageFormatError(
      offset,
      `name "${printable(name)}", expected at most ${MAX_NAME_LENGTH} bytes without NUL and slash`,
    );
  }
  return name;
}

/**
 * Reads the xattrs of an inode: those kept with it first, then those it shares, as composefs-info 1.0.8
 * lists them.
 *
 * @see fs/erofs/xattr.c, `erofs_init_inode_xattrs`
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import { binary, concatBytes, printable, utf8 } from "../bytes/text.ts";
import { MAX_XATTR_NAME } from "../tree/limits.ts";
import type { Xattr } from "../tree/tree.ts";
import { BLOCK_SIZE, XATTR_ALIGNMENT, XATTR_ENTRY, XATTR_IBODY_HEADER } from "./format.ts";
import { ImageFormatError } from "./image_format_error.ts";
import type { ErofsReader, ImageInode } from "./read.ts";
import { XATTR_PREFIXES } from "./xattr_name.ts";

/** Prefixes by index; also the one that is never written. */
const PREFIX_OF_INDEX = new Map<number, Uint8Array>([
  [0, new Uint8Array()],
  [5, utf8("lustre.")],
  ...XATTR_PREFIXES.map(({ index, prefix }): [number, Uint8Array] => [index, prefix]),
]);

/** The longest name in an image: a source's longest, escaped by one `overlay.`. */
const LONGEST_NAME = MAX_XATTR_NAME + "overlay.".length;

/** What libcomposefs lets the names and values of one inode take. */
const MAX_XATTR_TOTAL = 65535;

const NO_XATTRS: readonly Xattr[] = [];

/** Reads the xattrs of an image's inodes; shared ones are decoded once. */
export class XattrReader {
  readonly #reader: ErofsReader;
  readonly #shared = new Map<number, Xattr>();

  constructor(reader: ErofsReader) {
    this.#reader = reader;
  }

  /**
   * Reads the xattrs of one inode.
   *
   * @throws {ImageFormatError} If an entry is malformed, lies outside, or is there twice.
   */
  read(inode: ImageInode): readonly Xattr[] {
    if (inode.xattrSize === 0) return NO_XATTRS;
    const { view } = this.#reader;
    const { sharedCount } = XATTR_IBODY_HEADER.read(view, inode.xattrStart);
    const end = inode.xattrStart + inode.xattrSize;
    const references = inode.xattrStart + XATTR_IBODY_HEADER.size;
    let position = references + 4 * sharedCount;
    if (position > end) {
      throw new ImageFormatError(
        inode.xattrStart,
        `${sharedCount} shared xattrs do not fit an xattr area of ${inode.xattrSize} bytes`,
      );
    }
    const xattrs: Xattr[] = [];
    while (position < end) {
      const { xattr, size } = this.#entry(position, end);
      xattrs.push(xattr);
      position += size;
    }
    for (let at = references; at < references + 4 * sharedCount; at += 4) {
      xattrs.push(this.#sharedAt(view.getUint32(at, true)));
    }
    checkTogether(inode, xattrs);
    return xattrs;
  }

  #sharedAt(reference: number): Xattr {
    const known = this.#shared.get(reference);
    if (known !== undefined) return known;
    const { superBlock, image } = this.#reader;
    const start = superBlock.xattrBlkaddr * BLOCK_SIZE + 4 * reference;
    const { xattr } = this.#entry(start, image.length);
    this.#shared.set(reference, xattr);
    return xattr;
  }

  /** Decodes the entry at `start`, which must end by `end`. */
  #entry(start: number, end: number): { xattr: Xattr; size: number } {
    const nameAt = start + XATTR_ENTRY.size;
    if (nameAt > end) throw new ImageFormatError(start, "xattr entry ends behind its area");
    const { nameLen, nameIndex, valueSize } = XATTR_ENTRY.read(this.#reader.view, start);
    const size = alignUp(XATTR_ENTRY.size + nameLen + valueSize, XATTR_ALIGNMENT);
    if (start + size > end) {
      throw new ImageFormatError(start, `xattr entry of ${size} bytes ends behind its area`);
    }
    const prefix = PREFIX_OF_INDEX.get(nameIndex);
    if (prefix === undefined) {
      throw new ImageFormatError(start, `xattr name index ${nameIndex}, expected 0 to 6`);
    }
    const { image } = this.#reader;
    const valueAt = nameAt + nameLen;
    const name = concatBytes(prefix, image.subarray(nameAt, valueAt));
    if (name.length === 0 || name.length > LONGEST_NAME || name.includes(0)) {
      throw new ImageFormatError(
        start,
        `xattr name "${printable(name)}", expected 1 to ${LONGEST_NAME} bytes without NUL`,
      );
    }
    return { xattr: { name, value: image.subarray(valueAt, valueAt + valueSize) }, size };
  }
}

function checkTogether(inode: ImageInode, xattrs: readonly Xattr[]): void {
  let total = 0;
  for (const { name, value } of xattrs) total += name.length + value.length;
  if (total > MAX_XATTR_TOTAL) {
    throw new ImageFormatError(
      inode.start,
      `xattrs of ${total} bytes, expected at most ${MAX_XATTR_TOTAL}`,
    );
  }
  if (xattrs.length < 2) return;
  const names = new Set(xattrs.map((xattr) => binary(xattr.name)));
  if (names.size < xattrs.length) throw new ImageFormatError(inode.start, "xattr name twice");
}

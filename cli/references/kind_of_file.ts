/**
 * What a file is, by its first bytes.
 *
 * @module
 */

import { equalBytes, startsWith } from "../../lib/bytes/compare.ts";
import { u32 } from "../../lib/bytes/struct.ts";
import { latin1, utf8 } from "../../lib/bytes/text.ts";
import { COMPOSEFS_MAGIC } from "../../lib/composefs/header.ts";

/** As many bytes tell: a tar archive's first header is the longest of what is looked at. */
export const TELLING_SIZE = 512;

/** The first line of a dump, which is the root's: its path, size and mode, a directory's. */
const DUMP_START = /^(?:\/|\\x2[fF]) [0-9]+ 0*4[0-7]{4} /;

const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b);
const ZSTD_MAGIC = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);

/** Where a header of tar has its magic, and its sum. */
const TAR_MAGIC_OFFSET = 257;
const TAR_SUM_OFFSET = 148;
const TAR_SUM_SIZE = 8;
const TAR_MAGIC = utf8("ustar");
const SPACE = 0x20;

/**
 * Tells what a file is that has a tree in it.
 *
 * @param head Its first {@linkcode TELLING_SIZE} bytes, or all of them if it is shorter.
 * @returns Undefined if it is none of these.
 */
export function kindOfFile(head: Uint8Array): "image" | "dump" | "tar" | undefined {
  if (isImage(head)) return "image";
  if (DUMP_START.test(latin1(head.subarray(0, 64)))) return "dump";
  const isTar = startsWith(head, GZIP_MAGIC) || startsWith(head, ZSTD_MAGIC) || isTarHeader(head);
  return isTar ? "tar" : undefined;
}

/** Tells whether a file begins as a composefs image does. */
export function isImage(head: Uint8Array): boolean {
  if (head.length < u32.size) return false;
  return u32.read(new DataView(head.buffer, head.byteOffset), 0) === COMPOSEFS_MAGIC;
}

function isTarHeader(head: Uint8Array): boolean {
  if (head.length < TELLING_SIZE) return false;
  const magic = head.subarray(TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + TAR_MAGIC.length);
  return equalBytes(magic, TAR_MAGIC) || hasTarSum(head);
}

/** Tells whether a header has the sum of its own bytes in it, as those have that are older than the magic. */
function hasTarSum(head: Uint8Array): boolean {
  const field = head.subarray(TAR_SUM_OFFSET, TAR_SUM_OFFSET + TAR_SUM_SIZE);
  const digits = /^ *([0-7]+)[ \0]/.exec(latin1(field))?.[1];
  // A block of zeros has no name, and no file either.
  if (digits === undefined || head[0] === 0) return false;
  let sum = TAR_SUM_SIZE * SPACE;
  for (let i = 0; i < TELLING_SIZE; i++) {
    if (i < TAR_SUM_OFFSET || i >= TAR_SUM_OFFSET + TAR_SUM_SIZE) sum += head[i]!;
  }
  return parseInt(digits, 8) === sum;
}

/**
 * Opens an image: its header, and the tree it holds.
 *
 * @module
 */

import { BLOCK_BITS, BLOCK_SIZE, SUPER_BLOCK, SUPER_MAGIC, SUPER_OFFSET } from "../erofs/format.ts";
import { ErofsImage, truncated } from "../erofs/image.ts";
import { u32 } from "../bytes/struct.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { Content, Tree } from "../tree/tree.ts";
import {
  COMPOSEFS_HEADER,
  COMPOSEFS_HEADER_VERSION,
  COMPOSEFS_MAGIC,
  FLAG_HAS_ACL,
} from "./header.ts";
import { collectImage } from "./_image_tree.ts";
import { readTree } from "./_read_tree.ts";
import type { ImageView } from "./unoverlay.ts";

/** What of an image is read, and how. */
export interface ReadTreeOptions {
  /** Names in the root directory to which the tree is limited. */
  readonly rootEntries?: readonly Uint8Array[];
  /**
   * `"exact"`, the default, gives the tree that makes the same image again; `"libcomposefs"` gives what
   * composefs-info 1.0.8 reports.
   */
  readonly view?: ImageView;
}

/** An opened image. */
export interface ComposefsImage {
  /** Format version: 0 or 1, or higher in images of other tools. */
  readonly version: number;
  /** Whether some inode has a POSIX ACL. */
  readonly hasAcl: boolean;
  /**
   * Reads the tree.
   *
   * @throws {ImageFormatError} If anything in the image is malformed.
   */
  tree(options?: ReadTreeOptions): Tree<Content>;
}

/** The smallest image there is. */
const SMALLEST_IMAGE = BLOCK_SIZE;

/** Bytes at the start of an image that say what it is and how long. */
export const IMAGE_HEAD_SIZE = SUPER_OFFSET + SUPER_BLOCK.size;

/**
 * Finds out how long an image says it is, before the rest of it is read.
 *
 * @param head Its first {@linkcode IMAGE_HEAD_SIZE} bytes.
 * @returns Bytes; undefined if it is no composefs image that can be opened.
 */
export function claimedSize(head: Uint8Array): number | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (COMPOSEFS_HEADER.read(view, 0).magic !== COMPOSEFS_MAGIC) return undefined;
  const { magic, blkszbits, blocks } = SUPER_BLOCK.read(view, SUPER_OFFSET);
  if (magic !== SUPER_MAGIC || blkszbits !== BLOCK_BITS) return undefined;
  return Math.max(blocks * BLOCK_SIZE, SMALLEST_IMAGE);
}

/**
 * Opens an image.
 *
 * @param bytes The whole image. Kept: trees read from it are views of it.
 * @throws {ImageFormatError} If it is not a composefs image.
 *
 * @example What an image holds
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createImageFromDump, openImage } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/hello 2 100644 1 0 0 0 0.0 - hi -\n";
 * const image = openImage(createImageFromDump([new TextEncoder().encode(dump)]));
 * assertEquals(image.version, 0);
 * assertEquals(new TextDecoder().decode(image.tree().root.entries[0]!.name), "hello");
 * ```
 */
export function openImage(bytes: Uint8Array): ComposefsImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // What begins otherwise is no image that was cut short, however short it is.
  const magic = bytes.length < u32.size ? COMPOSEFS_MAGIC : u32.read(view, 0);
  if (magic !== COMPOSEFS_MAGIC) {
    throw new ImageFormatError(0, `magic 0x${magic.toString(16)}, expected a composefs image`);
  }
  if (bytes.length < SMALLEST_IMAGE) {
    const claimed = bytes.length < IMAGE_HEAD_SIZE ? undefined : claimedSize(bytes);
    throw truncated(bytes.length, claimed ?? `at least ${SMALLEST_IMAGE}`);
  }
  const header = COMPOSEFS_HEADER.read(view, 0);
  if (header.version !== COMPOSEFS_HEADER_VERSION) {
    throw new ImageFormatError(
      COMPOSEFS_HEADER.offsets.version,
      `header version ${header.version}, expected ${COMPOSEFS_HEADER_VERSION}`,
    );
  }
  const version = header.composefsVersion;
  // Refuses what has no sound superblock now rather than when the tree is read.
  new ErofsImage(bytes);
  return {
    version,
    hasAcl: (header.flags & FLAG_HAS_ACL) !== 0,
    tree({ rootEntries, view = "exact" } = {}) {
      // A reader of its own: it counts what has been claimed of the image.
      const reader = new ErofsImage(bytes);
      return readTree(reader, collectImage(reader, rootEntries), version, view);
    },
  };
}

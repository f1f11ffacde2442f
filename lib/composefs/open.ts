/**
 * Opens an image: its header, the files in it one by one, or the tree of all of them.
 *
 * @module
 */

import { BLOCK_BITS, BLOCK_SIZE, SUPER_BLOCK, SUPER_MAGIC, SUPER_OFFSET } from "../erofs/format.ts";
import { ErofsImage, truncated } from "../erofs/image.ts";
import { u32 } from "../bytes/struct.ts";
import { utf8 } from "../bytes/text.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { File } from "../file/file.ts";
import { LazyBytes } from "../file/lazy_bytes.ts";
import { followPath, type PathSpace } from "../tree/lookup.ts";
import type { Content, Symlink, Tree } from "../tree/tree.ts";
import {
  COMPOSEFS_HEADER,
  COMPOSEFS_HEADER_VERSION,
  COMPOSEFS_MAGIC,
  FLAG_HAS_ACL,
} from "./header.ts";
import { LazyEntry } from "./_image_entry.ts";
import { InodeReader } from "./_inode_reader.ts";
import { readTree } from "./_read_tree.ts";
import type { ImageEntry } from "./image_entry.ts";
import { checkImage, surveyImage } from "./image_walk.ts";
import type { ImageView } from "./unoverlay.ts";

/** What of an image is read, and how. */
export interface ReadTreeOptions {
  /**
   * Names in the root directory, or paths below it, to which the tree is limited: to these, with all below them, and
   * the directories on the way.
   */
  readonly rootEntries?: readonly Uint8Array[];
  /**
   * `"exact"`, the default, gives the tree that makes the same image again; `"libcomposefs"` gives what
   * composefs-info 1.0.8 reports.
   */
  readonly view?: ImageView;
}

/** The smallest image there is. */
const SMALLEST_IMAGE = BLOCK_SIZE;

/** The largest image that is read: what a typed array holds on every runtime. */
export const MAX_IMAGE_SIZE = 2 ** 32;

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

/** An image of which the header and the superblock have been read. */
export interface OpenedErofs {
  readonly erofs: ErofsImage;
  /** Format version. */
  readonly version: number;
  readonly hasAcl: boolean;
}

/**
 * Opens an image as what EROFS sees in it.
 *
 * @throws {ImageFormatError} If it is not a composefs image.
 */
export function openErofs(source: Uint8Array | File): OpenedErofs {
  const image = source instanceof Uint8Array ? source : lazyImage(source);
  const bytes = image instanceof LazyBytes ? image.bytes : image;
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
  const { version, composefsVersion, flags } = COMPOSEFS_HEADER.read(view, 0);
  if (version !== COMPOSEFS_HEADER_VERSION) {
    throw new ImageFormatError(
      COMPOSEFS_HEADER.offsets.version,
      `header version ${version}, expected ${COMPOSEFS_HEADER_VERSION}`,
    );
  }
  const hasAcl = (flags & FLAG_HAS_ACL) !== 0;
  return { erofs: new ErofsImage(image), version: composefsVersion, hasAcl };
}

/** As much of a file as the image in it says that it is, or only the start if it is none; that is there. */
function lazyImage(file: File): LazyBytes {
  const head = new LazyBytes(file, Math.min(file.size, IMAGE_HEAD_SIZE));
  readStart(head);
  const claimed = head.bytes.length < IMAGE_HEAD_SIZE ? 0 : claimedSize(head.bytes) ?? 0;
  if (claimed > MAX_IMAGE_SIZE) {
    throw new ImageFormatError(
      SUPER_OFFSET + SUPER_BLOCK.offsets.blocks,
      `${claimed} bytes, expected at most ${MAX_IMAGE_SIZE}`,
    );
  }
  const image = new LazyBytes(file, Math.min(file.size, Math.max(claimed, head.bytes.length)));
  readStart(image);
  return image;
}

function readStart(image: LazyBytes): void {
  const { length } = image.bytes;
  if (image.read(0, Math.min(IMAGE_HEAD_SIZE, length))) return;
  throw new ImageFormatError(0, "cannot be read: the file has become shorter");
}

/** An opened image. */
export interface ComposefsImage {
  /** Format version: 0 or 1, or higher in images of other tools. */
  readonly version: number;
  /** Whether some inode has a POSIX ACL. */
  readonly hasAcl: boolean;
  /** The root directory. */
  readonly root: ImageEntry;
  /**
   * Finds a file as the kernel would with the image as its root directory: symbolic links, also the last
   * name's, are followed within the image, `..` of the root is the root. No more of the image is read than lies
   * on the way.
   *
   * @param path Relative to the root, whether it begins with a slash or not; text is taken as UTF-8.
   * @throws {TreeError} If the path leads nowhere.
   * @throws {ImageFormatError} If what is looked at is malformed.
   *
   * @example Read a file's contents
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { createImageFromDump, memoryFile, openImage } from "composefs-ts";
   *
   * const text = new TextEncoder();
   * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/hello 2 100644 1 0 0 0 0.0 - hi -\n";
   * const image = openImage(memoryFile(createImageFromDump([text.encode(dump)])));
   * const { node } = image.lookup("/hello");
   * const inline = node.kind === "regular" && node.file.kind === "inline" ? node.file.bytes : undefined;
   * assertEquals(new TextDecoder().decode(inline), "hi");
   * ```
   */
  lookup(path: Uint8Array | string): ImageEntry;
  /**
   * Looks at everything: an image that passes is a tree, in which each directory has one name, and nothing
   * that is looked at later is malformed.
   *
   * @throws {ImageFormatError} If not.
   */
  check(): void;
  /**
   * Reads the tree. Everything is looked at, as by {@linkcode ComposefsImage.check}.
   *
   * @throws {ImageFormatError} If anything in the image is malformed.
   */
  tree(options?: ReadTreeOptions): Tree<Content>;
}

/**
 * Opens an image. Of one in a file only its start is read now, and later what is looked at, each part once.
 *
 * @param source The whole image, or a file that begins with it and is to stay open. Kept: what is read is a view
 * of the image.
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
 * for (const { name, kind } of image.root.entries()) {
 *   assertEquals([new TextDecoder().decode(name), kind], ["hello", "regular"]);
 * }
 * ```
 */
export function openImage(source: Uint8Array | File): ComposefsImage {
  const { erofs, version, hasAcl } = openErofs(source);
  const root = new LazyEntry(new InodeReader(erofs, { version, view: "exact" }));
  return {
    version,
    hasAcl,
    root,
    lookup: (path) => followPath(pathSpace(root), typeof path === "string" ? utf8(path) : path),
    check() {
      checkImage(erofs, { version, view: "exact" });
    },
    tree({ rootEntries, view = "exact" } = {}) {
      return readTree(surveyImage(erofs, { version, view, rootEntries }));
    },
  };
}

function pathSpace(root: ImageEntry): PathSpace<ImageEntry> {
  return {
    root,
    find: (directory, name) => directory.find(name),
    kind: (file) => file.kind,
    target: (file) => (file.node as Symlink).target,
  };
}

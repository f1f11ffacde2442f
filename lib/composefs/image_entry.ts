/**
 * Files of an image, each read when it is looked at.
 *
 * @module
 */

import type { Content, FileKind, Leaf, Stat } from "../tree/tree.ts";

/** A directory of an image without what is in it. */
export interface ImageDirectory {
  /** Tells it from other files. */
  readonly kind: "directory";
  /** Its metadata. */
  readonly stat: Stat;
  /** Bytes that it takes in the image. */
  readonly size: number;
}

/**
 * A file of an image, at a place in it. What it is comes from the image when it is asked for, and only so far
 * has the image been checked.
 *
 * Of a hard-linked whiteout each name is looked at by itself, as the kernel does: where its directory does not
 * say that it holds whiteouts, it is an empty file.
 */
export interface ImageEntry {
  /** Name in the directory; empty for the root. */
  readonly name: Uint8Array;
  /** The directory that it was found in; absent for the root. */
  readonly parent?: ImageEntry;
  /** Number of its inode, equal for all names of one file. */
  readonly nid: number;
  /** The absolute path. */
  readonly path: Uint8Array;
  /**
   * What kind of file it is.
   *
   * @throws {ImageFormatError} If that cannot be told.
   */
  readonly kind: FileKind;
  /**
   * The file: a directory without its entries, or whatever else it is with all that belongs to it.
   *
   * @throws {ImageFormatError} If it is malformed.
   */
  readonly node: ImageDirectory | Leaf<Content>;
  /**
   * Tells, as far as that is seen at a glance, that a file of this or another image is the same, wherever it is in the
   * images. If not, it may be the same all the same; of directories and files with several links it is not told.
   */
  isAlike(other: ImageEntry): boolean;
  /**
   * Reads the entries, in byte order, without `.` and `..` and the whiteouts that hide object directories.
   *
   * @throws {ImageFormatError} If names are malformed or out of order.
   * @throws {TypeError} If it is not a directory.
   */
  entries(): Iterable<ImageEntry>;
  /**
   * Finds a name, looking at as few others as possible.
   *
   * @param name Neither `.` nor `..`, of which none is found.
   * @throws {ImageFormatError} If what is looked at is malformed.
   * @throws {TypeError} If it is not a directory.
   */
  find(name: Uint8Array): ImageEntry | undefined;
}

/**
 * The port through which a directory tree is read.
 *
 * A {@linkcode SourceTree} answers three questions (what is at the root, what does a directory hold,
 * what does a file contain) and hides where the tree lives: `ffi/tree/source_tree.ts` asks the kernel,
 * `memory_tree.ts` a tree of JavaScript objects.
 *
 * @module
 */

import type { File } from "../file/file.ts";
import type { FileKind, Stat } from "./tree.ts";

/** Which extended attributes a scan reads. */
export type XattrFilter = "all" | "user" | "none" | XattrSelection;

/** A choice of extended attributes by their names: see `parseXattrPatterns`. */
export interface XattrSelection {
  /** Tells whether an xattr of this full name is taken. */
  keeps(name: Uint8Array): boolean;
}

/**
 * Keeps fingerprints of files: words that are the same later only if the file is. The source decides what they
 * are made of, see `ffi/tree/_fingerprint.ts`.
 */
export interface Fingerprints {
  /**
   * The number of a fingerprint, which gets one when it is met for the first time.
   *
   * @param words Memory that is used again.
   */
  numberOf(words: Uint32Array): number;
  /** Tells whether there is something under a number already, so that the file need not be read. */
  isKnown(number: number): boolean;
}

/** What lstat(2), readlink(2) and listxattr(2) tell of one file. */
export interface SourceInfo {
  /** Type of the file. */
  readonly kind: FileKind;
  /** Length in bytes. */
  readonly size: number;
  /** Device number of devices, 0 otherwise, in the encoding of `Special.rdev`. */
  readonly rdev: number;
  /** Equal for two names exactly if they are links to one file; absent where there is but one. */
  readonly fileId?: string | undefined;
  /** Target of a symbolic link, absent for all others. */
  readonly target?: Uint8Array | undefined;
  /** Of directories: which file system it lies on, equal for all that do. Absent where the source does not know. */
  readonly fileSystem?: number | undefined;
  /** Number of its fingerprint, if that was asked for and it has one. */
  readonly fingerprint?: number | undefined;
  /**
   * All else, with the xattrs that were asked for. The link count is 1: how many of a file's names are in the
   * tree, a scan finds out.
   */
  readonly stat: Stat;
}

/** One name in a directory and the file behind it, no symbolic link followed. */
export interface SourceEntry extends SourceInfo {
  /** As it stands in the directory, without a terminating NUL. */
  readonly name: Uint8Array;
}

/** How a directory is listed. */
export interface ListOptions {
  /** Which extended attributes are read. */
  readonly xattrs: XattrFilter;
  /** Leaves out block and character devices without looking at them any closer. */
  readonly skipDevices?: boolean;
  /** Leaves out the names that it is true of, without looking at them any closer than to see what is a directory. */
  readonly isExcluded?: ((name: Uint8Array, isDirectory: boolean) => boolean) | undefined;
  /** Takes the fingerprints of regular files. */
  readonly fingerprints?: Fingerprints | undefined;
}

/**
 * A directory tree to make an image of. Paths are relative to its root: names joined by `/`, empty for
 * the root itself. Every method throws an error that names the path if the file cannot be read.
 */
export interface SourceTree {
  /** Tells what the root is. It need not be a directory: the caller decides what to say of that. */
  root(xattrs: XattrFilter): SourceInfo;
  /** Lists a directory, in any order, without `.` and `..`. */
  list(path: Uint8Array, options: ListOptions): SourceEntry[];
  /** Opens a regular file. */
  open(path: Uint8Array): File;
}

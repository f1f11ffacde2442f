/**
 * What the EROFS writer is given: plain inodes in the order they shall stand in the image.
 *
 * Nothing here knows of composefs: overlay xattrs are xattrs like any others, and an external file is
 * a file whose chunks have no address.
 *
 * @module
 */

import type { FileKind, Xattr } from "../tree/tree.ts";

/** A name in a directory, leading to an inode by its position in the list of all inodes. */
export interface InodeEntry {
  readonly name: Uint8Array;
  readonly inode: number;
}

/** What an inode's data is. */
export type InodeData =
  /** Entries in ascending byte order, `.` and `..` among them. */
  | { readonly kind: "entries"; readonly entries: readonly InodeEntry[] }
  /** Contents of a regular file kept in the image. */
  | { readonly kind: "contents"; readonly bytes: Uint8Array }
  /** Target of a symbolic link. */
  | { readonly kind: "target"; readonly bytes: Uint8Array }
  /** A regular file of `size` bytes (1 to 2^53) all of whose chunks are holes. */
  | { readonly kind: "holes"; readonly size: number }
  /** None: devices, fifos, sockets. */
  | { readonly kind: "none"; readonly rdev: number; readonly oversized: boolean };

/** One inode to write. */
export interface Inode {
  readonly kind: FileKind;
  /** The low twelve bits of `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly mtime: number | bigint;
  readonly mtimeNsec: number;
  /** In ascending byte order of their names. */
  readonly xattrs: readonly Xattr[];
  readonly data: InodeData;
}

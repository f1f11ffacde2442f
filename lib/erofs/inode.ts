/**
 * What the EROFS writer is given: plain inodes in the order they shall stand in the image.
 *
 * Nothing here knows of composefs: overlay xattrs are xattrs like any others, and an external file is
 * a file whose chunks have no address.
 *
 * @module
 */

import type { FileKind, Stat } from "../tree/tree.ts";
import type { XattrName } from "./xattr_name.ts";

/** What an inode's data is. */
export type InodeData =
  /** Names in ascending byte order, `.` and `..` among them, and the position of each one's inode. */
  | {
    readonly kind: "entries";
    readonly names: readonly Uint8Array[];
    readonly inodes: readonly number[];
  }
  /** Contents of a regular file kept in the image. */
  | { readonly kind: "contents"; readonly bytes: Uint8Array }
  /** Target of a symbolic link. */
  | { readonly kind: "target"; readonly bytes: Uint8Array }
  /** A regular file of `size` bytes (1 to 2^53) all of whose chunks are holes. */
  | { readonly kind: "holes"; readonly size: number }
  /** None: devices, fifos, sockets. */
  | { readonly kind: "none"; readonly rdev: number; readonly oversized: boolean };

/** One extended attribute of an inode. */
export interface InodeXattr {
  readonly name: XattrName;
  /** The first bytes of the value, often none: apart, so that nothing is copied to put them there. */
  readonly head: Uint8Array;
  /** The rest of the value. */
  readonly rest: Uint8Array;
}

/** One inode to write. */
export interface Inode {
  readonly kind: FileKind;
  /** Of these, mode, owner, group and time count. */
  readonly stat: Stat;
  readonly nlink: number;
  /** In ascending byte order of their names. */
  readonly xattrs: readonly InodeXattr[];
  readonly data: InodeData;
}

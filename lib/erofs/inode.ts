/**
 * What the EROFS writer is given: plain inodes in the order they shall stand in the image.
 *
 * Nothing here knows of composefs: overlay xattrs are xattrs like any others, and an external file is
 * a file whose chunks have no address.
 *
 * @module
 */

import type {
  ExternalContent,
  FileKind,
  InlineContent,
  Special,
  Stat,
  Symlink,
} from "../tree/tree.ts";
import type { XattrName } from "./xattr_name.ts";

/** What an inode's data is. All but directories are what a tree has already. */
export type InodeData =
  /** Names in ascending byte order, `.` and `..` among them, and the position of each one's inode. */
  | {
    readonly kind: "entries";
    readonly names: readonly Uint8Array[];
    readonly inodes: readonly number[];
  }
  /** Contents of a regular file kept in the image. */
  | InlineContent
  /** A regular file of `size` bytes (1 to 2^53) all of whose chunks are holes. */
  | Pick<ExternalContent, "kind" | "size">
  /** Target of a symbolic link. */
  | Pick<Symlink, "kind" | "target">
  /** None: devices, fifos, sockets. */
  | Pick<Special, "kind" | "rdev">;

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
  /** In the order in which the inode has them. */
  readonly xattrs: readonly InodeXattr[];
  readonly data: InodeData;
  /** Whether it takes the extended form even if it could do without. */
  readonly extended: boolean;
}

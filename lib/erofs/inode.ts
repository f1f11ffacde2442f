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
  /** The rest of the value, or what `form` makes it of. */
  readonly rest: Uint8Array;
  /** How the rest is written, if not as it is. Of one name, all xattrs of an image have the same. */
  readonly form?: ValueForm;
}

/**
 * A way of writing bytes as others, such as hexadecimal digits: written when they take their place, they need
 * no memory before. Other bytes have another form, which sorts as they do.
 */
export interface ValueForm {
  /** Bytes that `length` bytes take. */
  size(length: number): number;
  /** Writes them to a place that has room. */
  write(bytes: Uint8Array, into: Uint8Array, at: number): void;
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

/**
 * The file tree that every input and output meets at: directories, and a table of all other files.
 *
 * Generic in what a regular file is: a scan yields a `Tree<Source>`, the contents step makes of it a
 * `Tree<Content>`, and the type says which of the two you hold. Names, link targets and xattrs are
 * bytes. Knows nothing of EROFS, overlayfs or dump files.
 *
 * @module
 */

import type { Digest } from "../digest/digest.ts";

/** One extended attribute, as listxattr(2) and getxattr(2) give it. */
export interface Xattr {
  /** Full name, namespace included (`user.mime_type`), without a terminating NUL. */
  readonly name: Uint8Array;
  /** Value, possibly empty. */
  readonly value: Uint8Array;
}

/** What stat(2) and listxattr(2) tell of any file, whatever its type. */
export interface Stat {
  /** The low twelve bits of `st_mode`: permissions, set-id and sticky bits. The type is `kind`. */
  readonly mode: number;
  /** Owner, 0 to 2^32-1. */
  readonly uid: number;
  /** Group, 0 to 2^32-1. */
  readonly gid: number;
  /** Link count, 0 to 2^32-1. Images recompute it for directories. */
  readonly nlink: number;
  /** Modification time in seconds since the epoch: a number, or a bigint if not a safe integer. */
  readonly mtime: number | bigint;
  /** Nanoseconds of the modification time: 0 to 999,999,999, up to 2^32-1 from a dump file. */
  readonly mtimeNsec: number;
  /** Extended attributes in any order, no name twice. */
  readonly xattrs: readonly Xattr[];
}

/** A directory with its entries. */
export interface Directory {
  /** Tells it from other nodes. */
  readonly kind: "directory";
  /** Its metadata. */
  readonly stat: Stat;
  /** In ascending byte order of their names, no name twice, without `.` and `..`. */
  readonly entries: readonly Entry[];
  /** Bytes that the directory takes in the image it was read from; nothing is made of it. */
  readonly size?: number;
}

/** A name in a directory. */
export interface Entry {
  /** 1 to 255 bytes, none of them NUL or `/`; never `.` or `..`. */
  readonly name: Uint8Array;
  /** The directory it stands for, or the number of the leaf: its index in {@linkcode Tree.leaves}. */
  readonly node: Directory | number;
}

/** A regular file. What `file` is depends on the stage: see {@linkcode Tree}. */
export interface Regular<File> {
  /** Tells it from other nodes. */
  readonly kind: "regular";
  /** Its metadata. */
  readonly stat: Stat;
  /** Its contents, or where they are. */
  readonly file: File;
}

/** A symbolic link. */
export interface Symlink {
  /** Tells it from other nodes. */
  readonly kind: "symlink";
  /** Its metadata. */
  readonly stat: Stat;
  /** 1 to 4095 bytes, none of them NUL. */
  readonly target: Uint8Array;
}

/** A device, fifo or socket. A character device with `rdev` 0 is an overlayfs whiteout. */
export interface Special {
  /** Which of the four it is. */
  readonly kind: "character" | "block" | "fifo" | "socket";
  /** Its metadata. */
  readonly stat: Stat;
  /**
   * Device number of character and block devices, 0 otherwise; the kernel's encoding of 32 bits: minor
   * bits 0 to 7, major bits 8 to 19, the other minor bits from bit 20.
   */
  readonly rdev: number;
}

/** Every file that is not a directory. It may have several names, none of them more its own than others. */
export type Leaf<File> = Regular<File> | Symlink | Special;

/** Any file of a tree. */
export type Node<File> = Directory | Leaf<File>;

/**
 * A whole tree: directories below a root, and a table of all other files, which names lead to by number.
 * Names with the same number are hard links to one file.
 */
export interface Tree<File> {
  /** The root directory. Each directory below it stands at one place. */
  readonly root: Directory;
  /** The files that are no directories, in any order; each has a name in some directory. */
  readonly leaves: readonly Leaf<File>[];
  /** What decides an image's bytes besides the files. Absent, all of it is as it is by default. */
  readonly form?: ImageForm;
}

/**
 * What libcomposefs's images and dump files say and a file tree does not. Only the overlay step and the
 * writer of dump files look at it; without it nothing is lost but the equality of bytes.
 */
export interface ImageForm {
  /**
   * By number of the leaf: under which of its names a file with several has its inode. Left out where
   * that is the first name on a walk.
   */
  readonly homes?: ReadonlyMap<number, Home>;
  /**
   * Numbers of devices, fifos and sockets whose inodes take the extended form without need: a dump file gave
   * a size of 2^32 bytes or more, which mkcomposefs 1.0.8 acts on, and the image does not hold.
   */
  readonly extended?: ReadonlySet<number>;
}

/** One name of a file: the directory that it stands in, and the name. */
export interface Home {
  /** One of the tree's. */
  readonly directory: Directory;
  /** A name in it. */
  readonly name: Uint8Array;
}

/** The contents of a regular file as an image holds them: in the image itself. */
export interface InlineContent {
  /** Tells it from external contents. */
  readonly kind: "inline";
  /** The whole file, at most 5000 bytes. An empty file is inline and has none. */
  readonly bytes: Uint8Array;
}

/** The contents of a regular file as an image holds them: in a file outside the image. */
export interface ExternalContent {
  /** Tells it from inline contents. */
  readonly kind: "external";
  /** Length in bytes, 1 to 2^53. */
  readonly size: number;
  /** Path of the backing file below the object store, or absent: then a sparse file. */
  readonly path?: Uint8Array;
  /** fs-verity digest of the backing file, if it is to be enforced. */
  readonly digest?: Digest;
}

/** What a regular file is once its contents are decided. */
export type Content = InlineContent | ExternalContent;

/** Length of contents in bytes. */
export function contentSize(content: Content): number {
  return content.kind === "inline" ? content.bytes.length : content.size;
}

/** Makes contents outside of the image; an empty path is none. */
export function externalContent(
  size: number,
  path: Uint8Array | undefined,
  digest: Digest | undefined,
): ExternalContent {
  const kind = "external";
  const hasPath = path !== undefined && path.length > 0;
  if (digest === undefined) return hasPath ? { kind, size, path } : { kind, size };
  return hasPath ? { kind, size, path, digest } : { kind, size, digest };
}

/** A kind of file. */
export type FileKind =
  | "fifo"
  | "character"
  | "directory"
  | "block"
  | "regular"
  | "symlink"
  | "socket";

/** File type bits of `st_mode` (`S_IFMT`) by kind. */
export const FILE_TYPE_BITS: Readonly<Record<FileKind, number>> = {
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};

const KIND_OF_BITS: (FileKind | undefined)[] = Array(16).fill(undefined);
for (const [kind, bits] of Object.entries(FILE_TYPE_BITS)) {
  KIND_OF_BITS[bits >> 12] = kind as FileKind;
}

/** The kind that the type bits of an `st_mode` name, or undefined if they name none of the seven. */
export function kindOfMode(mode: number): FileKind | undefined {
  return KIND_OF_BITS[mode >> 12 & 15];
}

/** Tells whether a node is an overlayfs whiteout: a character device with number 0. */
export function isWhiteout<File>(node: Node<File>): boolean {
  return node.kind === "character" && node.rdev === 0;
}

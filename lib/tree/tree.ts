/**
 * The file tree that every input and output meets at.
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
export interface Directory<File> {
  /** Tells it from other nodes. */
  readonly kind: "directory";
  /** Its metadata. */
  readonly stat: Stat;
  /** In ascending byte order of their names, no name twice, without `.` and `..`. */
  readonly entries: readonly Entry<File>[];
  /** Bytes that the directory takes in the image it was read from; nothing is made of it. */
  readonly size?: number;
}

/** A name in a directory. */
export interface Entry<File> {
  /** 1 to 255 bytes, none of them NUL or `/`; never `.` or `..`. */
  readonly name: Uint8Array;
  /** What it stands for. */
  readonly node: Node<File>;
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
  /**
   * Set if a dump file gave a size of 2^32 bytes or more. The image holds no such size, but its inode
   * takes the extended form, as mkcomposefs 1.0.8 has it.
   */
  readonly oversized?: true;
}

/** Every file that is not a directory and lives under a name of its own. */
export type Leaf<File> = Regular<File> | Symlink | Special;

/** A further name of a file that lives elsewhere in the tree. */
export interface HardLink<File> {
  /** Tells it from other nodes. */
  readonly kind: "hardlink";
  /** The file itself, found at exactly one other place of the same tree. */
  readonly target: Leaf<File>;
}

/** What a name in a directory may stand for. */
export type Node<File> = Directory<File> | Leaf<File> | HardLink<File>;

/** A whole tree: its root directory. */
export type Tree<File> = Directory<File>;

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

/** The node itself, or the file that a hard link leads to. */
export function resolveHardLink<File>(node: Node<File>): Directory<File> | Leaf<File> {
  return node.kind === "hardlink" ? node.target : node;
}

/**
 * Inodes as the EROFS writer takes them, for tests that need no tree.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import type { Inode, InodeData } from "../../lib/erofs/inode.ts";

/** An inode of zeros with one link, unless said otherwise. */
export function inode(kind: Inode["kind"], data: InodeData, given: Partial<Inode> = {}): Inode {
  return {
    kind,
    mode: 0,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtime: 0,
    mtimeNsec: 0,
    xattrs: [],
    data,
    ...given,
  };
}

/** A regular file of `size` bytes in the image. */
export function contents(size: number, given: Partial<Inode> = {}): Inode {
  return inode("regular", { kind: "contents", bytes: new Uint8Array(size).fill(0x78) }, given);
}

/** A symbolic link with a target of `size` bytes. */
export function target(size: number, given: Partial<Inode> = {}): Inode {
  return inode("symlink", { kind: "target", bytes: new Uint8Array(size).fill(0x74) }, given);
}

/** A regular file of `size` bytes outside of the image. */
export function holes(size: number, given: Partial<Inode> = {}): Inode {
  return inode("regular", { kind: "holes", size }, given);
}

/** A file without data. */
export function none(
  kind: "character" | "block" | "fifo" | "socket" = "fifo",
  rdev = 0,
  given: Partial<Inode> = {},
  oversized = false,
): Inode {
  return inode(kind, { kind: "none", rdev, oversized }, given);
}

/** A directory with names of these lengths, all leading to inode 0. */
export function entries(...lengths: number[]): Inode {
  const list = lengths.map((length) => ({ name: utf8("n".repeat(length)), inode: 0 }));
  return inode("directory", { kind: "entries", entries: list });
}

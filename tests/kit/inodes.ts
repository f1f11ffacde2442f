/**
 * Inodes as the EROFS writer takes them, for tests that need no tree.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import type { Inode, InodeData, InodeXattr } from "../../lib/erofs/inode.ts";
import { XattrNames } from "../../lib/erofs/xattr_name.ts";
import type { FileKind, Stat, Xattr } from "../../lib/tree/tree.ts";

const names = new XattrNames();
const made = new Map<Xattr, InodeXattr>();

/** An xattr as inodes have it: one object for one object. */
export function inodeXattr(xattr: Xattr): InodeXattr {
  const { name, value } = xattr;
  const known = made.get(xattr);
  if (known !== undefined) return known;
  const split = { name: names.of(name), head: new Uint8Array(), rest: value };
  made.set(xattr, split);
  return split;
}

/** An inode of zeros with one link, unless said otherwise. */
export function inode(kind: FileKind, data: InodeData, given: Partial<Stat> = {}): Inode {
  const stat = {
    mode: 0,
    uid: 0,
    gid: 0,
    nlink: 1,
    mtime: 0,
    mtimeNsec: 0,
    xattrs: [],
    ...given,
  };
  return {
    kind,
    stat,
    nlink: stat.nlink,
    xattrs: stat.xattrs.map(inodeXattr),
    data,
    extended: false,
  };
}

/** A regular file of `size` bytes in the image. */
export function contents(size: number, given: Partial<Stat> = {}): Inode {
  return inode("regular", { kind: "inline", bytes: new Uint8Array(size).fill(0x78) }, given);
}

/** A symbolic link with a target of `size` bytes. */
export function target(size: number, given: Partial<Stat> = {}): Inode {
  return inode("symlink", { kind: "symlink", target: new Uint8Array(size).fill(0x74) }, given);
}

/** A regular file of `size` bytes outside of the image. */
export function holes(size: number, given: Partial<Stat> = {}): Inode {
  return inode("regular", { kind: "external", size }, given);
}

/** A file without data. */
export function none(
  kind: "character" | "block" | "fifo" | "socket" = "fifo",
  rdev = 0,
  given: Partial<Stat> = {},
  extended = false,
): Inode {
  return { ...inode(kind, { kind, rdev }, given), extended };
}

/** A directory with names of these lengths, all leading to inode 0. */
export function entries(...lengths: number[]): Inode {
  const names = lengths.map((length) => utf8("n".repeat(length)));
  return inode("directory", { kind: "entries", names, inodes: names.map(() => 0) });
}

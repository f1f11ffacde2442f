/**
 * Collects everything an image holds, each inode once, before any of it is interpreted.
 *
 * Here it is decided that the image is a tree: every directory is reached once, every inode has the type
 * its names say, and there are no more of them than the superblock counts.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { printable } from "../bytes/text.ts";
import { DIRENT_FILE_TYPE } from "../erofs/format.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { ErofsReader, ImageInode } from "../erofs/read.ts";
import { type ImageEntry, readDirectory } from "../erofs/read_directory.ts";
import { XattrReader } from "../erofs/read_xattrs.ts";
import type { Xattr } from "../tree/tree.ts";

/** An inode of the image with all that belongs to it. */
export interface ImageNode {
  readonly inode: ImageInode;
  /** In the order of the image: the inode's own, then the shared ones. */
  readonly xattrs: readonly Xattr[];
  /** A directory's entries without `.` and `..`, in byte order; none for other kinds. */
  readonly entries: readonly ImageEntry[];
}

/** All inodes of an image that can be reached from its root. */
export interface ImageTree {
  readonly root: ImageNode;
  /** By nid. */
  readonly nodes: ReadonlyMap<number, ImageNode>;
  /** Nids that have more than one name. */
  readonly linked: ReadonlySet<number>;
}

/**
 * Collects the inodes.
 *
 * @param rootEntries Names in the root to which the tree is limited, if given.
 * @throws {ImageFormatError} If the image is not a tree, or anything in it is malformed.
 */
export function collectImage(
  reader: ErofsReader,
  rootEntries?: readonly Uint8Array[],
): ImageTree {
  const nodes = new Map<number, ImageNode>();
  const linked = new Set<number>();
  const xattrs = new XattrReader(reader);
  const { rootNid, inos } = reader.superBlock;
  const load = (nid: number, parent: number): ImageNode => {
    if (nodes.size >= inos) {
      throw new ImageFormatError(nid * 32, `more inodes than the superblock's ${inos}`);
    }
    const inode = reader.inode(nid);
    const entries = inode.kind === "directory" ? readDirectory(reader, inode, parent) : [];
    const node = { inode, xattrs: xattrs.read(inode), entries };
    nodes.set(nid, node);
    return node;
  };
  let root = load(rootNid, rootNid);
  if (root.inode.kind !== "directory") {
    throw new ImageFormatError(root.inode.start, `root is a ${root.inode.kind}, not a directory`);
  }
  if (rootEntries !== undefined) {
    const entries = root.entries.filter(({ name }) =>
      rootEntries.some((wanted) => equalBytes(wanted, name))
    );
    root = { ...root, entries };
    nodes.set(rootNid, root);
  }
  const pending = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for (const entry of directory.entries) {
      const known = nodes.get(entry.nid);
      const node = known ?? load(entry.nid, directory.inode.nid);
      checkEntry(entry, node.inode);
      if (known !== undefined) linked.add(entry.nid);
      if (node.inode.kind !== "directory") continue;
      if (known !== undefined) {
        throw new ImageFormatError(
          entry.offset,
          `directory "${printable(entry.name)}" has a second name`,
        );
      }
      pending.push(node);
    }
  }
  return { root, nodes, linked };
}

function checkEntry(entry: ImageEntry, inode: ImageInode): void {
  const expected = DIRENT_FILE_TYPE[inode.kind];
  if (entry.fileType === expected) return;
  throw new ImageFormatError(
    entry.offset,
    `file type ${entry.fileType} of "${printable(entry.name)}", expected ${expected} as its inode`,
  );
}

/**
 * Finds for each inode with several names the one it lives under: where it stands in the order of the
 * image, which is breadth first.
 *
 * @returns The entries that are links to another name's inode, or undefined if the image is not in that
 * order, so that no name is more an inode's own than the others.
 */
export function findLinks({ root, nodes, linked }: ImageTree): Set<ImageEntry> | undefined {
  const links = new Set<ImageEntry>();
  if (linked.size === 0) return links;
  const nids = Float64Array.from(nodes.keys()).sort();
  let next = 1;
  const queue = [root];
  for (let at = 0; at < queue.length; at++) {
    for (const entry of queue[at]!.entries) {
      if (nids[next] === entry.nid) {
        next++;
        const node = nodes.get(entry.nid)!;
        if (node.inode.kind === "directory") queue.push(node);
      } else if (linked.has(entry.nid)) {
        links.add(entry);
      } else {
        return undefined;
      }
    }
  }
  return next === nids.length && nids[0] === root.inode.nid ? links : undefined;
}

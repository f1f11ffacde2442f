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
import { DIRENT_FILE_TYPE, SLOT_SIZE } from "../erofs/format.ts";
import { Extents } from "../erofs/extents.ts";
import { ImageFormatError } from "../erofs/image_format_error.ts";
import type { ErofsImage, ImageInode } from "../erofs/image.ts";
import { type ImageEntry, readDirectory } from "../erofs/read_directory.ts";
import { type ImageXattr, XattrReader } from "../erofs/read_xattrs.ts";
import { METACOPY_NAME, REDIRECT_NAME } from "./_overlay_xattrs.ts";

/** An inode of the image with all that belongs to it. */
export interface ImageNode {
  readonly inode: ImageInode;
  /** In the order of the image: the inode's own, then the shared ones. */
  readonly xattrs: readonly ImageXattr[];
  /** A directory's entries without `.` and `..`, in byte order; none for other kinds. */
  readonly entries: readonly ImageEntry[];
  /** What the entries lead to, in their order. */
  readonly children: readonly ImageNode[];
}

/** All inodes of an image that can be reached from its root. */
export interface ImageTree {
  readonly root: ImageNode;
  /** In no particular order. */
  readonly nodes: readonly ImageNode[];
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
  reader: ErofsImage,
  rootEntries?: readonly Uint8Array[],
): ImageTree {
  return new Collection(reader).run(rootEntries);
}

/** A node whose entries are being followed. */
interface GrowingNode extends ImageNode {
  entries: readonly ImageEntry[];
  readonly children: GrowingNode[];
}

const NO_ENTRIES: readonly ImageEntry[] = [];
const NO_CHILDREN: GrowingNode[] = [];

class Collection {
  readonly #reader: ErofsImage;
  readonly #xattrs: XattrReader;
  readonly #extents: Extents;
  readonly #nodes: GrowingNode[] = [];
  /** For each nid the number of its node, counted from 1; 0 if there is none yet. */
  readonly #numbers: Uint32Array;
  readonly #linked = new Set<number>();

  constructor(reader: ErofsImage) {
    this.#reader = reader;
    this.#extents = new Extents(reader);
    this.#xattrs = new XattrReader(reader, [METACOPY_NAME, REDIRECT_NAME]);
    this.#numbers = new Uint32Array(Math.ceil(reader.image.length / SLOT_SIZE));
  }

  run(rootEntries?: readonly Uint8Array[]): ImageTree {
    const { rootNid } = this.#reader.superBlock;
    const root = this.#load(rootNid, rootNid);
    if (root.inode.kind !== "directory") {
      throw new ImageFormatError(root.inode.start, `root is a ${root.inode.kind}, not a directory`);
    }
    if (rootEntries !== undefined) {
      root.entries = root.entries.filter(({ name }) =>
        rootEntries.some((wanted) => equalBytes(wanted, name))
      );
    }
    const pending = [root];
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      for (const entry of directory.entries) {
        const child = this.#follow(entry, directory.inode.nid);
        directory.children.push(child);
        if (child.inode.kind === "directory") pending.push(child);
      }
    }
    return { root, nodes: this.#nodes, linked: this.#linked };
  }

  /** What an entry of the directory with the nid `parent` leads to. */
  #follow(entry: ImageEntry, parent: number): GrowingNode {
    const number = this.#numbers[entry.nid];
    if (!number) {
      const node = this.#load(entry.nid, parent);
      checkEntry(entry, node.inode);
      return node;
    }
    const known = this.#nodes[number - 1]!;
    checkEntry(entry, known.inode);
    this.#linked.add(entry.nid);
    if (known.inode.kind === "directory") {
      throw new ImageFormatError(
        entry.offset,
        `directory "${printable(entry.name)}" has a second name`,
      );
    }
    return known;
  }

  #load(nid: number, parent: number): GrowingNode {
    const { inos } = this.#reader.superBlock;
    if (this.#nodes.length >= inos) {
      throw new ImageFormatError(nid * SLOT_SIZE, `more inodes than the superblock's ${inos}`);
    }
    const inode = this.#reader.inode(nid);
    this.#extents.take(inode);
    const isDirectory = inode.kind === "directory";
    const entries = isDirectory ? readDirectory(this.#reader, inode, parent) : NO_ENTRIES;
    const xattrs = this.#xattrs.read(inode);
    const node = { inode, xattrs, entries, children: isDirectory ? [] : NO_CHILDREN };
    this.#numbers[nid] = this.#nodes.push(node);
    return node;
  }
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
  const nids = Float64Array.from(nodes, ({ inode }) => inode.nid).sort();
  let next = 1;
  const queue = [root];
  for (let at = 0; at < queue.length; at++) {
    const { entries, children } = queue[at]!;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (nids[next] === entry.nid) {
        next++;
        if (children[i]!.inode.kind === "directory") queue.push(children[i]!);
      } else if (linked.has(entry.nid)) {
        links.add(entry);
      } else {
        return undefined;
      }
    }
  }
  return next === nids.length && nids[0] === root.inode.nid ? links : undefined;
}

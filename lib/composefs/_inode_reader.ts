/**
 * Reads inodes of an image with their xattrs, and says what they stand for.
 *
 * @module
 */

import type { ErofsImage } from "../erofs/image.ts";
import type { ImageInode } from "../erofs/image_inode.ts";
import { type Dirent, DirentCursor } from "../erofs/read_directory.ts";
import { XattrReader } from "../erofs/read_xattrs.ts";
import type { ObjectParts } from "../dumpfile/dump_lines.ts";
import type { Content, Leaf } from "../tree/tree.ts";
import { METACOPY_NAME, REDIRECT_NAME } from "./_overlay_xattrs.ts";
import type { ImageDirectory } from "./image_entry.ts";
import { type FoundInode, type ImageView, isWhiteout, Unoverlay } from "./unoverlay.ts";

/** How inodes are read. */
export interface InodeReading {
  /** The image's format version. */
  readonly version: number;
  readonly view: ImageView;
}

/** A directory and what holds it. */
export interface DirectoryInode {
  readonly inode: ImageInode;
  /** Nid of the directory that holds it: its own for the root. */
  readonly parent: number;
}

/** Reads what inodes stand for; what several have in common is read once. */
export class InodeReader {
  readonly image: ErofsImage;
  /** The image's format version. */
  readonly version: number;
  readonly #xattrs: XattrReader;
  readonly #unoverlay: Unoverlay;
  /** By nid, of the directories that were asked about. */
  readonly #marked = new Map<number, boolean>();

  constructor(image: ErofsImage, { version, view }: InodeReading) {
    this.image = image;
    this.version = version;
    this.#xattrs = new XattrReader(image, [METACOPY_NAME, REDIRECT_NAME]);
    this.#unoverlay = new Unoverlay(image, version, view);
  }

  /** Whether one of a file's names is more its home than the others; see `Unoverlay`. */
  get hasHomes(): boolean {
    return this.#unoverlay.hasHomes;
  }

  /** Tells whether an inode is extended for no reason of its own. */
  isExtended(inode: ImageInode): boolean {
    return this.#unoverlay.isExtended(inode);
  }

  /** Tells whether an inode is one that the source did not have. */
  isHidden(inode: ImageInode): boolean {
    return this.#unoverlay.isHidden(inode);
  }

  /**
   * Reads a file that is not a directory.
   *
   * @param directory The one that it was found in.
   * @param path Makes its path, for messages.
   * @throws {ImageFormatError} If it is malformed, or holds what an image cannot.
   */
  leaf(inode: ImageInode, directory: ImageInode, path: () => Uint8Array): Leaf<Content> {
    return this.#unoverlay.leaf(this.#find(inode), () => this.#isMarked(directory), path);
  }

  /** A regular file whose contents are outside of the image, as parts of that; undefined if it is no such file. */
  objectParts(inode: ImageInode, path: () => Uint8Array): ObjectParts | undefined {
    return this.#unoverlay.objectParts(this.#find(inode), path);
  }

  /** The path of the object that holds a file's contents; undefined if there is none. */
  objectPath(inode: ImageInode): Uint8Array | undefined {
    return this.#unoverlay.objectPath(this.#find(inode));
  }

  /**
   * Reads the target of a symbolic link.
   *
   * @throws {ImageFormatError} If it is none.
   */
  target(inode: ImageInode): Uint8Array {
    return this.#unoverlay.target(inode);
  }

  /**
   * Reads a directory.
   *
   * @param isLink Tells of a name in it whether the file is at home under another one.
   * @throws {ImageFormatError} If it is malformed.
   */
  directory(directory: DirectoryInode, isLink: (entry: Dirent) => boolean): ImageDirectory {
    const { inode } = directory;
    const holdsWhiteout = this.#isMarked(inode) && this.#holdsWhiteout(directory, isLink);
    const stat = this.#unoverlay.directoryStat(this.#find(inode), holdsWhiteout);
    return { kind: "directory", stat, size: inode.size };
  }

  /**
   * Checks an inode and what it stands for, and makes nothing of it.
   *
   * @throws {ImageFormatError} If it is malformed.
   */
  check(inode: ImageInode, path: () => Uint8Array): void {
    this.#unoverlay.check(this.#find(inode), path);
  }

  #find(inode: ImageInode): FoundInode {
    return { inode, xattrs: this.#xattrs.read(inode) };
  }

  #isMarked(directory: ImageInode): boolean {
    if (directory.xattrSize === 0) return false;
    let isMarked = this.#marked.get(directory.nid);
    if (isMarked === undefined) {
      isMarked = this.#unoverlay.isMarked(this.#find(directory));
      this.#marked.set(directory.nid, isMarked);
    }
    return isMarked;
  }

  #holdsWhiteout(
    { inode, parent }: DirectoryInode,
    isLink: (entry: Dirent) => boolean,
  ): boolean {
    const dirents = new DirentCursor(this.image, inode, parent);
    while (dirents.next()) {
      if (isLink(dirents)) continue;
      const child = this.image.inode(dirents.nid);
      if (child.kind === "regular" && child.size === 0 && isWhiteout(this.#find(child))) {
        return true;
      }
    }
    return false;
  }
}

/**
 * Walking through what an image stands for, without making a tree of it.
 *
 * @module
 */

import type { ErofsImage } from "../erofs/image.ts";
import type { ImageInode } from "../erofs/image_inode.ts";
import type { Dirent, DirentCursor } from "../erofs/read_directory.ts";
import { ErofsWalk } from "../erofs/walk.ts";
import type { ObjectParts } from "../dumpfile/dump_lines.ts";
import { splitNames } from "../tree/place.ts";
import type { Content, Leaf } from "../tree/tree.ts";
import { LazyEntry } from "./_image_entry.ts";
import { InodeReader } from "./_inode_reader.ts";
import { findLinks } from "./_links.ts";
import type { ImageDirectory } from "./image_entry.ts";
import { type ImageView, isExternal } from "./unoverlay.ts";

/** What of an image is walked, and how it is read. */
export interface WalkOptions {
  /** The image's format version. */
  readonly version: number;
  readonly view: ImageView;
  /**
   * Names in the root directory, or paths below it, to which the walk is limited: to these, with all below them, and
   * the directories on the way.
   */
  readonly rootEntries?: readonly Uint8Array[] | undefined;
}

/** An image that can be walked. */
export interface WalkableImage {
  readonly image: ErofsImage;
  readonly options: WalkOptions;
  /**
   * Where the dirents are, in bytes from the start of the image, that lead to files whose home is another name;
   * undefined if that is the first one met.
   */
  readonly links: ReadonlySet<number> | undefined;
}

/** An image of which everything has been looked at. */
export interface CheckedImage extends WalkableImage {
  /** Nids that have more than one name. */
  readonly linked: ReadonlySet<number>;
}

/** Told of each name in an image, the whiteouts left out that hide object directories. */
export type Visit = (name: {
  readonly depth: number;
  readonly nameLength: number;
  readonly path: Uint8Array;
}) => void;

/**
 * Looks at everything in an image.
 *
 * @throws {ImageFormatError} If it is not a tree, or anything in it is malformed.
 */
export function checkImage(
  image: ErofsImage,
  options: WalkOptions,
  visit?: Visit,
): CheckedImage {
  const walk = new ErofsWalk(image, options.rootEntries);
  const reader = new InodeReader(image, options);
  const path = () => walk.path;
  while (walk.next()) {
    if (!walk.isAgain) reader.check(walk.inode, path);
    if (visit !== undefined && !reader.isHidden(walk.inode)) visit(walk);
  }
  return { image, options, links: linksIn(walk, reader, options), linked: walk.linked };
}

/**
 * Makes an image ready to be walked. Only so much of it is looked at as is needed to tell the homes of files.
 *
 * @throws {ImageFormatError} If it is not a tree.
 */
export function surveyImage(image: ErofsImage, options: WalkOptions): WalkableImage {
  const reader = new InodeReader(image, options);
  if (!reader.hasHomes) return { image, options, links: undefined };
  const walk = new ErofsWalk(image, options.rootEntries);
  while (walk.next());
  return { image, options, links: linksIn(walk, reader, options) };
}

function linksIn(
  walk: ErofsWalk,
  { image, hasHomes }: InodeReader,
  { rootEntries }: WalkOptions,
): ReadonlySet<number> | undefined {
  return hasHomes ? findLinks(image, walk, rootEntries) : undefined;
}

/** Tells whether an image has something at a path, be it selected or not; symbolic links are not followed. */
export function hasPath(
  { image, options }: Pick<WalkableImage, "image" | "options">,
  path: Uint8Array,
): boolean {
  let file: LazyEntry | undefined = new LazyEntry(new InodeReader(image, options));
  for (const name of splitNames(path)) {
    file = file.kind === "directory" ? file.find(name) : undefined;
    if (file === undefined) return false;
  }
  return true;
}

/**
 * A place in an image that moves depth first: to the root, then to its entries in byte order, each with all
 * below it. The whiteouts that hide object directories are passed over. Checks what it meets, as `checkImage`
 * does, as far as it is asked for.
 */
export class ImageWalk {
  readonly #walk: ErofsWalk;
  readonly #reader: InodeReader;
  readonly #links: ReadonlySet<number> | undefined;

  constructor({ image, links, options }: WalkableImage) {
    this.#walk = new ErofsWalk(image, options.rootEntries);
    this.#reader = new InodeReader(image, options);
    this.#links = links;
  }

  /** Moves to the next name, at first to the root; returns false if there is none. */
  next(): boolean {
    while (this.#walk.next()) {
      if (!this.#reader.isHidden(this.#walk.inode)) return true;
      if (!this.isAgain) this.#reader.check(this.#walk.inode, this.#path);
    }
    return false;
  }

  /** 0 for the root, 1 for its entries, and so on; -1 before the first move. */
  get depth(): number {
    return this.#walk.depth;
  }

  /** The inode it stands at, as it is in the image. It may be another one when the walk has moved. */
  get inode(): ImageInode {
    return this.#walk.inode;
  }

  /** The entry it stands at; it changes when the walk moves. To be asked for below the root. */
  get entry(): DirentCursor {
    return this.#walk.entry;
  }

  /** Whether the file has been met under another name. */
  get isAgain(): boolean {
    return this.#walk.isAgain;
  }

  /** Whether this name is the file's home, if one of them is. */
  get isHome(): boolean {
    return !this.#isLink(this.entry) && (this.#links !== undefined || !this.isAgain);
  }

  /** Nids that have more than one name, as far as they have been met. */
  get linked(): ReadonlySet<number> {
    return this.#walk.linked;
  }

  /** Whether it stands at a directory that is only on the way to what the walk is limited to. */
  get isOnWay(): boolean {
    return this.#walk.isOnWay;
  }

  /** Length of the name; 0 for the root. */
  get nameLength(): number {
    return this.#walk.nameLength;
  }

  /** The absolute path. */
  get path(): Uint8Array {
    return this.#walk.path;
  }

  /** The file as parts of the image, if it is a regular one whose contents are elsewhere. */
  objectParts(): ObjectParts | undefined {
    return isExternal(this.inode) ? this.#reader.objectParts(this.inode, this.#path) : undefined;
  }

  /** The path of the object that holds the file's contents; undefined if there is none. */
  objectPath(): Uint8Array | undefined {
    return isExternal(this.inode) ? this.#reader.objectPath(this.inode) : undefined;
  }

  /** The target of the symbolic link. */
  target(): Uint8Array {
    return this.#reader.target(this.inode);
  }

  /** Whether its inode is extended for no reason of its own. */
  get isExtended(): boolean {
    return this.#reader.isExtended(this.inode);
  }

  /** The file, if it is not a directory. */
  leaf(): Leaf<Content> {
    return this.#reader.leaf(this.inode, this.#walk.directory, this.#path);
  }

  /** The directory. */
  directory(): ImageDirectory {
    const { inode } = this;
    const parent = this.depth === 0 ? inode.nid : this.#walk.directory.nid;
    return this.#reader.directory({ inode, parent }, this.#isLink);
  }

  readonly #path = (): Uint8Array => this.#walk.path;

  readonly #isLink = ({ offset }: Dirent): boolean => this.#links?.has(offset) ?? false;
}

/**
 * The files of an image, over its inodes.
 *
 * @module
 */

import { findDirent } from "../erofs/find_dirent.ts";
import { DIRENT_FILE_TYPE } from "../erofs/format.ts";
import type { ImageInode } from "../erofs/image_inode.ts";
import { type Dirent, DirentCursor } from "../erofs/read_directory.ts";
import { isSameInode } from "../erofs/same_inode.ts";
import { checkFileType, rootInode } from "../erofs/walk.ts";
import { isDotOrDotDot } from "../tree/name.ts";
import { pathOf } from "../tree/place.ts";
import type { Content, FileKind, Leaf } from "../tree/tree.ts";
import type { InodeReader } from "./_inode_reader.ts";
import type { ImageDirectory, ImageEntry } from "./image_entry.ts";

/** Entries are at home where they are met, as for the kernel. */
const isNoLink = () => false;

/** See {@linkcode ImageEntry}. */
export class LazyEntry implements ImageEntry {
  readonly name: Uint8Array;
  readonly parent?: LazyEntry;
  readonly nid: number;
  readonly #reader: InodeReader;
  /** The entry that leads to it; absent for the root. */
  readonly #entry: Dirent | undefined;
  #inode: ImageInode | undefined;
  #node: ImageDirectory | Leaf<Content> | undefined;

  /** Makes the root's, or that of an entry. */
  constructor(
    reader: InodeReader,
    place?: { readonly parent: LazyEntry; readonly entry: Dirent },
  ) {
    this.#reader = reader;
    if (place !== undefined) this.parent = place.parent;
    this.#entry = place?.entry;
    this.name = place?.entry.name ?? NO_NAME;
    this.nid = place?.entry.nid ?? reader.image.superBlock.rootNid;
  }

  get path(): Uint8Array {
    return pathOf(this);
  }

  get kind(): FileKind {
    const { kind, size } = this.#readInode();
    // An empty file may stand for a whiteout.
    return kind === "regular" && size === 0 ? this.node.kind : kind;
  }

  get node(): ImageDirectory | Leaf<Content> {
    return this.#node ??= this.#readNode();
  }

  isAlike(other: ImageEntry): boolean {
    if (!(other instanceof LazyEntry)) return false;
    const [a, b] = [this.#readInode(), other.#readInode()];
    // An empty file may stand for a whiteout, which its directory decides.
    if (a.nlink !== 1 || a.kind === "regular" && a.size === 0) return false;
    return this.#reader.version === other.#reader.version &&
      isSameInode({ image: this.#reader.image, inode: a }, {
        image: other.#reader.image,
        inode: b,
      });
  }

  *entries(): Generator<LazyEntry, void, void> {
    const parent = this.parent?.nid ?? this.nid;
    const dirents = new DirentCursor(this.#reader.image, this.#directory(), parent);
    while (dirents.next()) {
      const { name, nid, fileType, offset } = dirents;
      const file = new LazyEntry(this.#reader, {
        parent: this,
        entry: { name, nid, fileType, offset },
      });
      if (!file.#isHidden()) yield file;
    }
  }

  find(name: Uint8Array): LazyEntry | undefined {
    if (isDotOrDotDot(name)) return undefined;
    const entry = findDirent(this.#reader.image, this.#directory(), name);
    if (entry === undefined) return undefined;
    const file = new LazyEntry(this.#reader, { parent: this, entry });
    return file.#isHidden() ? undefined : file;
  }

  #directory(): ImageInode {
    const inode = this.#readInode();
    if (inode.kind !== "directory") throw new TypeError(`A ${inode.kind} file has no entries`);
    return inode;
  }

  #isHidden(): boolean {
    // Other kinds need not be looked at for that.
    return this.#entry?.fileType === DIRENT_FILE_TYPE.character &&
      this.#reader.isHidden(this.#readInode());
  }

  #readInode(): ImageInode {
    return this.#inode ??= this.#entry === undefined
      ? rootInode(this.#reader.image)
      : this.#follow(this.#entry);
  }

  #follow(entry: Dirent): ImageInode {
    const inode = this.#reader.image.inode(this.nid);
    checkFileType(entry, inode);
    return inode;
  }

  #readNode(): ImageDirectory | Leaf<Content> {
    const inode = this.#readInode();
    if (inode.kind === "directory") {
      const parent = this.parent?.nid ?? this.nid;
      return this.#reader.directory({ inode, parent }, isNoLink);
    }
    return this.#reader.leaf(inode, this.parent!.#readInode(), () => this.path);
  }
}

const NO_NAME = new Uint8Array();

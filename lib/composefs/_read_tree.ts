/**
 * Makes of all inodes of an image the tree that they were made of.
 *
 * @module
 */

import { SLOT_SIZE } from "../erofs/format.ts";
import type { Content, Directory, Entry, Home, Leaf, Tree } from "../tree/tree.ts";
import { ImageWalk, type WalkableImage } from "./image_walk.ts";

/**
 * Makes the tree.
 *
 * @throws {ImageFormatError} If the image is not one, or anything in it is malformed.
 */
export function readTree(image: WalkableImage): Tree<Content> {
  return new TreeBuilder(image).run();
}

/** A directory whose entries are being filled in. */
interface GrowingDirectory {
  readonly directory: Directory;
  readonly entries: Entry[];
}

class TreeBuilder {
  readonly #walk: ImageWalk;
  readonly #leaves: Leaf<Content>[] = [];
  /** For each nid the number of its leaf, counted from 1; 0 if there is none yet. */
  readonly #numbers: Uint32Array;
  readonly #homes = new Map<number, Home>();
  readonly #extended = new Set<number>();

  constructor(image: WalkableImage) {
    this.#walk = new ImageWalk(image);
    this.#numbers = new Uint32Array(Math.ceil(image.image.image.length / SLOT_SIZE));
  }

  run(): Tree<Content> {
    const walk = this.#walk;
    /** The directories that the walk is in, the root first. */
    const levels: GrowingDirectory[] = [];
    while (walk.next()) {
      const { depth } = walk;
      const parent = depth === 0 ? undefined : levels[depth - 1]!;
      if (walk.inode.kind === "directory") {
        levels.length = depth;
        levels.push(this.#enter());
        parent?.entries.push({ name: walk.entry.name, node: levels[depth]!.directory });
      } else {
        const { name } = walk.entry;
        parent!.entries.push({ name, node: this.#number(parent!.directory, name) });
      }
    }
    const homes = this.#homes;
    const extended = this.#extended;
    const isUsual = homes.size + extended.size === 0;
    const { directory } = levels[0]!;
    const tree = { root: directory, leaves: this.#leaves };
    return isUsual ? tree : { ...tree, form: { homes, extended } };
  }

  #enter(): GrowingDirectory {
    const entries: Entry[] = [];
    const { kind, stat, size } = this.#walk.directory();
    return { directory: { kind, stat, entries, size }, entries };
  }

  /** The number of the leaf that a name leads to, which is put into the table at its home. */
  #number(directory: Directory, name: Uint8Array): number {
    const { nid } = this.#walk.inode;
    const known = this.#numbers[nid]!;
    if (known === 0) {
      const number = this.#leaves.length;
      this.#numbers[nid] = number + 1;
      if (this.#walk.isHome) this.#setLeaf(number);
      else this.#leaves.push(PLACEHOLDER);
      return number;
    }
    const number = known - 1;
    if (this.#leaves[number] === PLACEHOLDER && this.#walk.isHome) {
      this.#setLeaf(number);
      this.#homes.set(number, { directory, name });
    }
    return number;
  }

  #setLeaf(number: number): void {
    this.#leaves[number] = this.#walk.leaf();
    if (this.#walk.isExtended) this.#extended.add(number);
  }
}

/** Stands in the table where the home of a file has not been met. */
const PLACEHOLDER: Leaf<Content> = {
  kind: "regular",
  stat: { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] },
  file: { kind: "inline", bytes: new Uint8Array() },
};

/**
 * Makes of all inodes of an image the tree that they were made of.
 *
 * @module
 */

import { concatBytes, utf8 } from "../bytes/text.ts";
import type { ErofsImage } from "../erofs/image.ts";
import type { ImageEntry } from "../erofs/read_directory.ts";
import type { Content, Directory, Entry, Home, Leaf, Tree } from "../tree/tree.ts";
import { findLinks, type ImageNode, type ImageTree } from "./_image_tree.ts";
import { type ImageView, isWhiteout, Unoverlay } from "./unoverlay.ts";

/**
 * Makes the tree.
 *
 * @param version The image's format version.
 * @throws {ImageFormatError} If a file holds what an image cannot.
 */
export function readTree(
  image: ErofsImage,
  tree: ImageTree,
  version: number,
  view: ImageView,
): Tree<Content> {
  return new TreeBuilder(new Unoverlay(image, version, view), tree, view).run();
}

/** A directory whose entries are being filled in. */
interface Level {
  readonly node: ImageNode;
  readonly directory: Directory;
  readonly entries: Entry[];
  readonly isMarked: boolean;
  next: number;
}

class TreeBuilder {
  readonly #unoverlay: Unoverlay;
  readonly #tree: ImageTree;
  /** Entries that are not the homes of their files, or undefined if those are the first ones met. */
  readonly #links: ReadonlySet<ImageEntry> | undefined;
  readonly #leaves: Leaf<Content>[] = [];
  /** By nid: numbers of the leaves that have several names. */
  readonly #numbers = new Map<number, number>();
  readonly #homes = new Map<number, Home>();
  readonly #extended = new Set<number>();
  readonly #levels: Level[] = [];

  constructor(unoverlay: Unoverlay, tree: ImageTree, view: ImageView) {
    this.#unoverlay = unoverlay;
    this.#tree = tree;
    // In version 2 it is the first name met, as here.
    this.#links = view === "exact" && !unoverlay.isPlain ? findLinks(tree) : undefined;
  }

  run(): Tree<Content> {
    const root = this.#enter(this.#tree.root);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.node.entries[level.next];
      if (entry === undefined) this.#levels.pop();
      else this.#add(level, entry, level.node.children[level.next++]!);
    }
    const homes = this.#homes;
    const extended = this.#extended;
    const isUsual = homes.size + extended.size === 0;
    return { root, leaves: this.#leaves, ...(isUsual ? {} : { form: { homes, extended } }) };
  }

  #add(level: Level, entry: ImageEntry, node: ImageNode): void {
    if (this.#unoverlay.isHidden(node.inode)) return;
    const isDirectory = node.inode.kind === "directory";
    const leads = isDirectory ? this.#enter(node) : this.#number(level, entry, node);
    level.entries.push({ name: entry.name, node: leads });
  }

  /** The number of the leaf that a name leads to, which is put into the table at its home. */
  #number(level: Level, entry: ImageEntry, node: ImageNode): number {
    const { nid } = node.inode;
    if (!this.#tree.linked.has(nid)) return this.#addLeaf(level, node);
    const known = this.#numbers.get(nid);
    if (this.#links?.has(entry)) {
      if (known !== undefined) return known;
      const number = this.#leaves.push(PLACEHOLDER) - 1;
      this.#numbers.set(nid, number);
      return number;
    }
    if (known === undefined) {
      const number = this.#addLeaf(level, node);
      this.#numbers.set(nid, number);
      return number;
    }
    if (this.#leaves[known] === PLACEHOLDER) {
      this.#setLeaf(known, level, node);
      this.#homes.set(known, { directory: level.directory, name: entry.name });
    }
    return known;
  }

  #addLeaf(level: Level, node: ImageNode): number {
    const number = this.#leaves.length;
    this.#setLeaf(number, level, node);
    return number;
  }

  #setLeaf(number: number, { isMarked }: Level, node: ImageNode): void {
    const surroundings = isMarked ? this.#inMarked : this.#inOther;
    this.#leaves[number] = this.#unoverlay.leaf(node, surroundings);
    if (this.#unoverlay.isExtended(node.inode)) this.#extended.add(number);
  }

  #enter(node: ImageNode): Directory {
    const isMarked = this.#unoverlay.isMarked(node);
    const entries: Entry[] = [];
    const holdsWhiteout = isMarked && node.children.some((child, i) => {
      return isWhiteout(child) && !this.#links?.has(node.entries[i]!);
    });
    const stat = this.#unoverlay.directoryStat(node, holdsWhiteout);
    const directory: Directory = { kind: "directory", stat, entries, size: node.inode.size };
    this.#levels.push({ node, directory, entries, isMarked, next: 0 });
    return directory;
  }

  /** Path of the file that is being looked at, out of where the walk stands. */
  readonly #path = (): Uint8Array => {
    return concatBytes(...this.#levels.flatMap(({ node, next }) => {
      return [SLASH, node.entries[next - 1]!.name];
    }));
  };

  readonly #inMarked = { inMarked: true, path: this.#path };
  readonly #inOther = { inMarked: false, path: this.#path };
}

const SLASH = utf8("/");

/** Stands in the table where the home of a file has not been met. */
const PLACEHOLDER: Leaf<Content> = {
  kind: "regular",
  stat: { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] },
  file: { kind: "inline", bytes: new Uint8Array() },
};

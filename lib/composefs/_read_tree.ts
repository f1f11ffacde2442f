/**
 * Makes of all inodes of an image the tree that they were made of.
 *
 * @module
 */

import { concatBytes, utf8 } from "../bytes/text.ts";
import type { ErofsImage } from "../erofs/image.ts";
import type { ImageEntry } from "../erofs/read_directory.ts";
import type { Content, Directory, Entry, Leaf, Node, Tree } from "../tree/tree.ts";
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
  readonly entries: Entry<Content>[];
  readonly isMarked: boolean;
  next: number;
}

/** A hard link met before the name its file lives under. */
interface PendingLink {
  readonly entries: Entry<Content>[];
  readonly index: number;
  readonly nid: number;
}

class TreeBuilder {
  readonly #unoverlay: Unoverlay;
  readonly #tree: ImageTree;
  /** Entries that are links, or undefined if the first name met is a file's own. */
  readonly #links: ReadonlySet<ImageEntry> | undefined;
  readonly #leaves = new Map<number, Leaf<Content>>();
  readonly #pending: PendingLink[] = [];
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
    for (const { entries, index, nid } of this.#pending) {
      const target = this.#leaves.get(nid)!;
      entries[index] = { name: entries[index]!.name, node: { kind: "hardlink", target } };
    }
    return root;
  }

  #add(level: Level, entry: ImageEntry, node: ImageNode): void {
    if (this.#unoverlay.isHidden(node.inode)) return;
    const { name } = entry;
    if (node.inode.kind === "directory") {
      level.entries.push({ name, node: this.#enter(node) });
    } else if (this.#links?.has(entry)) {
      const index = level.entries.length;
      this.#pending.push({ entries: level.entries, index, nid: entry.nid });
      level.entries.push({ name, node: PLACEHOLDER });
    } else {
      level.entries.push({ name, node: this.#leafOrLink(node, level.isMarked) });
    }
  }

  #leafOrLink(node: ImageNode, inMarked: boolean): Node<Content> {
    const { nid } = node.inode;
    if (!this.#tree.linked.has(nid)) return this.#leaf(node, inMarked);
    const known = this.#leaves.get(nid);
    if (known !== undefined) return { kind: "hardlink", target: known };
    const leaf = this.#leaf(node, inMarked);
    this.#leaves.set(nid, leaf);
    return leaf;
  }

  #leaf(node: ImageNode, inMarked: boolean): Leaf<Content> {
    return this.#unoverlay.leaf(node, inMarked ? this.#inMarked : this.#inOther);
  }

  #enter(node: ImageNode): Directory<Content> {
    const isMarked = this.#unoverlay.isMarked(node);
    const entries: Entry<Content>[] = [];
    this.#levels.push({ node, entries, isMarked, next: 0 });
    const holdsWhiteout = isMarked && node.children.some((child, i) => {
      return isWhiteout(child) && !this.#links?.has(node.entries[i]!);
    });
    const stat = this.#unoverlay.directoryStat(node, holdsWhiteout);
    return { kind: "directory", stat, entries, size: node.inode.size };
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

const PLACEHOLDER: Node<Content> = {
  kind: "regular",
  stat: { mode: 0, uid: 0, gid: 0, nlink: 0, mtime: 0, mtimeNsec: 0, xattrs: [] },
  file: { kind: "inline", bytes: new Uint8Array() },
};

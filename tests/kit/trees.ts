/**
 * Trees, dumps and images for tests, each made in one line.
 *
 * @module
 */

import { Digest } from "../../lib/digest/digest.ts";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import { ErofsImage } from "../../lib/erofs/image.ts";
import type { ImageInode } from "../../lib/erofs/image_inode.ts";
import { type Dirent, readDirectory } from "../../lib/erofs/read_directory.ts";
import { parseDumpfile, type ParseDumpfileOptions } from "../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../lib/dumpfile/write.ts";
import { unusualHomes } from "../../lib/tree/homes.ts";
import type {
  Content,
  Directory,
  Entry,
  Home,
  ImageForm,
  Leaf,
  Node,
  Regular,
  Special,
  Stat,
  Symlink,
  Tree,
  Xattr,
} from "../../lib/tree/tree.ts";

/** The line of a root with nothing special about it. */
export const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -\n";

/** Metadata: all zero but permissions, unless said otherwise. */
export function stat(given: Partial<Stat> = {}): Stat {
  return { mode: 0o644, uid: 0, gid: 0, nlink: 1, mtime: 0, mtimeNsec: 0, xattrs: [], ...given };
}

/** A further name of a file whose home is elsewhere. */
export interface HardLink<File> {
  readonly linkTo: Leaf<File>;
}

/** What a test gives for a name: a leaf, given twice for a hard link, a further name of one, or a directory. */
export type Given<File> = Leaf<File> | HardLink<File> | GivenTree<File>;

/** A tree, or a directory of a larger one; its table is made when it is looked at. */
export class GivenTree<File> implements Tree<File> {
  readonly given: Record<string, Given<File>>;
  readonly stat: Stat;
  #made: Tree<File> | undefined;

  constructor(given: Record<string, Given<File>>, stat: Stat) {
    this.given = given;
    this.stat = stat;
  }

  /** The tree as plain values. */
  get made(): Tree<File> {
    return this.#made ??= makeTree(this);
  }

  get root(): Directory {
    return this.made.root;
  }

  get leaves(): readonly Leaf<File>[] {
    return this.made.leaves;
  }

  get form(): ImageForm {
    return this.made.form ?? {};
  }
}

/** Numbers leaves as a walk meets them. */
function makeTree<File>(given: GivenTree<File>): Tree<File> {
  const leaves: Leaf<File>[] = [];
  const numbers = new Map<Leaf<File>, number>();
  const homes = new Map<number, Home>();
  let names = 0;
  const numberOf = (leaf: Leaf<File>): number => {
    names++;
    let number = numbers.get(leaf);
    if (number === undefined) numbers.set(leaf, number = leaves.push(leaf) - 1);
    return number;
  };
  const levels: { items: [string, Given<File>][]; directory: Directory; entries: Entry[] }[] = [];
  const enter = ({ given, stat }: GivenTree<File>): Directory => {
    const entries: Entry[] = [];
    const directory: Directory = { kind: "directory", stat, entries };
    levels.push({ items: Object.entries(given).reverse(), directory, entries });
    return directory;
  };
  const root = enter(given);
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const item = level.items.pop();
    if (item === undefined) {
      levels.pop();
      continue;
    }
    const [text, what] = item;
    const name = utf8(text);
    if (what instanceof GivenTree) {
      level.entries.push({ name, node: enter(what) });
    } else if ("linkTo" in what) {
      level.entries.push({ name, node: numberOf(what.linkTo) });
    } else {
      const node = numberOf(what);
      level.entries.push({ name, node });
      if (!homes.has(node)) homes.set(node, { directory: level.directory, name });
    }
  }
  const tree: Tree<File> = { root, leaves };
  if (names === leaves.length) return tree;
  const unusual = unusualHomes(tree, homes);
  return unusual.size === 0 ? tree : { ...tree, form: { homes: unusual, extended: new Set() } };
}

/** A tree, or a directory of a larger one, with entries in the order given. */
export function directory<File = Content>(
  given: Record<string, Given<File>> = {},
  givenStat: Partial<Stat> = {},
): GivenTree<File> {
  return new GivenTree(given, stat({ mode: 0o755, ...givenStat }));
}

/** A tree of one directory with these entries, for names that are not UTF-8 or not in order. */
export function listing(
  ...entries: readonly (readonly [Uint8Array, Leaf<Content>])[]
): Tree<Content> {
  return {
    root: {
      kind: "directory",
      stat: stat({ mode: 0o755 }),
      entries: entries.map(([name], node) => ({ name, node })),
    },
    leaves: entries.map(([, leaf]) => leaf),
  };
}

/** The tree with some of its leaves in the extended form. */
export function extended(tree: Tree<Content>, ...leaves: readonly number[]): Tree<Content> {
  const { root, leaves: table, form } = tree;
  return { root, leaves: table, form: { ...form, extended: new Set(leaves) } };
}

/** A regular file kept in the image. */
export function inline(contents: string | Uint8Array, given: Partial<Stat> = {}): Regular<Content> {
  const bytes = typeof contents === "string" ? utf8(contents) : contents;
  return { kind: "regular", stat: stat(given), file: { kind: "inline", bytes } };
}

/** A regular file kept outside of the image. */
export function external(
  size: number,
  path?: string,
  digest?: Digest | Uint8Array,
  given: Partial<Stat> = {},
): Regular<Content> {
  return {
    kind: "regular",
    stat: stat(given),
    file: {
      kind: "external",
      size,
      ...(path === undefined ? {} : { path: utf8(path) }),
      ...(digest === undefined
        ? {}
        : { digest: digest instanceof Digest ? digest : Digest.of(digest)! }),
    },
  };
}

/** A symbolic link. */
export function symlink(target: string, given: Partial<Stat> = {}): Symlink {
  return { kind: "symlink", stat: stat(given), target: utf8(target) };
}

/** A device, fifo or socket. */
export function special(
  kind: Special["kind"],
  rdev = 0,
  given: Partial<Stat> = {},
): Special {
  return { kind, stat: stat(given), rdev };
}

/** A further name of a file. */
export function hardLink<File = Content>(linkTo: Leaf<File>): HardLink<File> {
  return { linkTo };
}

/** An xattr. */
export function xattr(name: string, value: string | Uint8Array = ""): Xattr {
  return { name: utf8(name), value: typeof value === "string" ? utf8(value) : value };
}

/** Parses dump text. */
export function parse(dump: string, options: ParseDumpfileOptions = {}): Tree<Content> {
  return parseDumpfile([utf8(dump)], options);
}

/** A tree as dump text. */
export function dumpText(tree: Tree<Content>): string {
  return new TextDecoder().decode(dumpBytes(tree));
}

/** A tree as a dump in one piece. */
export function dumpBytes(tree: Tree<Content>): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  for (const chunk of writeDumpfile(tree)) chunks.push(chunk.slice());
  return concatBytes(...chunks);
}

/** The file at names below the root. */
export function nodeAt<File>(tree: Tree<File>, ...names: readonly string[]): Node<File> {
  const found = entryAt(tree, ...names);
  return typeof found === "number" ? tree.leaves[found]! : found;
}

/** What the names lead to in the tree: a directory or the number of a leaf. */
export function entryAt<File>(
  { root }: Tree<File>,
  ...names: readonly string[]
): Directory | number {
  let node: Directory | number = root;
  for (const name of names) {
    const wanted = utf8(name).join();
    const found: Entry | undefined = typeof node === "number"
      ? undefined
      : node.entries.find((entry) => entry.name.join() === wanted);
    if (found === undefined) throw new RangeError(`No "${name}" there`);
    node = found.node;
  }
  return node;
}

/** Where something of an image stands: its inode, and the dirent that leads there. */
export interface Located {
  readonly inode: ImageInode;
  /** Undefined for the root. */
  readonly entry: Dirent | undefined;
}

/** Finds an inode of a sound image by the names that lead there. */
export function locate(image: Uint8Array, ...names: readonly string[]): Located {
  const reader = new ErofsImage(image);
  let inode = reader.inode(reader.superBlock.rootNid);
  let parent = inode.nid;
  let entry: Dirent | undefined;
  for (const name of names) {
    const wanted = utf8(name).join();
    entry = readDirectory(reader, inode, parent).find((each) => each.name.join() === wanted);
    if (entry === undefined) throw new RangeError(`No "${name}" there`);
    parent = inode.nid;
    inode = reader.inode(entry.nid);
  }
  return { inode, entry };
}

/** A copy of an image with some of its bytes changed. */
export function patched(
  image: Uint8Array,
  change: (view: DataView<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>) => void,
): Uint8Array<ArrayBuffer> {
  const copy = image.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
}

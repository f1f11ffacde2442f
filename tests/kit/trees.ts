/**
 * Trees, dumps and images for tests, each made in one line.
 *
 * @module
 */

import { Digest } from "../../lib/digest/digest.ts";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import { ErofsImage, type ImageInode } from "../../lib/erofs/image.ts";
import { type ImageEntry, readDirectory } from "../../lib/erofs/read_directory.ts";
import { parseDumpfile, type ParseDumpfileOptions } from "../../lib/dumpfile/parse.ts";
import { writeDumpfile } from "../../lib/dumpfile/write.ts";
import type {
  Content,
  Directory,
  HardLink,
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

/** A directory of entries in the order given. */
export function directory<File = Content>(
  entries: Record<string, Node<File>> = {},
  given: Partial<Stat> = {},
): Directory<File> {
  return {
    kind: "directory",
    stat: stat({ mode: 0o755, ...given }),
    entries: Object.entries(entries).map(([name, node]) => ({ name: utf8(name), node })),
  };
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
export function hardLink(target: Leaf<Content>): HardLink<Content> {
  return { kind: "hardlink", target };
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

/** The node at names below a directory. */
export function nodeAt(tree: Directory<Content>, ...names: readonly string[]): Node<Content> {
  let node: Node<Content> = tree;
  for (const name of names) {
    const wanted = utf8(name).join();
    const found: Node<Content> | undefined = node.kind === "directory"
      ? node.entries.find((entry) => entry.name.join() === wanted)?.node
      : undefined;
    if (found === undefined) throw new RangeError(`No "${name}" there`);
    node = found;
  }
  return node;
}

/** Where something of an image stands: its inode, and the dirent that leads there. */
export interface Located {
  readonly inode: ImageInode;
  /** Undefined for the root. */
  readonly entry: ImageEntry | undefined;
}

/** Finds an inode of a sound image by the names that lead there. */
export function locate(image: Uint8Array, ...names: readonly string[]): Located {
  const reader = new ErofsImage(image);
  let inode = reader.inode(reader.superBlock.rootNid);
  let parent = inode.nid;
  let entry: ImageEntry | undefined;
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

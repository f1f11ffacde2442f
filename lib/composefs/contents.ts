/**
 * Decides what becomes of each regular file: small ones into the image, the others named by digest.
 *
 * Digesting is the one step whose cost grows with file contents, so it stands behind a port:
 * {@linkcode FileReader} here reads one file after the other, and may be replaced by one that uses
 * several threads.
 *
 * @module
 */

import { printable, utf8 } from "../bytes/text.ts";
import { fsVerityDigest, FsVerityHasher } from "../fsverity/digest.ts";
import { objectPath } from "../store/object_path.ts";
import type { ObjectStore } from "../store/object_store.ts";
import type { Source } from "../tree/scan.ts";
import type { SourceFile, SourceTree } from "../tree/source.ts";
import type { Content, Directory, Entry, Leaf, Node, Regular, Tree } from "../tree/tree.ts";
import { walk } from "../tree/walk.ts";

/** Files up to this many bytes are kept in the image, as mkcomposefs 1.0.8 does. */
export const INLINE_THRESHOLD = 64;

/** What is done with contents. */
export interface ContentsOptions {
  /** Where files above 64 bytes are put. Without one they are only digested. */
  readonly store?: ObjectStore;
  /** Told how many bytes of files have been read, of how many. */
  readonly onRead?: (done: number, total: number) => void;
  /** Reads the files instead of one after the other in this thread. */
  readonly readFiles?: FileReader;
}

/**
 * Reads files and puts those above the inline threshold into the store.
 *
 * @returns The contents of each file, in the order of `files`.
 */
export type FileReader = (
  files: readonly Source[],
  onRead: (bytes: number) => void,
) => Promise<Content[]>;

/**
 * Reads every regular file of a scanned tree.
 *
 * @throws {RangeError} If a file's length is not what it was when it was scanned.
 */
export async function resolveContents(
  tree: Tree<Source>,
  source: SourceTree,
  options: ContentsOptions = {},
): Promise<Tree<Content>> {
  const files: Source[] = [];
  let total = 0;
  for (const { node } of walk(tree)) {
    if (node.kind !== "regular") continue;
    files.push(node.file);
    total += node.file.size;
  }
  const readFiles = options.readFiles ?? sequentialReader(source, options.store);
  let done = 0;
  const contents = await readFiles(files, (bytes) => {
    done += bytes;
    options.onRead?.(done, total);
  });
  return replaceFiles(tree, new Map(files.map((file, i) => [file, contents[i]!])));
}

/** A reader that takes one file after the other, in this thread. */
export function sequentialReader(source: SourceTree, store?: ObjectStore): FileReader {
  const reader = new OneFileReader(source, store);
  // deno-lint-ignore require-await -- a port that others implement with threads
  return async (files, onRead) =>
    files.map((file) => {
      const content = reader.read(file);
      onRead(file.size);
      return content;
    });
}

/** Bytes read at a time. Files up to this size are read once, larger ones once more to be stored. */
const CHUNK_SIZE = 1 << 20;
const EMPTY: Content = { kind: "inline", bytes: new Uint8Array() };

/** Reads files one at a time, through one buffer. */
export class OneFileReader {
  readonly #source: SourceTree;
  readonly #store: ObjectStore | undefined;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);

  constructor(source: SourceTree, store?: ObjectStore) {
    this.#source = source;
    this.#store = store;
  }

  /** Reads a file: digests it and, if it is not to be inline, puts it into the store. */
  read(file: Source): Content {
    if (file.size === 0) return EMPTY;
    using open = this.#source.open(file.path);
    return file.size <= CHUNK_SIZE ? this.#readSmall(file, open) : this.#readLarge(file, open);
  }

  #readSmall(file: Source, open: SourceFile): Content {
    // The whole buffer is asked for, so that a file that has grown is noticed.
    const length = open.readAt(this.#buffer, 0);
    checkLength(file, length === file.size ? open.size : length);
    const contents = this.#buffer.subarray(0, length);
    if (length <= INLINE_THRESHOLD) return { kind: "inline", bytes: contents.slice() };
    const digest = fsVerityDigest(contents);
    this.#put(digest, length, contents);
    return external(length, digest);
  }

  #readLarge(file: Source, open: SourceFile): Content {
    const hasher = new FsVerityHasher();
    let position = 0;
    while (true) {
      const length = open.readAt(this.#buffer, position);
      if (length === 0) break;
      position += length;
      if (position > file.size) break;
      hasher.update(this.#buffer.subarray(0, length));
    }
    checkLength(file, position);
    const digest = hasher.digest();
    this.#put(digest, file.size, open);
    return external(file.size, digest);
  }

  #put(digest: Uint8Array, size: number, contents: Uint8Array<ArrayBuffer> | SourceFile): void {
    if (this.#store === undefined || this.#store.has(digest, size)) return;
    this.#store.put(digest, size, contents);
  }
}

function checkLength(file: Source, length: number): void {
  if (length === file.size) return;
  throw new RangeError(
    `Cannot digest "${printable(file.path)}": it changed while it was read, ` +
      `${length} bytes where ${file.size} were expected`,
  );
}

function external(size: number, digest: Uint8Array): Content {
  return { kind: "external", size, path: utf8(objectPath(digest)), digest };
}

/** The same tree with each source replaced by its contents, without recursion. */
function replaceFiles(
  tree: Tree<Source>,
  contents: ReadonlyMap<Source, Content>,
): Tree<Content> {
  const leaves = new Map<Leaf<Source>, Leaf<Content>>();
  const leaf = (node: Leaf<Source>): Leaf<Content> => {
    if (node.kind !== "regular") return node;
    const made = leaves.get(node);
    if (made !== undefined) return made;
    const replaced: Regular<Content> = { ...node, file: contents.get(node.file)! };
    leaves.set(node, replaced);
    return replaced;
  };
  const root: Entry<Content>[] = [];
  const pending: { from: Directory<Source>; to: Entry<Content>[] }[] = [{ from: tree, to: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const { name, node } of next.from.entries) {
      let replaced: Node<Content>;
      if (node.kind === "directory") {
        const entries: Entry<Content>[] = [];
        pending.push({ from: node, to: entries });
        replaced = { ...node, entries };
      } else {
        replaced = node.kind === "hardlink"
          ? { kind: "hardlink", target: leaf(node.target) }
          : leaf(node);
      }
      next.to.push({ name, node: replaced });
    }
  }
  return { ...tree, entries: root };
}

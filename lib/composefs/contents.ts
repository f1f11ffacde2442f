/**
 * Decides what becomes of each regular file: small ones into the image, the others named by digest.
 *
 * Digesting is the one step whose cost grows with file contents, so it stands behind a port:
 * the {@linkcode FileReader} here reads one file after the other, and may be replaced by one that uses
 * several threads.
 *
 * @module
 */

import { Arena } from "../bytes/arena.ts";
import { copyBytes } from "../bytes/copy.ts";
import { printable } from "../bytes/text.ts";
import type { File } from "../file/file.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import { hashFile } from "../digest/hash_file.ts";
import { Digest } from "../digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../digest/hasher.ts";
import { objectPathSize, writeObjectPath } from "../digest/object_path.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { Source } from "../tree/scan.ts";
import type { SourceTree } from "../tree/source.ts";
import type { Content, Tree } from "../tree/tree.ts";

/** Files up to this many bytes are kept in the image, as mkcomposefs 1.0.8 does. */
export const INLINE_THRESHOLD = 64;

/** What is done with contents. */
export interface ContentsOptions {
  /** By what files are digested. SHA-256 if absent. */
  readonly algorithm?: HashAlgorithm;
  /** Where files above 64 bytes are put. Without one they are only digested. */
  readonly store?: ObjectStore;
  /** Told how many bytes of files have been read, of how many that are known of so far. */
  readonly onRead?: (done: number, total: number) => void;
  /** Reads the files instead of one after the other in this thread. */
  readonly reader?: FileReader;
}

/** Reads files and puts those above the inline threshold into the store. */
export interface FileReader {
  /**
   * Takes a file to read, at once or later.
   *
   * @returns Its contents. Arrays in it are of their final length, and may get their final bytes later.
   * @throws {RangeError} If it, or one taken earlier, is not as long as it was when it was scanned.
   */
  add(file: Source): Content;
  /** Reads what is left; then the contents of every file that was added are what they should be. */
  finish(): Promise<void>;
}

/**
 * Reads every regular file of a scanned tree.
 *
 * @returns A tree of the same directories.
 * @throws {RangeError} If a file's length is not what it was when it was scanned.
 */
export async function resolveContents(
  tree: Tree<Source>,
  source: SourceTree,
  options: ContentsOptions = {},
): Promise<Tree<Content>> {
  const reader = options.reader ?? new SequentialReader(source, options);
  const contents = new Map<Source, Content>();
  for (const leaf of tree.leaves) {
    if (leaf.kind !== "regular" || contents.has(leaf.file)) continue;
    contents.set(leaf.file, reader.add(leaf.file));
  }
  await reader.finish();
  const leaves = tree.leaves.map((leaf) =>
    leaf.kind === "regular" ? { ...leaf, file: contents.get(leaf.file)! } : leaf
  );
  const { root, form } = tree;
  return form === undefined ? { root, leaves } : { root, leaves, form };
}

/** Bytes read at a time. Files up to this size are read once, larger ones once more to be stored. */
const CHUNK_SIZE = 1 << 20;

/** Contents of a file that has none. */
export const EMPTY: Content = { kind: "inline", bytes: new Uint8Array() };

/** Reads files one at a time, through one buffer, as soon as they are added. */
export class SequentialReader implements FileReader {
  readonly #source: SourceTree;
  readonly #options: ContentsOptions;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  readonly #contents = new ContentMaker();
  #done = 0;

  /** Uses the store and the listener of the options. */
  constructor(source: SourceTree, options: ContentsOptions = {}) {
    this.#source = source;
    this.#options = options;
  }

  add(file: Source): Content {
    const content = this.#read(file);
    this.#done += file.size;
    this.#options.onRead?.(this.#done, this.#done);
    return content;
  }

  /** Has nothing left to read. */
  async finish(): Promise<void> {}

  #read(file: Source): Content {
    if (file.size === 0) return EMPTY;
    using open = this.#source.open(file.path);
    checkLength(file, open.size);
    return file.size <= CHUNK_SIZE ? this.#readSmall(file, open) : this.#readLarge(file, open);
  }

  #readSmall(file: Source, open: File): Content {
    const contents = this.#buffer.subarray(0, file.size);
    checkLength(file, open.readAt(contents, 0));
    if (file.size <= INLINE_THRESHOLD) return { kind: "inline", bytes: contents.slice() };
    const { algorithm = "sha256" } = this.#options;
    const digest = fsVerityDigest(contents, { algorithm });
    this.#put(digest, file.size, contents);
    return this.#contents.external(file.size, digest);
  }

  #readLarge(file: Source, open: File): Content {
    const hasher = hashFile(open, {
      algorithm: this.#options.algorithm ?? "sha256",
      buffer: this.#buffer,
      limit: file.size + 1,
    });
    checkLength(file, hasher.size);
    const digest = hasher.digest();
    this.#put(digest, file.size, open);
    return this.#contents.external(file.size, digest);
  }

  #put(digest: Digest, size: number, contents: Uint8Array<ArrayBuffer> | File): void {
    const { store } = this.#options;
    if (store === undefined || store.has(digest, size)) return;
    store.put(digest, size, contents);
  }
}

function checkLength({ path, size }: Source, length: number): void {
  if (length !== size) throw wrongLength(`"${printable(path)}"`, length, size);
}

/** The error of a file that is not as long as it was a moment before. */
export function wrongLength(shown: string, length: number, expected: number): RangeError {
  return changedError(shown, `${length} bytes where ${expected} were expected`);
}

/** The error of a file that is not what it was a moment before; `shown` has quotes of its own. */
export function changedError(shown: string, state: string): RangeError {
  return new RangeError(`Cannot digest ${shown}: it changed while it was read, ${state}`);
}

/** Makes contents. Digests and paths of objects are cut out of larger blocks: there are many. */
export class ContentMaker {
  readonly #arena = new Arena();

  /** Contents that are an object. */
  external(size: number, digest: Digest): Content {
    const length = objectPathSize(digest.bytes.length);
    this.#arena.reserve(length);
    const path = this.#arena.take(length);
    writeObjectPath(path, digest.bytes);
    return { kind: "external", size, path, digest };
  }

  /** Contents of a file that is yet to be read: in form, but for their bytes, what they are going to be. */
  pending(size: number, algorithm: HashAlgorithm = "sha256"): Content {
    if (size <= INLINE_THRESHOLD) return { kind: "inline", bytes: new Uint8Array(size) };
    const { digestSize } = HASH_ALGORITHMS[algorithm];
    this.#arena.reserve(digestSize);
    return this.external(size, new Digest(algorithm, this.#arena.take(digestSize)));
  }
}

/** Puts a file's bytes, or its digest, into contents that were pending. */
export function completeContent(content: Content, bytes: Uint8Array): void {
  if (content.kind === "inline") {
    copyBytes(content.bytes, 0, bytes);
  } else {
    copyBytes(content.digest!.bytes, 0, bytes);
    writeObjectPath(content.path!, bytes);
  }
}

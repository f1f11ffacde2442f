/**
 * Reading the regular files of a tree: small ones into the image, the others digested and, if there is a
 * store, put there.
 *
 * It is the one step whose cost grows with file contents, so it stands behind a port: the reader here takes
 * one file after the other, and may be replaced by one that uses several threads.
 *
 * @module
 */

import { IntegrityError } from "../digest/integrity_error.ts";
import { quote } from "../bytes/text.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import { hashFile } from "../digest/hash_file.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import type { File } from "../file/file.ts";
import { type ObjectStore, putObject } from "../objects/object_store.ts";
import { joinName } from "../tree/scan.ts";
import type { SourceEntry, SourceTree } from "../tree/source.ts";
import { type Contents, ContentTable, INLINE_THRESHOLD, joinDigests } from "./contents.ts";

/** What is done with contents. */
export interface ReadFilesOptions {
  /** By what files are digested; SHA-256 if absent. With a store it must be one. */
  readonly algorithms?: readonly HashAlgorithm[];
  /** Where files above 64 bytes are put; flushed at the end. Without one they are only digested. */
  readonly store?: ObjectStore;
  /** Told how many bytes of files have been read, and of how many once all files are known. */
  readonly onRead?: (done: number, total?: number) => void;
}

/** Reads files and puts those above the inline threshold into the store. */
export interface FileReader {
  /**
   * Takes a file to read, at once or later.
   *
   * @param directory Path of the directory that it is in, relative to the root of the source.
   * @returns The number of its row in what `finish` gives.
   * @throws {IntegrityError} If it, or one taken earlier, is not as long as it was when it was scanned.
   */
  add(file: SourceEntry, directory: Uint8Array): number;
  /** Reads what is left, and gives what became of every file that was added. */
  finish(): Promise<Contents>;
}

/** Bytes read at a time. Files up to this size are read once, larger ones once more to be stored. */
const CHUNK_SIZE = 1 << 20;

const SHA256_ALONE: readonly HashAlgorithm[] = ["sha256"];

/** Reads files one at a time, through one buffer, as soon as they are added. */
export class SequentialReader implements FileReader {
  readonly #source: SourceTree;
  readonly #options: ReadFilesOptions;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly #table: ContentTable;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  #done = 0;

  /** Uses the store and the listener of the options. */
  constructor(source: SourceTree, options: ReadFilesOptions = {}) {
    const { algorithms = SHA256_ALONE } = options;
    checkAlgorithms(algorithms, options.store !== undefined);
    this.#source = source;
    this.#options = options;
    this.#algorithms = algorithms;
    this.#table = new ContentTable(algorithms);
  }

  add({ name, size }: SourceEntry, directory: Uint8Array): number {
    const row = this.#table.add(size);
    if (size > 0) this.#table.fill(row, this.#read(joinName(directory, name), size));
    this.#done += size;
    this.#options.onRead?.(this.#done);
    return row;
  }

  /** Has nothing left to read; what the store has been given is on the disk after this. */
  // deno-lint-ignore require-await -- the port is for readers that wait, too
  async finish(): Promise<Contents> {
    this.#options.onRead?.(this.#done, this.#done);
    this.#options.store?.flush();
    return this.#table.complete();
  }

  #read(path: Uint8Array, size: number): Uint8Array {
    const name = quote(path);
    using open = this.#source.open(path);
    checkLength(name, open.size, size);
    return size <= CHUNK_SIZE
      ? this.#readSmall(name, size, open)
      : this.#readLarge(name, size, open);
  }

  #readSmall(name: string, size: number, open: File): Uint8Array {
    const contents = this.#buffer.subarray(0, size);
    checkLength(name, open.readAt(contents, 0), size);
    return rowOf(contents, this.#algorithms, this.#options.store);
  }

  #readLarge(name: string, size: number, open: File): Uint8Array {
    const options = { buffer: this.#buffer, limit: size + 1 };
    const digests = this.#algorithms.map((algorithm) => {
      const hasher = hashFile(open, { ...options, algorithm });
      checkLength(name, hasher.size, size);
      return hasher.digest();
    });
    const { store } = this.#options;
    if (store !== undefined) putObject(store, digests[0]!, size, open);
    return joinDigests(digests);
  }
}

/**
 * What stands in the row of a file that is in memory: all of it if it is kept in the image, else its digests. Puts it
 * into the store, if there is one.
 */
export function rowOf(
  contents: Uint8Array,
  algorithms: readonly HashAlgorithm[],
  store: ObjectStore | undefined,
): Uint8Array {
  if (contents.length <= INLINE_THRESHOLD) return contents;
  const digests = algorithms.map((algorithm) => fsVerityDigest(contents, { algorithm }));
  if (store !== undefined) putObject(store, digests[0]!, contents.length, contents);
  return joinDigests(digests);
}

/**
 * Refuses what a reader cannot do.
 *
 * @throws {TypeError} If there are no algorithms, or several and a store, whose objects have one name each.
 */
export function checkAlgorithms(algorithms: readonly HashAlgorithm[], hasStore: boolean): void {
  if (algorithms.length === 0) throw new TypeError("Cannot digest files: expected an algorithm");
  if (hasStore && algorithms.length > 1) {
    throw new TypeError("Cannot store objects under several digests: expected one algorithm");
  }
}

function checkLength(name: string, length: number, expected: number): void {
  if (length !== expected) throw wrongLength(name, length, expected);
}

/** The error of a file that is not as long as it was a moment before. */
export function wrongLength(shown: string, length: number, expected: number): IntegrityError {
  return changedError(shown, `${length} bytes where ${expected} were expected`);
}

/** The error of a file that is not what it was a moment before; `shown` has quotes of its own. */
export function changedError(shown: string, state: string): IntegrityError {
  return new IntegrityError("changed", shown, `it changed while it was read, ${state}`, "digest");
}

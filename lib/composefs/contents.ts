/**
 * What becomes of the regular files of a tree, as a table: a row a file, in which its contents or its
 * digests stand once it has been read.
 *
 * A file is a number from when it is found; its row is filled in whenever a thread is done with it, and
 * only a table all of whose rows are filled can be read as {@linkcode Contents}.
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { concatBytes } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { Digest } from "../digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../digest/hasher.ts";
import { objectPathSize, writeObjectPath } from "../digest/object_path.ts";
import type { Content } from "../tree/tree.ts";

/** Files up to this many bytes are kept in the image, as mkcomposefs 1.0.8 does. */
export const INLINE_THRESHOLD = 64;

/** What became of files, by the numbers of their rows. Arrays that it gives are views of the table. */
export interface Contents {
  /** By which files have been digested. */
  readonly algorithms: readonly HashAlgorithm[];
  /** Length of a file in bytes. Up to {@linkcode INLINE_THRESHOLD} it is kept in the image. */
  size(row: number): number;
  /** The whole of a file that is kept in the image. */
  inline(row: number): Uint8Array;
  /** Bytes of the digest of any other file, by one of `algorithms`. */
  digestBytes(row: number, algorithm: HashAlgorithm): Uint8Array;
  /** A row as a file of a tree has it. */
  content(row: number, algorithm: HashAlgorithm): Content;
}

/** The digests of a file as its row has them: one behind the other, in the order of the algorithms. */
export function joinDigests(digests: readonly Digest[]): Uint8Array {
  return digests.length === 1
    ? digests[0]!.bytes
    : concatBytes(...digests.map(({ bytes }) => bytes));
}

/** Rows that share one piece of memory. */
const ROWS_PER_PAGE = 1024;

/** Contents while files are being read. */
export class ContentTable {
  readonly #algorithms: readonly HashAlgorithm[];
  /** Where in a cell the digest by each of them is. */
  readonly #offsets: Readonly<Record<HashAlgorithm, number>>;
  /** Bytes of all digests of a file, one behind the other. */
  readonly #digestsSize: number;
  /** Bytes of a cell: digests, or contents. */
  readonly #cellSize: number;
  readonly #sizes: number[] = [];
  readonly #pages: Uint8Array<ArrayBuffer>[] = [];
  /** Rows that have not been filled in. */
  #pending = 0;

  /** Begins without rows. */
  constructor(algorithms: readonly HashAlgorithm[] = ["sha256"]) {
    const offsets = { sha256: -1, sha512: -1 };
    let end = 0;
    for (const algorithm of algorithms) {
      offsets[algorithm] = end;
      end += HASH_ALGORITHMS[algorithm].digestSize;
    }
    this.#algorithms = algorithms;
    this.#offsets = offsets;
    this.#digestsSize = end;
    this.#cellSize = Math.max(end, INLINE_THRESHOLD);
  }

  /** Adds a file; gives the number of its row. */
  add(size: number): number {
    const row = this.#sizes.push(size) - 1;
    if (row % ROWS_PER_PAGE === 0) {
      this.#pages.push(new Uint8Array(ROWS_PER_PAGE * this.#cellSize));
    }
    if (size > 0) this.#pending++;
    return row;
  }

  /** Length of a file in bytes. */
  size(row: number): number {
    return this.#sizes[row]!;
  }

  /**
   * Fills in a row: with the contents of a file that is kept in the image, with the digests of any other, one
   * behind the other in the order of the algorithms. To be called once for each file that is not empty.
   *
   * @param bytes Copied.
   */
  fill(row: number, bytes: Uint8Array): void {
    const size = this.#sizes[row]!;
    const expected = size <= INLINE_THRESHOLD ? size : this.#digestsSize;
    if (bytes.length !== expected) {
      throw new TypeError(`Row ${row} of ${bytes.length} bytes, expected ${expected}`);
    }
    copyBytes(this.#page(row), this.#start(row), bytes);
    this.#pending--;
  }

  /** The digest of a file whose row is filled in: a view of the table, in which it stays as it is. */
  digest(row: number, algorithm: HashAlgorithm): Digest {
    return new Digest(algorithm, this.#digestBytes(row, algorithm));
  }

  /** The same table, to be read. To be called when all rows have been filled in. */
  complete(): Contents {
    if (this.#pending !== 0) throw new TypeError(`${this.#pending} files have not been read`);
    return {
      algorithms: this.#algorithms,
      size: (row) => this.#sizes[row]!,
      inline: (row) => this.#inline(row),
      digestBytes: (row, algorithm) => this.#digestBytes(row, algorithm),
      content: (row, algorithm) => this.#content(row, algorithm),
    };
  }

  #page(row: number): Uint8Array<ArrayBuffer> {
    return this.#pages[Math.floor(row / ROWS_PER_PAGE)]!;
  }

  #start(row: number): number {
    return row % ROWS_PER_PAGE * this.#cellSize;
  }

  #inline(row: number): Uint8Array {
    const start = this.#start(row);
    return viewOf(this.#page(row), start, start + this.#sizes[row]!);
  }

  #digestBytes(row: number, algorithm: HashAlgorithm): Uint8Array {
    const start = this.#start(row) + this.#offsets[algorithm];
    return viewOf(this.#page(row), start, start + HASH_ALGORITHMS[algorithm].digestSize);
  }

  #content(row: number, algorithm: HashAlgorithm): Content {
    const size = this.#sizes[row]!;
    if (size <= INLINE_THRESHOLD) return { kind: "inline", bytes: this.#inline(row) };
    const digest = this.digest(row, algorithm);
    const path = new Uint8Array(objectPathSize(digest.bytes.length));
    writeObjectPath(path, digest.bytes);
    return { kind: "external", size, path, digest };
  }
}

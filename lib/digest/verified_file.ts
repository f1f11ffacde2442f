/**
 * Reading a file whose fs-verity digest is known, so that nothing is handed out that was not verified.
 *
 * Where the file's Merkle tree is at hand, each block is hashed once, as it is handed out. Where it is not,
 * the whole file is hashed when it is opened, and what is read later is hashed again: a file that changes
 * in between is noticed before its bytes are handed out.
 *
 * @module
 */

import { alignUp } from "../bytes/align.ts";
import type { File, Stretch } from "../file/file.ts";
import { type ExpectedFile, HashTree, TREE_BLOCK_SIZE, TreeDamage } from "./hash_tree.ts";
import { hasDigestByOther } from "./other_parameters.ts";
import { IntegrityError } from "./integrity_error.ts";
import {
  type BlockReader,
  checkEnd,
  type HashedFile,
  MAX_KEPT_SIZE,
  type MerkleTreeSource,
  SEQUENTIAL_TREES,
  wrongSize,
} from "./tree_source.ts";

/** What a file is expected to be, and where its tree comes from. */
export interface OpenVerifiedOptions extends ExpectedFile {
  /** Finds and makes trees; by default there is none at hand, and this thread makes them. */
  readonly trees?: MerkleTreeSource | undefined;
  /**
   * The file's tree, if it has just been made, with the digest, of the file as it is.
   *
   * @internal
   */
  readonly tree?: File | undefined;
}

/**
 * Opens a file for verified reading.
 *
 * @param file Closed with what is returned, and at once if this throws.
 * @returns The file. Its `readAt` throws an `IntegrityError`, and hands out nothing of the block concerned, if
 * a block is not what the digest says or, where that was not known before, not what it was when it was opened.
 * @throws {IntegrityError} If the size is not as expected; without a tree at hand, also if the digest is not.
 *
 * @example Read a file, and one that is not what it should be
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { fsVerityDigest, IntegrityError, memoryFile, openVerified } from "composefs-ts";
 *
 * const contents = new TextEncoder().encode("hello");
 * const expected = { digest: fsVerityDigest(contents), size: 5 };
 * using file = openVerified(memoryFile(contents), expected);
 * const into = new Uint8Array(5);
 * assertEquals(file.readAt(into, 0), 5);
 * assertEquals(into, contents);
 *
 * const other = memoryFile(new TextEncoder().encode("jello"));
 * assertThrows(() => openVerified(other, expected), IntegrityError);
 * ```
 */
export function openVerified(file: File, options: OpenVerifiedOptions): File {
  try {
    return openExpected(file, options);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function openExpected(file: File, options: OpenVerifiedOptions): File {
  const { trees = SEQUENTIAL_TREES, tree: made, ...expected } = options;
  if (file.size !== expected.size) throw wrongSize(file.size, expected);
  const found = made === undefined ? openAtHand(file, options) : undefined;
  if (found !== undefined) return found;
  const hashed = made === undefined
    ? trees.hash(file, expected)
    : { tree: made, digest: expected.digest };
  if (hashed.digest.equals(expected.digest)) return openHashed(file, hashed, { expected, trees });
  // The tree vouches for what is read once more of a file that may change meanwhile.
  const asItIs = { ...expected, digest: hashed.digest };
  const parameters = trees.otherParameters?.(file) ?? [];
  if (parameters.length > 0) {
    const verified = openHashed(file, hashed, { expected: asItIs, trees });
    if (hasDigestByOther(verified, expected.digest, parameters)) return verified;
    verified[Symbol.dispose]();
  }
  throw otherDigest(hashed, expected);
}

/** Opens a file that has just been hashed, and has the digest that is expected. */
function openHashed(
  file: File,
  hashed: HashedFile,
  { expected, trees }: { readonly expected: ExpectedFile; readonly trees: MerkleTreeSource },
): File {
  if (hashed.kept !== undefined) {
    file[Symbol.dispose]();
    return hashed.kept;
  }
  const tree = HashTree.open(hashed.tree, expected)!;
  return new VerifiedFile(file, expected, { trees, tree, isOwn: true });
}

/**
 * Opens a file, of the length that is expected, if its tree is at hand.
 *
 * @returns Undefined if there is none; then nothing has been done with the file.
 * @throws {IntegrityError} If the file does not end where it should.
 */
export function openAtHand(file: File, options: OpenVerifiedOptions): File | undefined {
  const { trees = SEQUENTIAL_TREES, tree: _, ...expected } = options;
  const found = expected.size <= MAX_KEPT_SIZE ? undefined : trees.find(file, expected);
  const tree = found === undefined ? undefined : HashTree.open(found, expected);
  if (tree === undefined) return undefined;
  try {
    checkEnd(file, expected);
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
  return new VerifiedFile(file, expected, { trees, tree, isOwn: false });
}

/** @throws {IntegrityError} If the contents are not what is expected. */
function hashExpected(file: File, expected: ExpectedFile, trees: MerkleTreeSource): HashedFile {
  const hashed = trees.hash(file, expected);
  if (hashed.digest.equals(expected.digest)) return hashed;
  throw otherDigest(hashed, expected);
}

function otherDigest(hashed: HashedFile, { digest, name = "file" }: ExpectedFile): IntegrityError {
  hashed.kept?.[Symbol.dispose]();
  const state = `fs-verity digest ${hashed.digest.toHex()}, expected ${digest.toHex()}`;
  return new IntegrityError("digest", name, state);
}

/** What a file is verified by. */
export interface VerifiedFileOptions {
  /** Makes the tree anew if it turns out to be damaged, and reads the file. */
  readonly trees: MerkleTreeSource;
  /** Closed with the file. */
  readonly tree: HashTree;
  /** Whether the tree was made of this file just before: what differs has changed since. */
  readonly isOwn: boolean;
}

const NOTHING = new Uint8Array(0);

/** A file of which each block is held against a Merkle tree before it is handed out. */
export class VerifiedFile implements File {
  readonly size: number;
  readonly #file: File;
  readonly #expected: ExpectedFile;
  readonly #trees: MerkleTreeSource;
  #tree: HashTree;
  #isOwn: boolean;
  #reader: BlockReader | undefined;
  /** The chunk that was verified last, and where it begins. */
  #chunk: Uint8Array = NOTHING;
  #start = 0;
  /** Where the data end that were found last: before that, no hole is looked for. */
  #dataEnd = 0;
  #zeros = NOTHING;

  /** Takes over a file that is as long as it should be. */
  constructor(file: File, expected: ExpectedFile, { trees, tree, isOwn }: VerifiedFileOptions) {
    this.size = expected.size;
    this.#file = file;
    this.#expected = expected;
    this.#trees = trees;
    this.#tree = tree;
    this.#isOwn = isOwn;
  }

  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    for (let done = 0; done < length;) {
      const part = this.bytesAt(position + done).subarray(0, length - done);
      into.set(part, done);
      done += part.length;
    }
    return length;
  }

  /**
   * Gives the contents from a position on, as far as they have been verified together.
   *
   * @throws {IntegrityError} If they are not what they should be.
   */
  bytesAt(position: number): Uint8Array {
    if (position >= this.size) return NOTHING;
    const end = this.#start + this.#chunk.length;
    if (position < this.#start || position >= end) this.#load(position);
    return this.#chunk.subarray(position - this.#start);
  }

  /** Holes that are zeros by the tree, too. */
  nextData(position: number): Stretch | undefined {
    const data = this.#file.nextData === undefined
      ? { start: position, end: Infinity }
      : this.#file.nextData(position);
    if (data?.start === position) return data;
    const unit = this.#unit;
    const start = alignUp(position, unit);
    if (start > position) return { start: position, end: start };
    const end = data === undefined ? this.size : data.start - data.start % unit;
    if (end <= start) return { start: position, end: data!.end };
    // What is no hole by the tree is read, and found to be wrong.
    if (!this.#believing(() => this.#tree.areZeros(start, end))) {
      return { start: position, end: Infinity };
    }
    return data === undefined ? undefined : { start: end, end: data.end };
  }

  [Symbol.dispose](): void {
    this.#reader?.[Symbol.dispose]();
    this.#tree[Symbol.dispose]();
    this.#file[Symbol.dispose]();
  }

  /** Bytes that can be verified by themselves. */
  get #unit(): number {
    return this.#tree.lowest === 0 ? TREE_BLOCK_SIZE : this.#tree.spanSize;
  }

  /** Reads and verifies the chunk that a position is in. */
  #load(position: number): void {
    // Forgotten first: what is in the reader's buffer counts only once all of it has been verified.
    this.#chunk = NOTHING;
    this.#believing(() => {
      const reader = this.#reader ??= this.#trees.read(this.#file, this.#tree, this.size);
      const start = position - position % reader.alignment;
      this.#chunk = this.#readHole(start, reader.alignment) ??
        this.#readChunk(reader, start, position);
      this.#start = start;
    });
  }

  /** A chunk up to its first wrong block, which is behind a position. */
  #readChunk(reader: BlockReader, start: number, position: number): Uint8Array {
    const { bytes, hashes } = reader.read(start);
    const end = start + bytes.length;
    const isCut = end < this.size && bytes.length % this.#unit !== 0;
    if (isCut || position >= end) throw wrongSize(end, this.#expected);
    const wrong = this.#findWrong(start, hashes);
    if (wrong === undefined) return bytes;
    if (position >= wrong) throw this.#wrong(wrong);
    return bytes.subarray(0, wrong - start);
  }

  /** Zeros, if a chunk lies in a hole of the file and is zeros by the tree. */
  #readHole(start: number, length: number): Uint8Array | undefined {
    if (this.#file.nextData === undefined || start < this.#dataEnd) return undefined;
    const end = Math.min(start + length, this.size);
    const data = this.#file.nextData(start);
    if (data !== undefined && data.start < end) {
      this.#dataEnd = data.end;
      return undefined;
    }
    if (!this.#tree.areZeros(start, end)) return undefined;
    if (this.#zeros.length < length) this.#zeros = new Uint8Array(length);
    return this.#zeros.subarray(0, end - start);
  }

  /** Where the first block is whose hash is not that of the tree. */
  #findWrong(start: number, hashes: Uint8Array): number | undefined {
    const { hasher: { digestSize }, spanSize } = this.#tree;
    const end = start + hashes.length / digestSize * TREE_BLOCK_SIZE;
    for (let from = start; from < end;) {
      const to = Math.min(from - from % spanSize + spanSize, end);
      const at = (position: number) => (position - start) / TREE_BLOCK_SIZE * digestSize;
      const wrong = this.#tree.findWrong(from, hashes.subarray(at(from), at(to)));
      if (wrong !== undefined) return wrong;
      from = to;
    }
    return undefined;
  }

  /**
   * Does what relies on the tree, and does it again with a new one if it is damaged.
   *
   * @throws {IntegrityError} If no tree of the contents leads to the digest.
   */
  #believing<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof TreeDamage)) throw error;
      this.#reader?.[Symbol.dispose]();
      this.#reader = undefined;
      this.#tree[Symbol.dispose]();
      const { tree, kept } = hashExpected(this.#file, this.#expected, this.#trees);
      kept?.[Symbol.dispose]();
      this.#tree = HashTree.open(tree, this.#expected)!;
      this.#isOwn = true;
      return work();
    }
  }

  #wrong(offset: number): IntegrityError {
    const { name = "file" } = this.#expected;
    return this.#isOwn
      ? new IntegrityError("changed", name, `it changed while it was read, at offset ${offset}`)
      : new IntegrityError("digest", name, `its digest is of other contents at offset ${offset}`);
  }
}

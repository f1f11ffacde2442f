/**
 * The Merkle tree of fs-verity, built from the leaves up while the data passes by.
 *
 * Of each level it holds one hash block, the one being filled, unless asked to keep the whole tree.
 * `blocks.ts` cuts data into blocks, `descriptor.ts` turns the root hash into a digest.
 *
 * @see Documentation/filesystems/fsverity.rst, "Merkle tree"
 *
 * @module
 */

import { type File, readWhole } from "../file/file.ts";
import { hashBlockFile } from "./hash_block_file.ts";
import { type BlockHasher, HASH_ALGORITHMS } from "./hasher.ts";
import { defaultHasher } from "./sha2.ts";

/** Longest salt in bytes: what the descriptor has room for. */
export const MAX_SALT_SIZE = 32;

/** Largest block size in bytes that fsverity-utils 1.6 accepts. */
const MAX_BLOCK_SIZE = 2 ** 30;

/** The shape of a Merkle tree. */
export interface MerkleTreeOptions {
  /** What hashes the blocks. SHA-256 by the runtime's fastest means if absent. */
  readonly hasher?: BlockHasher;
  /**
   * Bytes in a block: a power of two with room for two hashes at least, up to 2^30, as fsverity-utils
   * takes them. Kernels enable fs-verity only with 1024 up to their page size. 4096 if absent.
   */
  readonly blockSize?: number;
  /** Up to 32 bytes that are hashed before each block. Copied. Empty if absent. */
  readonly salt?: Uint8Array;
  /** Keeps every hash block, so that `bytes` can give them. False if absent. */
  readonly keepTree?: boolean;
  /** With `keepTree`, the lowest level whose hash blocks are kept: 1 leaves out most of them. 0 if absent. */
  readonly keepFrom?: number;
}

/** One level: its first hash, and from the second on the block that is being filled. */
interface Level {
  readonly first: Uint8Array;
  /** Hashes that were added so far. */
  count: number;
  /** Room for the padded salt and one hash block. Files of one block never need it. */
  block?: Uint8Array<ArrayBuffer>;
  /** Bytes in use of `block`. */
  filled: number;
  readonly kept: Uint8Array<ArrayBuffer>[];
}

/**
 * A Merkle tree that grows block by block.
 *
 * @example Root hash of two blocks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MerkleTree } from "composefs-ts";
 *
 * const tree = new MerkleTree({ keepTree: true });
 * tree.addBlock(new Uint8Array(4096));
 * tree.addBlock(new TextEncoder().encode("the end"));
 * assertEquals(tree.rootHash().length, 32);
 * assertEquals(tree.bytes().length, 4096);
 * ```
 */
export class MerkleTree {
  /** What hashes the blocks. */
  readonly hasher: BlockHasher;
  /** Bytes in a block. */
  readonly blockSize: number;
  /** As given. Not to be changed. */
  readonly salt: Uint8Array<ArrayBuffer>;
  /** The lowest level that is kept. */
  readonly #keepFrom: number;
  /** The salt, padded with zeros to the input block size of the hash; empty without salt. */
  readonly #prefix: Uint8Array<ArrayBuffer>;
  #message: Uint8Array<ArrayBuffer> | undefined;
  #zeroLeaf: Uint8Array | undefined;
  readonly #levels: Level[] = [];
  #root: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Starts an empty tree.
   *
   * @throws {RangeError} If the block size or the length of the salt is not among those allowed.
   */
  constructor(options: MerkleTreeOptions = {}) {
    const { hasher = defaultHasher("sha256"), blockSize = 4096, salt } = options;
    checkBlockSize(blockSize, hasher);
    this.hasher = hasher;
    this.blockSize = blockSize;
    this.salt = new Uint8Array(salt ?? []);
    this.#keepFrom = options.keepTree === true ? options.keepFrom ?? 0 : Infinity;
    this.#prefix = padSalt(this.salt, hasher);
  }

  /**
   * Adds the next block of data.
   *
   * @param block `blockSize` bytes. Only the last block may be shorter; it counts as padded with zeros.
   * Not kept.
   * @throws {RangeError} If the block is empty or longer than `blockSize`.
   * @throws {TypeError} If the root hash was already taken.
   */
  addBlock(block: Uint8Array): void {
    this.addLeaf(this.hasher.hash(this.leafMessage(block)));
  }

  /**
   * Gives the message whose hash is the leaf of `block`, for callers that hash by other means.
   *
   * @returns `block` itself where it needs neither salt nor padding; otherwise a view that is valid until
   * the next call.
   * @throws {RangeError} If the block is empty or longer than `blockSize`.
   */
  leafMessage(block: Uint8Array): Uint8Array {
    if (block.length === this.blockSize && this.#prefix.length === 0) return block;
    if (block.length === 0 || block.length > this.blockSize) {
      throw new RangeError(
        `Cannot add a block of ${block.length} bytes: expected 1 to ${this.blockSize}`,
      );
    }
    const message = this.#message ??= this.#newMessage();
    message.set(block, this.#prefix.length);
    message.fill(0, this.#prefix.length + block.length);
    return message;
  }

  /**
   * Adds the hash of the next leaf's message.
   *
   * @param hash As many bytes as the hasher gives. May be kept; not to be changed afterwards.
   * @throws {TypeError} If the root hash was already taken.
   */
  addLeaf(hash: Uint8Array): void {
    this.#checkOpen();
    this.#add(0, hash);
  }

  /**
   * Adds a leaf as often as asked, in time that grows with the logarithm of how often.
   *
   * @param hash Kept; not to be changed afterwards.
   * @throws {TypeError} If the root hash was already taken.
   */
  addEqualLeaves(hash: Uint8Array, count: number): void {
    this.#checkOpen();
    this.#addEqual(0, hash, count);
  }

  /**
   * Adds blocks of zeros.
   *
   * @throws {TypeError} If the root hash was already taken.
   */
  addZeroBlocks(count: number): void {
    this.#zeroLeaf ??= this.hasher.hash(this.leafMessage(new Uint8Array(this.blockSize)));
    this.addEqualLeaves(this.#zeroLeaf, count);
  }

  /**
   * Completes the tree and gives its root hash; further calls give the same array.
   *
   * @returns As many bytes as the hasher gives; all zero if nothing was added, as the kernel has it.
   */
  rootHash(): Uint8Array<ArrayBuffer> {
    return this.#root ??= new Uint8Array(this.#complete());
  }

  /**
   * Completes the tree and gives its hash blocks: levels from the root block down, blocks of a level in
   * order, as `fsverity digest --out-merkle-tree` writes them. Empty for up to one block of data.
   *
   * @throws {TypeError} If the tree was not made with `keepTree`.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return readWhole(this.file());
  }

  /**
   * Completes the tree and gives its hash blocks as a file, in the same order; without those of levels that
   * were not kept.
   *
   * @throws {TypeError} If the tree was not made with `keepTree`.
   */
  file(): File {
    return hashBlockFile(this.keptLevels(), this.blockSize);
  }

  /**
   * Completes the tree and gives the hash blocks of each level, from the root down.
   *
   * @internal
   */
  keptLevels(): readonly (readonly Uint8Array[])[] {
    if (this.#keepFrom === Infinity) {
      throw new TypeError("Cannot give the Merkle tree: it was not kept, expected keepTree");
    }
    this.rootHash();
    return this.#levels.map((level) => level.kept).reverse();
  }

  #checkOpen(): void {
    if (this.#root === undefined) return;
    throw new TypeError("Cannot add to the Merkle tree: its root hash was already taken");
  }

  /** Calls itself once a level: as many as there are hashes in 2^53 blocks, 52 at most. */
  #addEqual(depth: number, hash: Uint8Array, count: number): void {
    const perBlock = this.blockSize / hash.length;
    let rest = count;
    for (; rest > 0 && !(rest >= perBlock && this.#isBetweenBlocks(depth)); rest--) {
      this.#add(depth, hash);
    }
    if (rest === 0) return;
    const message = this.#newMessage();
    for (let at = this.#prefix.length; at < message.length; at += hash.length) {
      message.set(hash, at);
    }
    const blocks = Math.floor(rest / perBlock);
    const { kept } = this.#levels[depth]!;
    if (depth >= this.#keepFrom) {
      const block = message.subarray(this.#prefix.length);
      for (let i = 0; i < blocks; i++) kept.push(block);
    }
    this.#addEqual(depth + 1, this.hasher.hash(message), blocks);
    for (rest -= blocks * perBlock; rest > 0; rest--) this.#add(depth, hash);
  }

  /** Tells whether the block of a level is empty, and not its first. */
  #isBetweenBlocks(depth: number): boolean {
    return this.#levels[depth]?.filled === this.#prefix.length &&
      this.#levels[depth].block !== undefined;
  }

  #add(depth: number, hash: Uint8Array): void {
    let rising = hash;
    for (let at = depth;; at++) {
      const level = this.#levels[at];
      if (level === undefined) {
        this.#levels.push({ first: rising, count: 1, filled: 0, kept: [] });
        return;
      }
      this.#append(level, rising);
      if (level.filled < level.block!.length) return;
      rising = this.#hashLevel(level, at);
    }
  }

  #append(level: Level, hash: Uint8Array): void {
    if (level.block === undefined) {
      level.block = this.#newMessage();
      level.block.set(level.first, this.#prefix.length);
      level.filled = this.#prefix.length + level.first.length;
    }
    level.block.set(hash, level.filled);
    level.filled += hash.length;
    level.count++;
  }

  /** Hashes the block that is being filled, padded with zeros, and begins the next. */
  #hashLevel(level: Level, depth: number): Uint8Array<ArrayBuffer> {
    const block = level.block!;
    block.fill(0, level.filled);
    level.filled = this.#prefix.length;
    if (depth >= this.#keepFrom) level.kept.push(block.slice(this.#prefix.length));
    return this.hasher.hash(block);
  }

  #complete(): Uint8Array {
    for (let depth = 0;; depth++) {
      const level = this.#levels[depth];
      if (level === undefined) return new Uint8Array(this.hasher.digestSize);
      if (level.count === 1) return level.first;
      if (level.filled > this.#prefix.length) this.#add(depth + 1, this.#hashLevel(level, depth));
    }
  }

  #newMessage(): Uint8Array<ArrayBuffer> {
    const message = new Uint8Array(this.#prefix.length + this.blockSize);
    message.set(this.#prefix);
    return message;
  }
}

/** @throws {RangeError} If a block size is not a power of two that the hash fits twice. */
export function checkBlockSize(blockSize: number, { digestSize }: BlockHasher): void {
  const smallest = 2 * digestSize;
  const isPowerOfTwo = Number.isInteger(blockSize) && (blockSize & (blockSize - 1)) === 0;
  if (!isPowerOfTwo || blockSize < smallest || blockSize > MAX_BLOCK_SIZE) {
    throw new RangeError(
      `Cannot use block size "${blockSize}": expected a power of two from ${smallest} to ${MAX_BLOCK_SIZE}`,
    );
  }
}

function padSalt(salt: Uint8Array, hasher: BlockHasher): Uint8Array<ArrayBuffer> {
  if (salt.length > MAX_SALT_SIZE) {
    throw new RangeError(
      `Cannot use a salt of ${salt.length} bytes: expected at most ${MAX_SALT_SIZE}`,
    );
  }
  const { inputBlockSize } = HASH_ALGORITHMS[hasher.algorithm];
  const prefix = new Uint8Array(salt.length === 0 ? 0 : inputBlockSize);
  prefix.set(salt);
  return prefix;
}

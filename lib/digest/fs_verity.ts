/**
 * The fs-verity digest of a file's contents, computed as the kernel does and without its help.
 *
 * Three ways to the same bytes: contents in memory, chunks pushed one by one, chunks pulled from an
 * iterable. `merkle.ts` and `descriptor.ts` say what is hashed; `ffi/` asks the kernel.
 *
 * @see Documentation/filesystems/fsverity.rst, "File digest computation"
 *
 * @module
 */

import { encodeFsVerityDescriptor, UnsaltedDescriptor } from "./descriptor.ts";
import { Digest } from "./digest.ts";
import type { BlockHasher, HashAlgorithm } from "./hasher.ts";
import { checkBlockSize, MerkleTree } from "./merkle.ts";
import { portableHasher } from "./portable.ts";
import { defaultHasher, installedHasher } from "./sha2.ts";
import { LevelHasher } from "./spans.ts";
import { BlockSplitter } from "../file/blocks.ts";
import type { File } from "../file/file.ts";
import { addLeavesByWebCrypto, findSubtleDigest, type SubtleDigest } from "./_web_crypto.ts";

/** Parameters of an fs-verity digest. Other parameters give another digest of the same contents. */
export interface FsVerityOptions {
  /** `"sha256"` if absent, or what `hasher` computes. */
  readonly algorithm?: HashAlgorithm;
  /**
   * Bytes in a block: a power of two with room for two hashes at least, up to 2^30, as fsverity-utils
   * takes them. Kernels enable fs-verity only with 1024 up to their page size. 4096 if absent.
   */
  readonly blockSize?: number;
  /** Up to 32 bytes that are hashed before each block. Empty if absent. */
  readonly salt?: Uint8Array;
  /** What hashes the blocks; an installed hasher or the portable one if absent. */
  readonly hasher?: BlockHasher;
}

/** Block size and salt of an fs-verity digest. */
export type BlockParameters = Pick<FsVerityOptions, "blockSize" | "salt">;

/** How an {@linkcode FsVerityHasher} works. */
export interface FsVerityHasherOptions extends FsVerityOptions {
  /** Keeps the Merkle tree, about 1/127 of the contents, for `merkleTree`. False if absent. */
  readonly keepTree?: boolean;
  /** With `keepTree`, the lowest level that is kept: 1 leaves out most of the tree. 0 if absent. */
  readonly keepFrom?: number;
}

/**
 * Computes the fs-verity digest of a file's contents, as the kernel would report it.
 *
 * The same contents and options give the same digest on every machine.
 *
 * @param contents The whole file. Not kept.
 * @throws {RangeError} If the block size or the length of the salt is not among those allowed.
 *
 * @example Digest of a short file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest } from "composefs-ts";
 *
 * const contents = new TextEncoder().encode("hello");
 * assertEquals(
 *   fsVerityDigest(contents).toHex(),
 *   "555b589c26ee43b7a2510e6c67ced9fb3190b6da6e9e683984551f5d77a763de",
 * );
 * ```
 */
export function fsVerityDigest(contents: Uint8Array, options: FsVerityOptions = {}): Digest {
  if (options.salt === undefined || options.salt.length === 0) {
    return unsaltedDigest(contents, options);
  }
  const tree = makeTree(options);
  const { blockSize } = tree;
  for (let at = 0; at < contents.length; at += blockSize) {
    tree.addBlock(contents.subarray(at, at + blockSize));
  }
  return digestOf(tree, contents.length);
}

/** The way of most files, many of which are small: without the cost of setting up a tree for each. */
function unsaltedDigest(contents: Uint8Array, options: FsVerityOptions): Digest {
  const hasher = chooseHasher(options);
  const { blockSize = 4096 } = options;
  checkBlockSize(blockSize, hasher);
  if (lastUsed?.hasher !== hasher || lastUsed.blockSize !== blockSize) {
    const levels = new LevelHasher(hasher, blockSize);
    lastUsed = { hasher, blockSize, levels, descriptor: new UnsaltedDescriptor(hasher, blockSize) };
  }
  const { levels, descriptor } = lastUsed;
  const hash = hasher.hash(descriptor.encode(contents.length, levels.rootHash(contents)));
  return new Digest(hasher.algorithm, hash);
}

/** What the last digest was computed with, for the next one by the same parameters. */
let lastUsed: {
  readonly hasher: BlockHasher;
  readonly blockSize: number;
  readonly levels: LevelHasher;
  readonly descriptor: UnsaltedDescriptor;
} | undefined;

/**
 * Computes an fs-verity digest from chunks that are pushed.
 *
 * @example Digest, descriptor and Merkle tree in one pass
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, FsVerityHasher } from "composefs-ts";
 *
 * const hasher = new FsVerityHasher({ keepTree: true });
 * hasher.update(new Uint8Array(5000)).update(new Uint8Array(3192));
 * assertEquals(hasher.digest(), fsVerityDigest(new Uint8Array(8192)));
 * assertEquals(hasher.size, 8192);
 * assertEquals(hasher.descriptor().length, 256);
 * assertEquals(hasher.merkleTree().length, 4096);
 * ```
 */
export class FsVerityHasher {
  readonly #tree: MerkleTree;
  readonly #splitter: BlockSplitter;
  readonly #addBlock: (block: Uint8Array) => void;
  #size = 0;
  #descriptor: Uint8Array<ArrayBuffer> | undefined;

  /**
   * Starts with no contents.
   *
   * @throws {RangeError} If the block size or the length of the salt is not among those allowed.
   * @throws {TypeError} If `algorithm` is not what `hasher` computes.
   */
  constructor(options: FsVerityHasherOptions = {}) {
    const tree = makeTree(options);
    this.#tree = tree;
    this.#splitter = new BlockSplitter(tree.blockSize);
    this.#addBlock = (block) => tree.addBlock(block);
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes the next piece of the contents.
   *
   * @param chunk Any number of bytes. Not kept: its memory may be used again at once.
   * @throws {TypeError} If the digest, the descriptor or the Merkle tree was already taken.
   */
  update(chunk: Uint8Array): this {
    this.#checkOpen();
    this.#splitter.push(chunk, this.#addBlock);
    this.#size += chunk.length;
    return this;
  }

  /**
   * Takes zeros, such as a hole in a sparse file, without looking at each of them.
   *
   * @param length How many bytes: any number up to 2^53.
   * @throws {TypeError} If the digest, the descriptor or the Merkle tree was already taken.
   *
   * @example A terabyte
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { FsVerityHasher } from "composefs-ts";
   *
   * assertEquals(new FsVerityHasher().updateZeros(2 ** 40).size, 2 ** 40);
   * ```
   */
  updateZeros(length: number): this {
    this.#checkOpen();
    const { blockSize } = this.#tree;
    const straddling = this.#splitter.rest().length;
    const first = straddling === 0 ? 0 : Math.min(length, blockSize - straddling);
    if (first > 0) this.update(new Uint8Array(first));
    const last = (length - first) % blockSize;
    const whole = length - first - last;
    this.#tree.addZeroBlocks(whole / blockSize);
    this.#size += whole;
    if (last > 0) this.update(new Uint8Array(last));
    return this;
  }

  /** Gives the digest of all that was taken. */
  digest(): Digest {
    const { hasher } = this.#tree;
    return new Digest(hasher.algorithm, hasher.hash(this.#complete()));
  }

  /** Gives the 256-byte descriptor of all that was taken: what the digest is the hash of. */
  descriptor(): Uint8Array<ArrayBuffer> {
    return this.#complete().slice();
  }

  /**
   * Gives the Merkle tree of all that was taken: levels from the root block down, as
   * `fsverity digest --out-merkle-tree` writes them. Empty for up to one block of contents.
   *
   * @throws {TypeError} If the hasher was not made with `keepTree`.
   */
  merkleTree(): Uint8Array<ArrayBuffer> {
    this.#complete();
    return this.#tree.bytes();
  }

  /**
   * Gives the same as a file, whose bytes are not all in memory where the contents had long holes.
   *
   * @throws {TypeError} If the hasher was not made with `keepTree`.
   */
  merkleTreeFile(): File {
    this.#complete();
    return this.#tree.file();
  }

  #checkOpen(): void {
    if (this.#descriptor === undefined) return;
    throw new TypeError("Cannot update the fs-verity hasher: its digest was already taken");
  }

  #complete(): Uint8Array<ArrayBuffer> {
    if (this.#descriptor === undefined) {
      const rest = this.#splitter.rest();
      if (rest.length > 0) this.#addBlock(rest);
      this.#descriptor = describe(this.#tree, this.#size);
    }
    return this.#descriptor;
  }
}

/**
 * Computes the fs-verity digest of contents that arrive in chunks, such as a `ReadableStream`.
 *
 * Hashes with `hasher` if given, else with an installed one, else by Web Crypto, and in plain TypeScript where
 * there is none of these.
 *
 * @param chunks Pieces of the file in order, of any size. Each may be reused once the next is asked for.
 * @throws {RangeError} If the block size or the length of the salt is not among those allowed.
 * @throws {TypeError} If `algorithm` is not what `hasher` computes.
 *
 * @example Digest of a stream
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, fsVerityDigestOf } from "composefs-ts";
 *
 * const contents = new TextEncoder().encode("hello");
 * const stream = new Blob([contents]).stream();
 * assertEquals(await fsVerityDigestOf(stream), fsVerityDigest(contents));
 * ```
 */
export async function fsVerityDigestOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: FsVerityOptions = {},
): Promise<Digest> {
  const hasher = options.hasher ?? installedHasher(chooseAlgorithm(options));
  const subtle = hasher === undefined ? findSubtleDigest() : undefined;
  if (subtle !== undefined) return await fsVerityDigestByWebCrypto(chunks, options, subtle);
  const file = new FsVerityHasher(options);
  for await (const chunk of chunks) file.update(chunk);
  return file.digest();
}

/**
 * Computes the same with a given Web Crypto, whatever else the runtime offers; `hasher` is not used.
 *
 * @internal
 */
export async function fsVerityDigestByWebCrypto(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: FsVerityOptions,
  subtle: SubtleDigest,
): Promise<Digest> {
  const tree = makeTree({ ...options, hasher: portableHasher(chooseAlgorithm(options)) });
  return digestOf(tree, await addLeavesByWebCrypto(chunks, tree, subtle));
}

function chooseAlgorithm({ algorithm, hasher }: FsVerityOptions): HashAlgorithm {
  return algorithm ?? hasher?.algorithm ?? "sha256";
}

function chooseHasher(options: FsVerityOptions): BlockHasher {
  const algorithm = chooseAlgorithm(options);
  const hasher = options.hasher ?? defaultHasher(algorithm);
  if (hasher.algorithm === algorithm) return hasher;
  throw new TypeError(
    `Cannot use hasher "${hasher.name}": it computes ${hasher.algorithm}, expected ${algorithm}`,
  );
}

/**
 * Starts the tree of a file.
 *
 * @internal
 */
export function makeTree(options: FsVerityHasherOptions): MerkleTree {
  return new MerkleTree({ ...options, hasher: chooseHasher(options) });
}

/**
 * Completes the tree of a file, and gives the digest that it leads to.
 *
 * @internal
 */
export function digestOf(tree: MerkleTree, size: number): Digest {
  return new Digest(tree.hasher.algorithm, tree.hasher.hash(describe(tree, size)));
}

function describe(tree: MerkleTree, size: number): Uint8Array<ArrayBuffer> {
  return encodeFsVerityDescriptor({
    algorithm: tree.hasher.algorithm,
    blockSize: tree.blockSize,
    salt: tree.salt,
    dataSize: size,
    rootHash: tree.rootHash(),
  });
}

/**
 * The Merkle trees of objects: the kernel's, those that were kept, and those that all threads make together.
 *
 * @module
 */

import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { type ExpectedFile, type HashTree, TREE_BLOCK_SIZE } from "../../lib/digest/hash_tree.ts";
import {
  type BlockReader,
  checkEnd,
  type HashedFile,
  hashInTurn,
  keepsLowest,
  MAX_KEPT_SIZE,
  type MerkleTreeSource,
  SEQUENTIAL_TREES,
  wrongSize,
} from "../../lib/digest/tree_source.ts";
import type { BlockParameters } from "../../lib/digest/fs_verity.ts";
import type { OtherParameters } from "../../lib/digest/other_parameters.ts";
import { type File, memoryFile } from "../../lib/file/file.ts";
import { Fd } from "../files/fd.ts";
import { readBlockParameters } from "../files/verity_parameters.ts";
import { openVerityTree } from "../files/verity_tree.ts";
import type { TreeCache } from "../objects/tree_cache.ts";
import type { Linux } from "../sys/linux.ts";
import type { ThreadOptions } from "./thread_options.ts";
import { ThreadPool } from "./thread_pool.ts";
import { LargeFile } from "./_large_file.ts";
import { aheadBytes, ReadAhead } from "./_read_ahead.ts";

/** Bytes that are read before it pays to start other threads. */
const MIN_AHEAD = 24 << 20;

/**
 * Bytes of the largest file that stays in memory once it has been hashed, so that it need not be hashed again as
 * it is read; nearly all objects do. The memory is taken once, for one file after the other. Much more of it
 * would not pay: what is written to for the first time takes as long to get as to be hashed again by all
 * threads (400 MB on 2 CPUs, all of it into a pipe: 0.56 s kept, 0.37 hashed twice).
 */
const MAX_SHARED_SIZE = 1 << 25;

/** The parameters by which the kernel measures a file. */
export function kernelParameters(file: File): readonly BlockParameters[] {
  const found = file instanceof Fd ? readBlockParameters(file) : undefined;
  return found === undefined ? [] : [found];
}

/** Where trees come from, and what goes with it. Dispose of it, or declare it with `using`. */
export interface MerkleTrees extends MerkleTreeSource, Disposable {}

/** Trees by all threads. Those are started when there is work for them, and end with this. */
export class ThreadedTrees implements MerkleTrees {
  readonly #linux: Linux;
  readonly #threads: ThreadOptions;
  readonly #cache: TreeCache | undefined;
  readonly #pools = new Map<HashAlgorithm, ThreadPool>();
  /** Those part of whose shared memory is in use, by a file that is read ahead or by one that is kept. */
  readonly #reading = new Set<ThreadPool>();
  readonly #keeping = new Set<ThreadPool>();

  readonly otherParameters: OtherParameters;

  /** @param cache Where trees are kept that had to be made. */
  constructor(
    linux: Linux,
    threads: ThreadOptions,
    cache: TreeCache | undefined,
    otherParameters: OtherParameters = kernelParameters,
  ) {
    this.otherParameters = otherParameters;
    this.#linux = linux;
    this.#threads = threads;
    this.#cache = cache;
  }

  find(file: File, expected: ExpectedFile): File | undefined {
    const verity = file instanceof Fd ? openVerityTree(file, expected) : undefined;
    return verity ?? this.#cache?.find(expected.digest);
  }

  hash(file: File, expected: ExpectedFile): HashedFile {
    const { digest, size } = expected;
    if (size <= MAX_KEPT_SIZE) return hashInTurn(file, expected);
    const hashed = file instanceof Fd
      ? this.#hashLarge(file, expected)
      : hashInTurn(file, expected);
    if (hashed.digest.equals(digest)) this.#cache?.keep(digest, hashed.tree);
    return hashed;
  }

  read(file: File, tree: HashTree, size: number): BlockReader {
    const pool = file instanceof Fd && size >= MIN_AHEAD && this.#threads.threads > 1
      ? this.#pool(tree.hasher.algorithm)
      : undefined;
    if (pool === undefined || this.#reading.has(pool) || isSparse(file, size)) {
      return SEQUENTIAL_TREES.read(file, tree, size);
    }
    this.#reading.add(pool);
    const ahead = new ReadAhead(file as Fd, tree, size, { pool, threads: this.#threads.threads });
    return {
      alignment: ahead.alignment,
      read: (position) => ahead.read(position),
      [Symbol.dispose]: () => {
        ahead[Symbol.dispose]();
        this.#reading.delete(pool);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const pool of this.#pools.values()) pool[Symbol.dispose]();
    this.#pools.clear();
  }

  #hashLarge(file: Fd, expected: ExpectedFile): HashedFile {
    const { size, digest: { algorithm, bytes } } = expected;
    const pool = this.#pool(algorithm);
    const keepTree = keepsLowest(size, bytes.length) ? "whole" : "upper";
    const keeps = size <= MAX_SHARED_SIZE && !this.#keeping.has(pool);
    const into = keeps ? aheadBytes(this.#threads.threads) : undefined;
    const options = {
      number: 0,
      from: file,
      size,
      algorithms: [algorithm],
      keepTree,
      into,
    } as const;
    const large = new LargeFile(options);
    try {
      pool.expectBytes(size);
      pool.addLargeFile(large);
      pool.finish();
    } catch (error) {
      // Other pieces are on their way, of a file that is going to be closed.
      this.#pools.delete(algorithm);
      pool[Symbol.dispose]();
      const { size: found } = file.stat();
      throw found < size ? wrongSize(found, expected) : error;
    }
    checkEnd(file, expected);
    const hashed = { digest: large.finish()[0]!, tree: large.tree() };
    return large.isKept ? { ...hashed, kept: this.#keep(pool, into!, size) } : hashed;
  }

  /** What a pool has read, as a file that has that part of its memory until it is closed. */
  #keep(pool: ThreadPool, start: number, size: number): File {
    this.#keeping.add(pool);
    return {
      ...memoryFile(new Uint8Array(pool.shared!, start, size)),
      [Symbol.dispose]: () => void this.#keeping.delete(pool),
    };
  }

  #pool(algorithm: HashAlgorithm): ThreadPool {
    let pool = this.#pools.get(algorithm);
    if (pool === undefined) {
      const options = { algorithm, blockSize: TREE_BLOCK_SIZE, measure: false };
      pool = new ThreadPool(this.#linux, { kind: "digest", options }, {
        ...this.#threads,
        sharedBytes: aheadBytes(this.#threads.threads) + MAX_SHARED_SIZE,
        onFile() {},
      });
      this.#pools.set(algorithm, pool);
    }
    return pool;
  }
}

/** Of such a file most may be holes, which are known without being read. */
function isSparse(file: File, size: number): boolean {
  const data = file.nextData?.(0);
  return file.nextData !== undefined && !(data?.start === 0 && data.end >= size);
}

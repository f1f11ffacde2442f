/**
 * Leaf hashes by Web Crypto, for runtimes whose only fast hash is an asynchronous one.
 *
 * One awaited call costs more than hashing a block does, so many are under way at once. Only the leaves
 * are hashed so: above them there is one block for each 128 of data, which the tree's own hasher does.
 *
 * @module
 */

import { HASH_ALGORITHMS } from "./hasher.ts";
import type { MerkleTree } from "./merkle.ts";
import { BlockSplitter } from "../file/blocks.ts";

/** What is used of `crypto.subtle`. */
export interface SubtleDigest {
  digest(algorithm: string, data: BufferSource): Promise<ArrayBuffer>;
}

// Blocks of 4096 bytes in MiB/s, Deno / Bun: one at a time 150 / 100, 128 at a time 435 / 1000.
const BATCH = 128;

/** Finds the runtime's `crypto.subtle`; browsers have it only in secure contexts. */
export function findSubtleDigest(): SubtleDigest | undefined {
  return (globalThis as { readonly crypto?: { readonly subtle?: SubtleDigest } }).crypto?.subtle;
}

/**
 * Adds the leaves of all chunks to the tree.
 *
 * @param chunks Pieces of the file in order, of any size; each may be reused once the next is asked for.
 * @returns Length of all chunks together in bytes.
 */
export async function addLeavesByWebCrypto(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  tree: MerkleTree,
  subtle: SubtleDigest,
): Promise<number> {
  const { webName } = HASH_ALGORITHMS[tree.hasher.algorithm];
  const splitter = new BlockSplitter(tree.blockSize);
  let pending: Promise<ArrayBuffer>[] = [];
  let size = 0;

  // digest() copies its argument before it returns, so blocks may be views of reused buffers.
  function hash(block: Uint8Array): void {
    pending.push(subtle.digest(webName, overArrayBuffer(tree.leafMessage(block))));
  }
  async function settle(): Promise<void> {
    for (const leaf of await Promise.all(pending)) tree.addLeaf(new Uint8Array(leaf));
    pending = [];
  }

  for await (const chunk of chunks) {
    size += chunk.length;
    for (const part of partsOf(chunk, BATCH * tree.blockSize)) {
      splitter.push(part, hash);
      if (pending.length >= BATCH) await settle();
    }
  }
  const rest = splitter.rest();
  if (rest.length > 0) hash(rest);
  await settle();
  return size;
}

/** Cuts a chunk so that a huge one does not start all of its hashes at once. */
function* partsOf(chunk: Uint8Array, length: number): Iterable<Uint8Array> {
  for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
}

/** Web Crypto refuses memory that is shared between threads. */
function overArrayBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}

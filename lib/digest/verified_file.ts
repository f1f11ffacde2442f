/**
 * Reading a file whose fs-verity digest is known, so that nothing is handed out that was not verified.
 *
 * The kernel keeps a file's Merkle tree on disk; here there is none, so the whole file is hashed when it
 * is opened and the hashes of its blocks are kept. Whatever is read later is hashed again and held
 * against them: a file that changes in between is noticed before its bytes are handed out.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { type File, memoryFile, type Stretch } from "../file/file.ts";
import { encodeFsVerityDescriptor } from "./descriptor.ts";
import { Digest } from "./digest.ts";
import type { BlockHasher } from "./hasher.ts";
import { MerkleTree } from "./merkle.ts";
import { defaultHasher } from "./sha2.ts";

/** What a file is expected to be, and what is told about it. */
export interface OpenVerifiedOptions {
  /** fs-verity digest with blocks of 4096 bytes and no salt. */
  readonly digest: Digest;
  /** Length in bytes. */
  readonly size: number;
  /** What messages call the file; `"file"` if absent. */
  readonly name?: string;
}

const BLOCK_SIZE = 4096;

/** Bytes that are read and verified at a time: small, so that reading here and there stays cheap. */
const CHUNK_SIZE = 1 << 17;

const ZEROS = new Uint8Array(CHUNK_SIZE);

/** Files up to this many bytes are kept in memory, and so are read and hashed only once. */
const MAX_KEPT_SIZE = 1 << 20;

/**
 * Verifies a file and opens it for reading.
 *
 * @param file Closed with what is returned, and at once if this throws.
 * @returns The file. Its `readAt` throws a `RangeError`, and hands out nothing of the block concerned, if
 * a block is not what it was when the file was verified.
 * @throws {RangeError} If size or digest are not as expected.
 */
export function openVerified(file: File, options: OpenVerifiedOptions): File {
  try {
    return openChecked(file, options);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function openChecked(file: File, options: OpenVerifiedOptions): File {
  const { size, digest, name = "file" } = options;
  if (file.size !== size) throw wrongSize(name, file.size, size);
  const kept = size <= MAX_KEPT_SIZE ? new Uint8Array(size) : undefined;
  const leaves = new LeafHashes(size, digest.bytes.length);
  const tree = new MerkleTree({ hasher: defaultHasher(digest.algorithm) });
  const buffer = kept ?? new Uint8Array(CHUNK_SIZE);
  let data: Stretch | undefined = { start: 0, end: kept === undefined ? 0 : Infinity };
  // The last chunk is always read, by which a file that has become shorter is noticed.
  const lastChunk = size - 1 - (size - 1) % CHUNK_SIZE;
  for (let position = 0; position < size; position += buffer.length) {
    if (data !== undefined && position >= data.end) {
      data = nextData(file, position);
      const hole = Math.min(data?.start ?? size, lastChunk) - position;
      const skipped = Math.max(0, hole - hole % CHUNK_SIZE);
      tree.addZeroBlocks(skipped / BLOCK_SIZE);
      position += skipped;
    }
    const chunk = readChunk(file, buffer, { name, position, size });
    for (let at = 0; at < chunk.length; at += BLOCK_SIZE) {
      const hash = tree.hasher.hash(tree.leafMessage(chunk.subarray(at, at + BLOCK_SIZE)));
      tree.addLeaf(hash);
      if (kept === undefined) leaves.set((position + at) / BLOCK_SIZE, hash);
    }
  }
  checkEnd(file, size, name);
  const found = digestOf(tree, size);
  if (!found.equals(digest)) {
    throw new RangeError(
      `Cannot use ${name}: fs-verity digest ${found.toHex()}, expected ${digest.toHex()}`,
    );
  }
  if (kept === undefined) return new RereadFile(file, { size, leaves, name, hasher: tree.hasher });
  file[Symbol.dispose]();
  return memoryFile(kept);
}

function wrongSize(name: string, found: number, expected: number): RangeError {
  return new RangeError(`Cannot use ${name}: ${found} bytes, expected ${expected}`);
}

/** A file may have grown after its size was asked for. */
function checkEnd(file: File, size: number, name: string): void {
  if (file.readAt(new Uint8Array(1), size) > 0) {
    throw new RangeError(`Cannot use ${name}: more than the expected ${size} bytes`);
  }
}

function digestOf(tree: MerkleTree, size: number): Digest {
  const descriptor = encodeFsVerityDescriptor({
    algorithm: tree.hasher.algorithm,
    blockSize: BLOCK_SIZE,
    salt: tree.salt,
    dataSize: size,
    rootHash: tree.rootHash(),
  });
  return new Digest(tree.hasher.algorithm, tree.hasher.hash(descriptor));
}

function nextData(file: File, position: number): Stretch | undefined {
  return file.nextData === undefined ? { start: position, end: Infinity } : file.nextData(position);
}

/** Fills the buffer from `position` on, as far as the file reaches. */
function readChunk(
  file: File,
  buffer: Uint8Array<ArrayBuffer>,
  { name, position, size }: { name: string; position: number; size: number },
): Uint8Array<ArrayBuffer> {
  const chunk = buffer.subarray(0, Math.min(buffer.length, size - position));
  const length = file.readAt(chunk, position);
  if (length !== chunk.length) throw wrongSize(name, position + length, size);
  return chunk;
}

/**
 * The hashes of a file's blocks, in pieces of a chunk: one array might be larger than a runtime allows. There
 * are none of chunks that were holes.
 */
class LeafHashes {
  readonly #pieces: Uint8Array[] = [];
  readonly #perPiece = CHUNK_SIZE / BLOCK_SIZE;
  readonly #count: number;
  /** Bytes of each. */
  readonly #size: number;

  constructor(fileSize: number, size: number) {
    this.#count = Math.ceil(fileSize / BLOCK_SIZE);
    this.#size = size;
  }

  set(block: number, hash: Uint8Array): void {
    const piece = Math.floor(block / this.#perPiece);
    const length = Math.min(this.#perPiece, this.#count - piece * this.#perPiece) * this.#size;
    const bytes = this.#pieces[piece] ??= new Uint8Array(length);
    bytes.set(hash, (block % this.#perPiece) * this.#size);
  }

  /** Tells whether the chunk that begins at a position was a hole. */
  isHole(chunkStart: number): boolean {
    return this.#pieces[chunkStart / CHUNK_SIZE] === undefined;
  }

  /** Where a file of `size` bytes has chunks that were no holes. */
  nextData(position: number, size: number): Stretch | undefined {
    let chunk = Math.floor(position / CHUNK_SIZE);
    const count = Math.ceil(size / CHUNK_SIZE);
    while (chunk < count && this.#pieces[chunk] === undefined) chunk++;
    if (chunk >= count) return undefined;
    const start = Math.max(position, chunk * CHUNK_SIZE);
    while (chunk < count && this.#pieces[chunk] !== undefined) chunk++;
    return { start, end: chunk * CHUNK_SIZE };
  }

  get(block: number): Uint8Array {
    const start = (block % this.#perPiece) * this.#size;
    return this.#pieces[Math.floor(block / this.#perPiece)]!.subarray(start, start + this.#size);
  }
}

/** A large file, of which each chunk is read and hashed again. */
class RereadFile implements File {
  readonly size: number;
  readonly #file: File;
  readonly #leaves: LeafHashes;
  readonly #name: string;
  /** Only here for what it hashes with and how it pads the last block. */
  readonly #tree: MerkleTree;
  readonly #buffer = new Uint8Array(CHUNK_SIZE);
  #chunk: Uint8Array<ArrayBuffer> = this.#buffer.subarray(0, 0);
  #chunkStart = 0;

  constructor(
    file: File,
    { size, leaves, name, hasher }: {
      size: number;
      leaves: LeafHashes;
      name: string;
      hasher: BlockHasher;
    },
  ) {
    this.#file = file;
    this.#tree = new MerkleTree({ hasher });
    this.size = size;
    this.#leaves = leaves;
    this.#name = name;
  }

  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.size - position));
    for (let done = 0; done < length;) {
      const from = position + done;
      const chunk = this.#load(from - from % CHUNK_SIZE);
      const part = chunk.subarray(from % CHUNK_SIZE, from % CHUNK_SIZE + length - done);
      into.set(part, done);
      done += part.length;
    }
    return length;
  }

  nextData(position: number): Stretch | undefined {
    return this.#leaves.nextData(position, this.size);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #load(start: number): Uint8Array<ArrayBuffer> {
    // What was verified there is zeros, whatever there is by now.
    if (this.#leaves.isHole(start)) return ZEROS;
    if (this.#chunk.length > 0 && this.#chunkStart === start) return this.#chunk;
    // Forgotten first: what is in the buffer counts only once all of it has been verified.
    this.#chunk = this.#buffer.subarray(0, 0);
    const { size } = this;
    const chunk = readChunk(this.#file, this.#buffer, { name: this.#name, position: start, size });
    for (let at = 0; at < chunk.length; at += BLOCK_SIZE) {
      const message = this.#tree.leafMessage(chunk.subarray(at, at + BLOCK_SIZE));
      const block = (start + at) / BLOCK_SIZE;
      if (!equalBytes(this.#tree.hasher.hash(message), this.#leaves.get(block))) {
        throw new RangeError(
          `Cannot use ${this.#name}: it changed while it was read, at offset ${start + at}`,
        );
      }
    }
    this.#chunkStart = start;
    return this.#chunk = chunk;
  }
}

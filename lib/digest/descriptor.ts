/**
 * From a Merkle tree's root hash to the digest that names a file: the descriptor, whose hash that digest
 * is, and the form in which the kernel's built-in signatures cover it.
 *
 * @see Documentation/filesystems/fsverity.rst, "fs-verity descriptor" and "Built-in signature verification"
 *
 * @module
 */

import { type FieldType, record, reserved, u16, u64, u8 } from "../bytes/struct.ts";
import { utf8 } from "../bytes/text.ts";
import type { Digest } from "./digest.ts";
import { type BlockHasher, HASH_ALGORITHMS, type HashAlgorithm } from "./hasher.ts";

/** Bytes at a fixed place, with zeros after those that are there. */
function padded(size: number): FieldType<Uint8Array> {
  return {
    size,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size),
    write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, size).set(value),
  };
}

/** struct fsverity_descriptor, with a signature size of zero as it is hashed. */
const DESCRIPTOR = record({
  version: u8,
  hashAlgorithm: u8,
  logBlocksize: u8,
  saltSize: u8,
  sigSize: reserved(4),
  dataSize: u64,
  rootHash: padded(64),
  salt: padded(32),
  reserved: reserved(144),
});

/** struct fsverity_formatted_digest, up to the digest. */
const FORMATTED_DIGEST = record({
  magic: padded(8),
  digestAlgorithm: u16,
  digestSize: u16,
});

/** What a descriptor states of a file. */
export interface FsVerityDescriptor {
  /** What the blocks and the descriptor itself are hashed with. */
  readonly algorithm: HashAlgorithm;
  /** Bytes in a block of the Merkle tree, a power of two. */
  readonly blockSize: number;
  /** Up to 32 bytes. */
  readonly salt: Uint8Array;
  /** Length of the file in bytes. */
  readonly dataSize: number;
  /** Root hash of the Merkle tree: 32 bytes for SHA-256, 64 for SHA-512. */
  readonly rootHash: Uint8Array;
}

/**
 * Encodes a descriptor. Its hash, by the same algorithm, is the file's fs-verity digest.
 *
 * @returns 256 bytes.
 * @throws {RangeError} If a size is out of its bounds: data beyond 2^53, salt beyond 32 bytes, a root hash
 * of another length than the algorithm's, a block size that is no power of two.
 *
 * @example The digest of an empty file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeFsVerityDescriptor, fsVerityDigest, portableHasher } from "composefs-ts";
 *
 * const descriptor = encodeFsVerityDescriptor({
 *   algorithm: "sha256",
 *   blockSize: 4096,
 *   salt: new Uint8Array(0),
 *   dataSize: 0,
 *   rootHash: new Uint8Array(32),
 * });
 * assertEquals(
 *   portableHasher("sha256").hash(descriptor),
 *   fsVerityDigest(new Uint8Array(0)).bytes,
 * );
 * ```
 */
export function encodeFsVerityDescriptor(descriptor: FsVerityDescriptor): Uint8Array<ArrayBuffer> {
  const { algorithm, blockSize, salt, dataSize, rootHash } = descriptor;
  const { number, digestSize } = HASH_ALGORITHMS[algorithm];
  if (!Number.isSafeInteger(dataSize) || dataSize < 0) {
    throw new RangeError(`Cannot describe a file of "${dataSize}" bytes: expected 0 to 2^53 - 1`);
  }
  const logBlocksize = Math.log2(blockSize);
  if (!Number.isInteger(logBlocksize) || logBlocksize < 0) {
    throw new RangeError(`Cannot describe block size "${blockSize}": expected a power of two`);
  }
  checkSize("salt", salt, 0, 32);
  checkSize("root hash", rootHash, digestSize, digestSize);
  const bytes = new Uint8Array(DESCRIPTOR.size);
  DESCRIPTOR.write(new DataView(bytes.buffer), 0, {
    version: 1,
    hashAlgorithm: number,
    logBlocksize,
    saltSize: salt.length,
    dataSize,
    rootHash,
    salt,
  });
  return bytes;
}

/** Descriptors of many files that differ in size and root hash only. */
export class UnsaltedDescriptor {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /** The caller has checked that the block size fits the hash. */
  constructor({ algorithm, digestSize }: BlockHasher, blockSize: number) {
    this.#bytes = encodeFsVerityDescriptor({
      algorithm,
      blockSize,
      salt: new Uint8Array(0),
      dataSize: 0,
      rootHash: new Uint8Array(digestSize),
    });
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The descriptor of a file: a view, valid until the next call. */
  encode(dataSize: number, rootHash: Uint8Array): Uint8Array {
    u64.write(this.#view, DESCRIPTOR.offsets.dataSize, dataSize);
    this.#bytes.set(rootHash, DESCRIPTOR.offsets.rootHash);
    return this.#bytes;
  }
}

/**
 * Puts a digest into the form that built-in signatures sign: `FSVerity`, algorithm, length, digest.
 *
 * @returns 12 bytes more than the digest.
 *
 * @example Bytes to sign
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatFsVerityDigest, fsVerityDigest } from "composefs-ts";
 *
 * const signed = formatFsVerityDigest(fsVerityDigest(new Uint8Array(0)));
 * assertEquals(new TextDecoder().decode(signed.subarray(0, 8)), "FSVerity");
 * assertEquals(signed.length, 44);
 * ```
 */
export function formatFsVerityDigest(
  { algorithm, bytes: digest }: Digest,
): Uint8Array<ArrayBuffer> {
  const { number, digestSize } = HASH_ALGORITHMS[algorithm];
  const bytes = new Uint8Array(FORMATTED_DIGEST.size + digestSize);
  FORMATTED_DIGEST.write(new DataView(bytes.buffer), 0, {
    magic: utf8("FSVerity"),
    digestAlgorithm: number,
    digestSize,
  });
  bytes.set(digest, FORMATTED_DIGEST.size);
  return bytes;
}

function checkSize(what: string, bytes: Uint8Array, least: number, most: number): void {
  if (bytes.length >= least && bytes.length <= most) return;
  const expected = least === most ? `${least}` : `${least} to ${most}`;
  throw new RangeError(`Cannot encode a ${what} of ${bytes.length} bytes: expected ${expected}`);
}

/** Bytes of a descriptor. */
export const FS_VERITY_DESCRIPTOR_SIZE = DESCRIPTOR.size;

/** As logarithms, the sizes of blocks that kernels take. */
const MIN_LOG_BLOCK_SIZE = 10;
const MAX_LOG_BLOCK_SIZE = 16;

/**
 * Reads block size and salt out of a descriptor.
 *
 * @returns Undefined if it states none that there are.
 */
export function decodeBlockParameters(
  descriptor: Uint8Array,
): { readonly blockSize: number; readonly salt: Uint8Array } | undefined {
  if (descriptor.length < DESCRIPTOR.size) return undefined;
  const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.byteLength);
  const { version, logBlocksize, saltSize, salt } = DESCRIPTOR.read(view, 0);
  const isKnown = version === 1 && logBlocksize >= MIN_LOG_BLOCK_SIZE &&
    logBlocksize <= MAX_LOG_BLOCK_SIZE && saltSize <= salt.length;
  return isKnown ? { blockSize: 1 << logBlocksize, salt: salt.slice(0, saltSize) } : undefined;
}

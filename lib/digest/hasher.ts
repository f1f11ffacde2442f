/**
 * The hash under fs-verity: which algorithms there are, and the one function asked of each.
 *
 * A {@linkcode BlockHasher} hashes one message at a time. `portable.ts` has those of plain TypeScript, runtimes
 * and callers may bring their own, and `sha2.ts` says which is used; everything else takes what it is given.
 *
 * @see include/uapi/linux/fsverity.h, FS_VERITY_HASH_ALG_SHA256 and FS_VERITY_HASH_ALG_SHA512
 *
 * @module
 */

/** Hash algorithm of a Merkle tree, by the name that the kernel and fsverity-utils give it. */
export type HashAlgorithm = "sha256" | "sha512";

/** Computes one kind of hash. */
export interface BlockHasher {
  /** Which implementation this is, for messages and benchmarks. */
  readonly name: string;
  /** Which hash it computes. */
  readonly algorithm: HashAlgorithm;
  /** Length of a hash in bytes: 32 for SHA-256, 64 for SHA-512. */
  readonly digestSize: number;
  /**
   * Hashes a whole message.
   *
   * @param message Any number of bytes. Neither kept nor changed.
   * @returns A new array of `digestSize` bytes.
   */
  hash(message: Uint8Array): Uint8Array<ArrayBuffer>;
  /**
   * Does the same into `digestSize` bytes from `at` on in an array that has room for them. For hashers that
   * save an allocation by it.
   */
  hashInto?(message: Uint8Array, target: Uint8Array, at: number): void;
}

/** What is fixed about a hash algorithm. Sizes in bytes. */
export interface HashAlgorithmFacts {
  /** The number that descriptors and the kernel's ioctls carry. */
  readonly number: number;
  /** Length of a hash. */
  readonly digestSize: number;
  /** Length of the blocks that the hash itself works in; salts are padded to it. */
  readonly inputBlockSize: number;
  /** What Web Crypto calls it. */
  readonly webName: string;
}

/** A hash of a message that comes in pieces: what tools beside fs-verity name contents by. */
export interface MessageHasher {
  /** Appends bytes, which are not kept. */
  update(bytes: Uint8Array): void;
  /** The hash of all that came: `digestSize` bytes. To be called once, at the end. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** The facts of each algorithm. */
export const HASH_ALGORITHMS: Readonly<Record<HashAlgorithm, HashAlgorithmFacts>> = {
  sha256: { number: 1, digestSize: 32, inputBlockSize: 64, webName: "SHA-256" },
  sha512: { number: 2, digestSize: 64, inputBlockSize: 128, webName: "SHA-512" },
};

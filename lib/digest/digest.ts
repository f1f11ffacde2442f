/**
 * A digest: which algorithm it is by, and its bytes.
 *
 * Images, objects and files are named by fs-verity digests. The constructor counts the bytes, so that no
 * other place has to.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { decodeHex, encodeHex } from "../bytes/hex.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "./hasher.ts";

/** Lengths of digests in bytes, with what has them. */
const ALGORITHM_BY_SIZE = new Map(
  Object.entries(HASH_ALGORITHMS).map(([name, { digestSize }]) => [
    digestSize,
    name as HashAlgorithm,
  ]),
);

/** Bytes of the longest digest. */
export const MAX_DIGEST_SIZE: number = Math.max(...ALGORITHM_BY_SIZE.keys());

/** What a digest looks like, for messages. */
export const DIGEST_FORM: string = `${
  [...ALGORITHM_BY_SIZE.keys()].map((size) => 2 * size).join(" or ")
} hexadecimal digits`;

/**
 * A digest by one of the algorithms that fs-verity has.
 *
 * @example To text and back
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Digest, fsVerityDigest } from "composefs-ts";
 *
 * const digest = fsVerityDigest(new TextEncoder().encode("hello"));
 * assertEquals(digest.toString().slice(0, 15), "sha256:555b589c");
 * assert(digest.equals(Digest.parse(digest.toHex())));
 * ```
 */
export class Digest {
  /** What computed it. */
  readonly algorithm: HashAlgorithm;
  /** Its bytes, as many as the algorithm gives: 32 or 64. Not to be changed. */
  readonly bytes: Uint8Array;

  /**
   * Takes the bytes as they are, without a copy.
   *
   * @throws {RangeError} If they are not as many as the algorithm gives.
   */
  constructor(algorithm: HashAlgorithm, bytes: Uint8Array) {
    const { digestSize } = HASH_ALGORITHMS[algorithm];
    if (bytes.length !== digestSize) {
      throw new RangeError(
        `Cannot use ${bytes.length} bytes as a digest by ${algorithm}: expected ${digestSize}`,
      );
    }
    this.algorithm = algorithm;
    this.bytes = bytes;
  }

  /** The digest that bytes are, by what their number says; undefined if no algorithm gives as many. */
  static of(bytes: Uint8Array): Digest | undefined {
    const algorithm = ALGORITHM_BY_SIZE.get(bytes.length);
    return algorithm === undefined ? undefined : new Digest(algorithm, bytes);
  }

  /**
   * Reads `sha256:HEX` or `sha512:HEX`, or hexadecimal digits alone, whose number says what they are.
   *
   * @returns Undefined if it is neither.
   */
  static tryParse(text: string): Digest | undefined {
    const match = /^(?:(sha256|sha512):)?([0-9a-fA-F]+)$/.exec(text);
    const bytes = match === null ? undefined : decodeHex(match[2]!);
    const digest = bytes === undefined ? undefined : Digest.of(bytes);
    return digest === undefined || (match![1] ?? digest.algorithm) !== digest.algorithm
      ? undefined
      : digest;
  }

  /**
   * Reads the same.
   *
   * @throws {RangeError} If it is neither.
   */
  static parse(text: string): Digest {
    const digest = Digest.tryParse(text);
    if (digest !== undefined) return digest;
    throw new RangeError(`expected ${DIGEST_FORM}`);
  }

  /** Tells whether two are by the same algorithm and of the same bytes. */
  equals(other: Digest): boolean {
    return this.algorithm === other.algorithm && equalBytes(this.bytes, other.bytes);
  }

  /** Its bytes as lower-case hexadecimal digits. */
  toHex(): string {
    return encodeHex(this.bytes);
  }

  /** The algorithm, a colon and the digits. */
  toString(): string {
    return `${this.algorithm}:${this.toHex()}`;
  }
}

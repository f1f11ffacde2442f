/**
 * SHA-256 and SHA-512 in plain TypeScript, for runtimes that bring no synchronous hash: browsers.
 *
 * Follows FIPS 180-4. The constants are computed at first use from their definition, the fractional
 * parts of roots of the first primes. Message schedules are shared between calls, which is safe
 * because a call neither yields nor calls out.
 *
 * @module
 */

import {
  type BlockHasher,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type MessageHasher,
} from "./hasher.ts";
import { compressSha256 } from "./_sha256.ts";
import { compressSha512 } from "./_sha512.ts";

/** Runs the compression function over the whole input blocks between `start` and `end`. */
type Compress = (
  message: Uint8Array,
  start: number,
  end: number,
  state: Int32Array,
  constants: Int32Array,
) => void;

/** Word tables of an algorithm, most significant half first for SHA-512. */
interface Constants {
  readonly initial: Int32Array;
  readonly rounds: Int32Array;
}

const COMPRESS: Readonly<Record<HashAlgorithm, Compress>> = {
  sha256: compressSha256,
  sha512: compressSha512,
};

const known = new Map<HashAlgorithm, BlockHasher>();

/**
 * Gives the hasher that runs anywhere: about 200 MiB/s for SHA-256.
 *
 * @example The same hash as the runtime's
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { portableHasher } from "composefs-ts";
 *
 * const hash = portableHasher("sha512").hash(new TextEncoder().encode("abc"));
 * assertEquals(hash.length, 64);
 * assertEquals(hash.subarray(0, 4), new Uint8Array([0xdd, 0xaf, 0x35, 0xa1]));
 * ```
 */
export function portableHasher(algorithm: HashAlgorithm): BlockHasher {
  let hasher = known.get(algorithm);
  if (hasher === undefined) {
    hasher = makeHasher(algorithm, COMPRESS[algorithm], computeConstants(algorithm));
    known.set(algorithm, hasher);
  }
  return hasher;
}

function makeHasher(
  algorithm: HashAlgorithm,
  compress: Compress,
  { initial, rounds }: Constants,
): BlockHasher {
  const { digestSize, inputBlockSize } = HASH_ALGORITHMS[algorithm];
  const state = new Int32Array(initial.length);
  const tail = new Uint8Array(2 * inputBlockSize);

  function hash(message: Uint8Array): Uint8Array<ArrayBuffer> {
    state.set(initial);
    const whole = message.length - message.length % inputBlockSize;
    compress(message, 0, whole, state, rounds);
    const rest = message.subarray(whole);
    compress(tail, 0, padTail(tail, rest, message.length), state, rounds);
    return digestOf(state);
  }
  return { name: "portable", algorithm, digestSize, hash };
}

/** A hash of a message in pieces that runs anywhere. */
export function portableMessageHasher(algorithm: HashAlgorithm): MessageHasher {
  const { inputBlockSize } = HASH_ALGORITHMS[algorithm];
  const compress = COMPRESS[algorithm];
  const { initial, rounds } = computeConstants(algorithm);
  const state = initial.slice();
  /** The begin of a block that is not complete yet. */
  const block = new Uint8Array(inputBlockSize);
  let length = 0;
  return {
    update(bytes) {
      let at = 0;
      const begun = length % inputBlockSize;
      if (begun > 0) {
        at = Math.min(inputBlockSize - begun, bytes.length);
        block.set(bytes.subarray(0, at), begun);
        if (begun + at === inputBlockSize) compress(block, 0, inputBlockSize, state, rounds);
      }
      const end = bytes.length - (bytes.length - at) % inputBlockSize;
      compress(bytes, at, end, state, rounds);
      block.set(bytes.subarray(end));
      length += bytes.length;
    },
    digest() {
      const tail = new Uint8Array(2 * inputBlockSize);
      const rest = block.subarray(0, length % inputBlockSize);
      compress(tail, 0, padTail(tail, rest, length), state, rounds);
      return digestOf(state);
    },
  };
}

/** The words of a state, most significant byte first. */
function digestOf(state: Int32Array): Uint8Array<ArrayBuffer> {
  const digest = new Uint8Array(4 * state.length);
  const view = new DataView(digest.buffer);
  for (let i = 0; i < state.length; i++) view.setInt32(4 * i, state[i]!);
  return digest;
}

/** Puts the end of a message of `length` bytes, a one bit, zeros and the length in bits into `tail`. */
function padTail(tail: Uint8Array<ArrayBuffer>, rest: Uint8Array, length: number): number {
  const inputBlockSize = tail.length / 2;
  const lengthSize = inputBlockSize / 8;
  tail.fill(0);
  tail.set(rest);
  tail[rest.length] = 0x80;
  const end = rest.length + 1 + lengthSize <= inputBlockSize ? inputBlockSize : tail.length;
  const view = new DataView(tail.buffer);
  // The bytes before these eight stay zero: no message is 2^61 bytes long.
  view.setUint32(end - 8, Math.floor(length / 0x20000000));
  view.setUint32(end - 4, length * 8 % 0x100000000);
  return end;
}

function computeConstants(algorithm: HashAlgorithm): Constants {
  const primes = firstPrimes(algorithm === "sha256" ? 64 : 80);
  const squareRoots = primes.slice(0, 8).map((prime) => rootFraction(prime, 2n));
  const cubeRoots = primes.map((prime) => rootFraction(prime, 3n));
  return { initial: toWords(squareRoots, algorithm), rounds: toWords(cubeRoots, algorithm) };
}

/** Cuts 64-bit fractions into words: both halves for SHA-512, the upper one for SHA-256. */
function toWords(fractions: readonly bigint[], algorithm: HashAlgorithm): Int32Array {
  const halves = fractions.map((fraction) => [
    Number(BigInt.asIntN(32, fraction >> 32n)),
    Number(BigInt.asIntN(32, fraction)),
  ]);
  return Int32Array.from(halves.flatMap((pair) => algorithm === "sha512" ? pair : [pair[0]!]));
}

/** The first 64 bits after the point of a root of a prime: floor(root × 2^64) mod 2^64. */
function rootFraction(prime: number, degree: bigint): bigint {
  const radicand = BigInt(prime) << (64n * degree);
  // Newton's iteration from above falls until it reaches the floor of the root.
  let root = 1n << 72n;
  while (true) {
    const next = ((degree - 1n) * root + radicand / root ** (degree - 1n)) / degree;
    if (next >= root) return BigInt.asUintN(64, root);
    root = next;
  }
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

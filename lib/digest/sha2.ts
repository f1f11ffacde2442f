/**
 * SHA-2 as the runtime brings it, and the choice of a hasher for callers that name none.
 *
 * The only file of `lib/` that reaches for a runtime: for Bun's own hashes, or for a Node module of the
 * running process. It does so at the first call and not at import, so that this file loads in a browser,
 * which has neither and gets the portable hasher.
 *
 * @module
 */

import {
  type BlockHasher,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  type MessageHasher,
} from "./hasher.ts";
import { portableHasher, portableSha256Hasher } from "./portable.ts";

interface NodeHash {
  update(data: Uint8Array): NodeHash;
  digest(encoding: "hex"): string;
}

/** The little of `node:crypto` that is used here. */
interface NodeCrypto {
  hash?(algorithm: string, data: Uint8Array, encoding: "hex"): string;
  createHash(algorithm: string): NodeHash;
}

/** Bun's own hashes of whole messages. */
interface BunHash {
  hash(data: Uint8Array): Uint8Array<ArrayBuffer>;
  hash(data: Uint8Array, into: Uint8Array): Uint8Array;
}

interface NodeGlobal {
  readonly process?: { getBuiltinModule?(name: "node:crypto"): NodeCrypto | undefined };
  readonly Bun?: { readonly SHA256?: BunHash; readonly SHA512?: BunHash };
}

const known = new Map<HashAlgorithm, BlockHasher | undefined>();

/**
 * Finds the runtime's own implementation: `Bun.SHA256` and `Bun.SHA512`, or `node:crypto` on Deno and Node.
 *
 * @returns The hasher, or undefined where there is neither, as in browsers.
 *
 * @example Hash with whatever is fastest
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nativeHasher, portableHasher } from "composefs-ts";
 *
 * const hasher = nativeHasher("sha256") ?? portableHasher("sha256");
 * const hash = hasher.hash(new TextEncoder().encode("abc"));
 * assertEquals(hash.subarray(0, 4), new Uint8Array([0xba, 0x78, 0x16, 0xbf]));
 * ```
 */
export function nativeHasher(algorithm: HashAlgorithm): BlockHasher | undefined {
  if (!known.has(algorithm)) known.set(algorithm, findNativeHasher(algorithm));
  return known.get(algorithm);
}

/** Gives the native hasher if there is one, the portable one otherwise. */
export function defaultHasher(algorithm: HashAlgorithm): BlockHasher {
  return nativeHasher(algorithm) ?? portableHasher(algorithm);
}

/** Begins the SHA-256 of a message, by the runtime's own implementation where there is one. */
export function sha256Hasher(): MessageHasher {
  const { process } = globalThis as NodeGlobal;
  const hash = process?.getBuiltinModule?.("node:crypto")?.createHash("sha256");
  if (hash === undefined) return portableSha256Hasher();
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => Uint8Array.fromHex(hash.digest("hex")),
  };
}

function findNativeHasher(algorithm: HashAlgorithm): BlockHasher | undefined {
  const { process, Bun: bun } = globalThis as NodeGlobal;
  const { digestSize } = HASH_ALGORITHMS[algorithm];
  /** What each call of `hashInto` fills: neither a new array nor a view of the target is made. */
  const result = new Uint8Array(digestSize);
  const own = algorithm === "sha256" ? bun?.SHA256 : bun?.SHA512;
  if (own !== undefined) {
    // 8 % faster than its node:crypto, which looks the algorithm up by name for each message.
    return {
      name: "Bun hash",
      algorithm,
      digestSize,
      hash: (message) => own.hash(message),
      hashInto(message, target, at) {
        own.hash(message, result);
        target.set(result, at);
      },
    };
  }
  const crypto = process?.getBuiltinModule?.("node:crypto");
  if (crypto === undefined) return undefined;
  // One-shot hashing is 3 to 6 % faster than createHash for 4096 bytes. By way of hexadecimal, against
  // "buffer" (MiB/s, both best of 12): Deno 1148 against 1098, Bun 1536 against 1582; as fast overall,
  // and the result is a plain Uint8Array instead of a Buffer, whose slice() and toString() differ.
  if (crypto.hash !== undefined) {
    const hash = crypto.hash;
    return {
      name: "node:crypto hash",
      algorithm,
      digestSize,
      hash: (message) => Uint8Array.fromHex(hash(algorithm, message, "hex")),
      // 3.6 microseconds for a block of 4096 bytes on Deno, against 4.1 with an array of its own.
      hashInto(message, target, at) {
        result.setFromHex(hash(algorithm, message, "hex"));
        target.set(result, at);
      },
    };
  }
  return {
    name: "node:crypto createHash",
    algorithm,
    digestSize,
    hash: (message) =>
      Uint8Array.fromHex(crypto.createHash(algorithm).update(message).digest("hex")),
  };
}

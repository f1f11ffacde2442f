/**
 * Who computes SHA-2: what a runtime or a caller has brought, plain TypeScript otherwise.
 *
 * This asks no runtime for anything. `ffi/hash/` brings the hashes of Node, Deno and Bun; a page may bring its
 * own.
 *
 * @module
 */

import type { BlockHasher, HashAlgorithm, MessageHasher } from "./hasher.ts";
import { portableHasher, portableMessageHasher } from "./portable.ts";

/** SHA-2 by other means than plain TypeScript. All of it works synchronously. */
export interface Hashers {
  /** The hasher of whole messages, always the same one for an algorithm; undefined for the portable one. */
  hasher(algorithm: HashAlgorithm): BlockHasher | undefined;
  /** Begins the hash of a message that comes in pieces; undefined for the portable one. */
  message?(algorithm: HashAlgorithm): MessageHasher | undefined;
}

let installed: Hashers | undefined;

/**
 * Makes hashers those that are used wherever a call names none, in this whole process or page; each worker
 * has its own. The portable ones take over where they have none.
 *
 * They are believed: what they compute is compared with digests as if it was computed here.
 *
 * @param hashers Undefined for the portable ones, with which every process begins.
 *
 * @example Hashes that a page brings
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, installHashers, portableHasher } from "composefs-ts";
 *
 * let asked = 0;
 * installHashers({
 *   hasher(algorithm) {
 *     asked++;
 *     return portableHasher(algorithm);
 *   },
 * });
 * fsVerityDigest(new Uint8Array(10));
 * installHashers(undefined);
 * assertEquals(asked, 1);
 * ```
 */
export function installHashers(hashers: Hashers | undefined): void {
  installed = hashers;
}

/** Tells whether there are others than the portable ones. */
export function hasHashers(): boolean {
  return installed !== undefined;
}

/** The hasher of an algorithm that was installed, undefined if there is none but the portable one. */
export function installedHasher(algorithm: HashAlgorithm): BlockHasher | undefined {
  return installed?.hasher(algorithm);
}

/** The hasher for callers that name none. */
export function defaultHasher(algorithm: HashAlgorithm): BlockHasher {
  return installed?.hasher(algorithm) ?? portableHasher(algorithm);
}

/** Begins the hash of a message that comes in pieces. */
export function messageHasher(algorithm: HashAlgorithm): MessageHasher {
  return installed?.message?.(algorithm) ?? portableMessageHasher(algorithm);
}

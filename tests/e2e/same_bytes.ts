/**
 * Bytes of files, compared without a listing of both where they differ.
 *
 * @module
 */

import { assert } from "@std/assert";
import { readFileSync } from "node:fs";

/** What a file holds. */
export function read(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
}

/** Asserts that bytes are the same; `what` says which in the message. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  const difference = at < 0 ? "the rest is missing" : `byte ${at} differs`;
  assert(false, `${what}: ${actual.length} bytes, expected ${expected.length}; ${difference}`);
}

/**
 * Contents that tests put into a store, and what is then found in it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import type { DirectoryStore } from "../../../ffi/objects/object_store.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { putObject } from "../../../lib/objects/object_store.ts";

/** Bytes that differ with the seed. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 * seed + (i >> 8)) & 0xff);
}

/** All files below a directory, relative to it. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(directory.length + 1)).sort();
}

/** Asserts that the store holds exactly these contents. */
export function assertHolds(directory: string, ...contents: Uint8Array[]): void {
  const expected = contents.map((each) => objectPath(fsVerityDigest(each)));
  assertEquals(filesBelow(directory), expected.sort());
  for (const each of contents) {
    const path = `${directory}/${objectPath(fsVerityDigest(each))}`;
    assertEquals(new Uint8Array(readFileSync(path)), each);
    assertEquals(lstatSync(path).mode & 0o7777, 0o644);
  }
}

/** Puts contents under their digest. */
export function put(store: DirectoryStore, contents: Uint8Array<ArrayBuffer>): void {
  putObject(store, fsVerityDigest(contents), contents.length, contents);
}

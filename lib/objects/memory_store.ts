/**
 * An object store in memory.
 *
 * @module
 */

import type { Digest } from "../digest/digest.ts";
import { type File, memoryFile, readWhole } from "../file/file.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import type { ObjectStore } from "./object_store.ts";

/**
 * Objects in a map, by digest.
 *
 * @example What a store answers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, MemoryStore } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * const contents = new TextEncoder().encode("hello");
 * const digest = fsVerityDigest(contents);
 * store.put(digest, contents.length, contents);
 * assertEquals(store.has(digest, contents.length), true);
 * ```
 */
export class MemoryStore implements ObjectStore {
  readonly #objects = new Map<string, Uint8Array>();

  /** How many objects there are. */
  get size(): number {
    return this.#objects.size;
  }

  /** Tells whether the object is there, of this size. */
  has(digest: Digest, size: number): boolean {
    return this.#objects.get(digest.toString())?.length === size;
  }

  /**
   * Keeps a copy of the contents.
   *
   * @throws {IntegrityError} If they do not have this digest and size.
   */
  put(digest: Digest, size: number, contents: Uint8Array<ArrayBuffer> | File): void {
    if (this.has(digest, size)) return;
    const copy = contents instanceof Uint8Array ? contents.slice() : readWhole(contents, size);
    if (
      copy.length !== size || !fsVerityDigest(copy, { algorithm: digest.algorithm }).equals(digest)
    ) {
      const object = `object "${digest.toHex()}"`;
      throw new IntegrityError("changed", object, "contents have changed", "store");
    }
    this.#objects.set(digest.toString(), copy);
  }

  /** Opens an object, undefined if it is not there. */
  open(digest: Digest): File | undefined {
    const object = this.#objects.get(digest.toString());
    return object === undefined ? undefined : memoryFile(object);
  }
}

/**
 * An object store in memory.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { type File, memoryFile, readWhole } from "../file/file.ts";
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
  has(digest: Uint8Array, size: number): boolean {
    return this.#objects.get(digest.toHex())?.length === size;
  }

  /**
   * Keeps a copy of the contents.
   *
   * @throws {RangeError} If they do not have this digest and size.
   */
  put(digest: Uint8Array, size: number, contents: Uint8Array<ArrayBuffer> | File): void {
    if (this.has(digest, size)) return;
    const copy = contents instanceof Uint8Array ? contents.slice() : readWhole(contents, size);
    if (copy.length !== size || !equalBytes(fsVerityDigest(copy), digest)) {
      throw new RangeError(`Cannot store object "${digest.toHex()}": contents have changed`);
    }
    this.#objects.set(digest.toHex(), copy);
  }

  /** Opens an object, undefined if it is not there. */
  open(digest: Uint8Array): File | undefined {
    const object = this.#objects.get(digest.toHex());
    return object === undefined ? undefined : memoryFile(object);
  }
}

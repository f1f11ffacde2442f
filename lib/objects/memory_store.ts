/**
 * An object store in memory.
 *
 * @module
 */

import { Digest } from "../digest/digest.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import { type File, memoryFile } from "../file/file.ts";
import { type DraftTarget, HashedDraft } from "./hashed_draft.ts";
import type { ObjectDraft, ObjectStore, StoredObject } from "./object_store.ts";

/**
 * Objects in a map, by digest.
 *
 * @example What is written can be opened
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryStore } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * using draft = store.draft();
 * draft.write(new TextEncoder().encode("hello"));
 * const digest = draft.finish();
 * assertEquals(store.has(digest, 5), true);
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

  /** Opens an object, undefined if it is not there. */
  open(digest: Digest): File | undefined {
    const object = this.#objects.get(digest.toString());
    return object === undefined ? undefined : memoryFile(object);
  }

  /** Begins an object. */
  draft(algorithm: HashAlgorithm = "sha256"): ObjectDraft {
    const target = new MemoryTarget((digest, contents) => {
      this.#objects.set(digest.toString(), contents);
    });
    return new HashedDraft(target, algorithm);
  }

  /** Lists all objects, in the order in which they came. */
  *list(): Generator<StoredObject> {
    for (const [name, { length }] of this.#objects) {
      yield { digest: Digest.parse(name), size: length };
    }
  }

  /** Removes an object; tells whether it was there. */
  remove(digest: Digest): boolean {
    return this.#objects.delete(digest.toString());
  }

  /** Memory does not outlive the machine. */
  flush(): void {}
}

/** Room that grows as it is written to. */
class MemoryTarget implements DraftTarget {
  readonly #onKept: (digest: Digest, contents: Uint8Array) => void;
  #bytes = new Uint8Array(1024);

  constructor(onKept: (digest: Digest, contents: Uint8Array) => void) {
    this.#onKept = onKept;
  }

  writeAt(bytes: Uint8Array, position: number): void {
    this.#grow(position + bytes.length);
    this.#bytes.set(bytes, position);
  }

  keep(digest: Digest, size: number): void {
    this.#grow(size);
    this.#onKept(digest, this.#bytes.slice(0, size));
  }

  [Symbol.dispose](): void {}

  #grow(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

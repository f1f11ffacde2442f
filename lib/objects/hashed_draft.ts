/**
 * What drafts of objects have in common, wherever they are written: their digest comes about as they are.
 *
 * @module
 */

import type { Digest } from "../digest/digest.ts";
import { FsVerityHasher } from "../digest/fs_verity.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import { changedObject, type ObjectDraft } from "./object_store.ts";

/** Where a draft is written. */
export interface DraftTarget extends Disposable {
  /** Writes bytes at a position; positions ascend, and what is left out is zeros. */
  writeAt(bytes: Uint8Array, position: number): void;
  /** Puts what was written into the store under its digest. */
  keep(digest: Digest, size: number): void;
}

/** A draft over its target, of which it disposes. */
export class HashedDraft implements ObjectDraft {
  readonly #hasher: FsVerityHasher;
  readonly #target: DraftTarget;

  /** Begins without contents. */
  constructor(target: DraftTarget, algorithm: HashAlgorithm) {
    this.#target = target;
    this.#hasher = new FsVerityHasher({ algorithm });
  }

  get size(): number {
    return this.#hasher.size;
  }

  write(bytes: Uint8Array): void {
    this.#target.writeAt(bytes, this.size);
    this.#hasher.update(bytes);
  }

  writeZeros(length: number): void {
    this.#hasher.updateZeros(length);
  }

  finish(expected?: Digest): Digest {
    const digest = this.#hasher.digest();
    if (expected !== undefined && !digest.equals(expected)) throw changedObject(expected);
    this.#target.keep(digest, this.size);
    return digest;
  }

  [Symbol.dispose](): void {
    this.#target[Symbol.dispose]();
  }
}

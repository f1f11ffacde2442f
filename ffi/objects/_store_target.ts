/**
 * An object of a store on disk while it is being written.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import type { DraftTarget } from "../../lib/objects/hashed_draft.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
import { isForbidden } from "../sys/errno.ts";
import { resize, writeNonZero } from "../files/write_contents.ts";
import type { ObjectDirectory } from "./object_directory.ts";

/** The part of a store that its drafts need. */
interface Store {
  readonly objects: ObjectDirectory;
  has(digest: Digest, size: number): boolean;
  addDraft(draft: UnnamedFile, digest: Digest, size: number): void;
}

/** A file without its name, which the store takes over in the end. */
export class StoreTarget implements DraftTarget {
  readonly #store: Store;
  /** Undefined in a store that cannot be written, and once it is the store's. */
  #draft: UnnamedFile | undefined;
  /** Why the store cannot be written: it serves if the object is there. */
  #refusal: unknown;

  constructor(store: Store) {
    this.#store = store;
    try {
      this.#draft = store.objects.createDraft();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      this.#refusal = error;
    }
  }

  writeAt(bytes: Uint8Array, position: number): void {
    if (this.#draft === undefined) return;
    writeNonZero(this.#draft.file, aligned(bytes), position);
  }

  /** @throws {SyscallError} If the object is not there and none can be made. */
  keep(digest: Digest, size: number): void {
    if (this.#store.has(digest, size)) return;
    const draft = this.#draft;
    if (draft === undefined) throw this.#refusal;
    // What was zeros at the end has not been written.
    resize(draft.file, size);
    this.#store.objects.completeDraft(draft, digest.algorithm);
    this.#draft = undefined;
    this.#store.addDraft(draft, digest, size);
  }

  [Symbol.dispose](): void {
    this.#draft?.[Symbol.dispose]();
    this.#draft = undefined;
  }
}

/** Bytes as the search for zeros looks at them, four at a time. */
function aligned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.byteOffset % 4 === 0 && bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : new Uint8Array(bytes);
}

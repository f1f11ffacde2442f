/**
 * An object of a store on disk while it is being written.
 *
 * @module
 */

import type { Digest } from "../../lib/digest/digest.ts";
import type { DraftTarget } from "../../lib/objects/hashed_draft.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
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
  /** Undefined once it is the store's. */
  #draft: UnnamedFile | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#draft = store.objects.createDraft();
  }

  writeAt(bytes: Uint8Array, position: number): void {
    writeNonZero(this.#draft!.file, aligned(bytes), position);
  }

  keep(digest: Digest, size: number): void {
    const draft = this.#draft!;
    if (this.#store.has(digest, size)) return;
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

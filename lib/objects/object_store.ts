/**
 * The port through which file contents are kept, named by their fs-verity digests.
 *
 * `ffi/objects/` keeps them in a directory as composefs does, `memory_store.ts` in a map.
 *
 * @module
 */

import type { Digest } from "../digest/digest.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import type { HashAlgorithm } from "../digest/hasher.ts";
import { objectPath } from "../digest/object_path.ts";
import { type File, memoryFile } from "../file/file.ts";
import { readPieces } from "../file/pieces.ts";

/** Objects that can be read. */
export interface ObjectReader {
  /**
   * Tells whether an object is there. What stands under its name and cannot be it (another size, no regular
   * file or, where the store was opened to verify, other contents) is not.
   */
  has(digest: Digest, size: number): boolean;
  /**
   * Opens an object for reading. Its contents are not verified.
   *
   * @returns The object, or undefined if it is not there.
   */
  open(digest: Digest): File | undefined;
}

/** A set of immutable objects, each named by the fs-verity digest of its contents. */
export interface ObjectStore extends ObjectReader {
  /** Begins an object whose digest is not known yet. SHA-256 if no algorithm is named. */
  draft(algorithm?: HashAlgorithm): ObjectDraft;
  /** Lists all objects, in no particular order. Files that are no objects are passed over. */
  list(): Iterable<StoredObject>;
  /** Removes an object; tells whether it was there. */
  remove(digest: Digest): boolean;
  /** Makes sure that all objects so far are still there after a crash of the machine. */
  flush(): void;
}

/** An object of a store. */
export interface StoredObject {
  /** What it is named by. */
  readonly digest: Digest;
  /** Length in bytes. */
  readonly size: number;
}

/** An object on its way into a store. Dispose of it, or declare it with `using`: it is dropped if not finished. */
export interface ObjectDraft extends Disposable {
  /** Bytes that have come so far. */
  readonly size: number;
  /** Takes the next bytes of the contents. They are not kept. */
  write(bytes: Uint8Array): void;
  /** Takes zeros, which a store on disk may keep as a hole. */
  writeZeros(length: number): void;
  /**
   * Puts the object into the store, unless it is there already, in place of anything else under its name.
   * Whenever its name appears, its contents are whole.
   *
   * @param expected What the digest must be; otherwise nothing is put.
   * @returns The digest of what was written.
   * @throws {IntegrityError} If it is not the expected one.
   */
  finish(expected?: Digest): Digest;
}

/** Bytes copied at a time. */
const CHUNK_SIZE = 1 << 20;

/**
 * Puts contents whose digest is known into a store, unless they are there.
 *
 * @param contents All of them, either in memory or as a file that is read from its start.
 * @throws {IntegrityError} If they do not have this digest and size: the file changed since it was digested.
 *
 * @example A store that has an object
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, MemoryStore, putObject } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * const contents = new TextEncoder().encode("hello");
 * const digest = fsVerityDigest(contents);
 * putObject(store, digest, contents.length, contents);
 * assertEquals(store.has(digest, contents.length), true);
 * ```
 */
export function putObject(
  store: ObjectStore,
  digest: Digest,
  size: number,
  contents: Uint8Array | File,
): void {
  if (store.has(digest, size)) return;
  using draft = store.draft(digest.algorithm);
  const file = contents instanceof Uint8Array ? memoryFile(contents) : contents;
  // A byte more shows that it has grown.
  const limit = size + 1;
  for (
    const { bytes, length } of readPieces(file, new Uint8Array(Math.min(limit, CHUNK_SIZE)), limit)
  ) {
    if (bytes === undefined) draft.writeZeros(length);
    else draft.write(bytes);
  }
  if (draft.size !== size) throw changedObject(digest);
  draft.finish(digest);
}

/** The error of contents that are another object's than expected. */
export function changedObject(digest: Digest): IntegrityError {
  const state = "the file it was made of changed while it was read";
  return new IntegrityError("changed", `object "${objectPath(digest)}"`, state, "store");
}

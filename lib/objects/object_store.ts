/**
 * The port through which file contents are kept, named by their fs-verity digest.
 *
 * `ffi/objects/object_store.ts` keeps them in a directory as composefs does; `memory_store.ts` in a map.
 *
 * @module
 */

import type { Digest } from "../digest/digest.ts";
import type { File } from "../file/file.ts";

/** A set of immutable objects, each named by the fs-verity digest of its contents. */
export interface ObjectStore {
  /**
   * Tells whether the object is there. What stands under its name and cannot be it (another size, no regular
   * file or, where the store was opened to verify, other contents) is not; `put` replaces that.
   */
  has(digest: Digest, size: number): boolean;
  /**
   * Puts an object, unless it is already there. Whenever its name appears, its contents are whole and
   * survive a crash of the machine; if this throws, nothing stands under the name that did not before.
   *
   * @param contents All of the object, either in memory or as a file that is read from its start.
   * @throws If the contents do not have this digest and size (the file changed since it was digested).
   */
  put(digest: Digest, size: number, contents: Uint8Array<ArrayBuffer> | File): void;
  /**
   * Opens an object for reading. Its contents are not verified.
   *
   * @returns The object, or undefined if it is not there.
   */
  open(digest: Digest): File | undefined;
}

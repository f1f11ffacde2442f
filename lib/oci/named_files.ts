/**
 * The port through which the files of an image are reached, wherever they lie.
 *
 * @module
 */

import type { File } from "../file/file.ts";

/**
 * Files by their paths: a directory, which a `SourceTree` is, or the members of an archive, see `TarFiles`.
 */
export interface NamedFiles {
  /**
   * Opens a regular file.
   *
   * @param path Names joined by `/`, from the root of it all.
   * @throws An error that names the path if there is no such file: `TreeError` with the code `"not-found"` from an
   * archive, and from a directory whatever it throws.
   */
  open(path: Uint8Array): File;
}

/**
 * Checking objects on one thread.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { findBackingFile } from "../../lib/objects/data_layers.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import { DirectoryLayer } from "../objects/data_layer.ts";
import type { Fd } from "../files/fd.ts";
import type { FileTask } from "./pool_task.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";

/** Digests objects of up to {@linkcode MAX_WHOLE_FILE} bytes in the first layer that has them. */
export class ObjectCheckTask implements FileTask {
  readonly #layers: readonly DirectoryLayer[];
  readonly #algorithm: HashAlgorithm;
  readonly #buffer = new Uint8Array(MAX_WHOLE_FILE);

  /** Closes no directory. */
  constructor(
    layers: readonly { readonly directory: Fd; readonly path: Uint8Array }[],
    algorithm: HashAlgorithm,
  ) {
    this.#algorithm = algorithm;
    this.#layers = layers.map(({ directory, path }) => new DirectoryLayer(directory, path));
  }

  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult {
    using file = findBackingFile(this.#layers, path);
    if (file?.size !== size) throw changed(path, "not there, or of another size");
    const contents = this.#buffer.subarray(0, size);
    if (file.readAt(contents, 0) !== size) throw changed(path, "shorter than it was");
    const { bytes } = fsVerityDigest(contents, { algorithm: this.#algorithm });
    return { state: FILE_STATE.digested, bytes };
  }

  close(): void {
    for (const layer of this.#layers) layer.leaveDirectory();
  }
}

function changed(path: Uint8Array, state: string): IntegrityError {
  return new IntegrityError("changed", `object ${quote(path)}`, state);
}

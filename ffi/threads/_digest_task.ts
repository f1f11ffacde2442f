/**
 * Digesting files by their paths on one thread.
 *
 * @module
 */

import { Digest } from "../../lib/digest/digest.ts";
import { fsVerityDigest, type FsVerityOptions } from "../../lib/digest/fs_verity.ts";
import { hashFile } from "../../lib/digest/hash_file.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import { Fd } from "../files/fd.ts";
import type { DigestSettings, FileTask } from "./pool_task.ts";
import { measureVerity } from "../files/fsverity.ts";
import type { Linux } from "../sys/linux.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";
import { O_NONBLOCK, O_RDONLY } from "../sys/uapi.ts";

/** Digests one file after the other. The size that a file should have is not looked at. */
export class DigestTask implements FileTask {
  readonly #linux: Linux;
  readonly #settings: DigestSettings;
  readonly #options: FsVerityOptions;
  readonly #buffer = new Uint8Array(MAX_WHOLE_FILE);

  constructor(linux: Linux, settings: DigestSettings) {
    const { algorithm, blockSize, salt } = settings;
    this.#linux = linux;
    this.#settings = settings;
    this.#options = { algorithm, blockSize, ...(salt === undefined ? {} : { salt }) };
  }

  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult {
    // A fifo fails when it is read, and is not waited for.
    using file = Fd.open(this.#linux, path, { flags: O_RDONLY | O_NONBLOCK });
    const { bytes } = this.measure(file) ?? this.#digest(file, size);
    return { state: FILE_STATE.digested, bytes };
  }

  /** The kernel's digest, where it is asked for and there is one. */
  measure(file: Fd): Digest | undefined {
    if (!this.#settings.measure) return undefined;
    const measured = measureVerity(file);
    const isWanted = measured instanceof Digest && measured.algorithm === this.#settings.algorithm;
    return isWanted ? measured : undefined;
  }

  #digest(file: Fd, size: number): Digest {
    const buffer = this.#buffer;
    const contents = size < buffer.length ? file.readWhole(buffer, size) : undefined;
    if (contents !== undefined) return fsVerityDigest(contents, this.#options);
    return hashFile(file, { ...this.#options, buffer }).digest();
  }
}

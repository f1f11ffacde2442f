/**
 * Digesting and storing contents that lie in shared memory, on one thread.
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { Fd } from "../files/fd.ts";
import { ObjectDirectory, type ObjectOptions } from "../objects/object_directory.ts";
import type { FileResult } from "./_file_job.ts";
import { digestContents, makeObject } from "./_object_maker.ts";
import type { FileTask } from "./pool_task.ts";

/** What stands for the path of contents: where they begin in the shared memory. */
export function contentPath(start: number): Uint8Array<ArrayBuffer> {
  const path = new Uint8Array(u64.size);
  u64.write(new DataView(path.buffer), 0, start);
  return path;
}

/** Works on contents by their places. */
export class ContentTask implements FileTask {
  readonly #shared: SharedArrayBuffer;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly objects: ObjectDirectory | undefined;

  /** Does not close the directory of the store. */
  constructor(
    shared: SharedArrayBuffer,
    algorithms: readonly HashAlgorithm[],
    store?: { readonly directory: Fd; readonly path: Uint8Array } & ObjectOptions,
  ) {
    this.#shared = shared;
    this.#algorithms = algorithms;
    this.objects = store && new ObjectDirectory(store.directory, store.path, store);
  }

  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult {
    const start = u64.read(new DataView(path.buffer, path.byteOffset), 0);
    // Memory like any other: nobody changes it before this job is done.
    const shared = new Uint8Array(this.#shared, start, size);
    const contents = shared as Uint8Array as Uint8Array<ArrayBuffer>;
    return this.objects === undefined
      ? digestContents(contents, this.#algorithms)
      : makeObject(this.objects, contents, this.#algorithms[0]!);
  }
}

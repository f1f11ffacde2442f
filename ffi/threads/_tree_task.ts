/**
 * Reading the files of a tree on one thread: small ones whole, others digested and made into objects.
 *
 * @module
 */

import { INLINE_THRESHOLD } from "../../lib/composefs/contents.ts";
import { wrongLength } from "../../lib/composefs/file_reader.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import type { Fd } from "../files/fd.ts";
import { digestContents, makeObject } from "./_object_maker.ts";
import type { FileTask } from "./pool_task.ts";
import { ObjectDirectory, type ObjectOptions } from "../objects/object_directory.ts";
import { DirectoryTree } from "../tree/source_tree.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";

/** From this size on, an object shares the blocks of its file where the file system can do that. */
const MIN_CLONE = 1 << 14;

/** Reads files of up to {@linkcode MAX_WHOLE_FILE} bytes below an open directory. */
export class TreeTask implements FileTask {
  readonly #tree: DirectoryTree;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly objects: ObjectDirectory | undefined;
  readonly #buffer = new Uint8Array(MAX_WHOLE_FILE + 1);
  /** Whether the last object that was looked for was there: so may be the next. */
  #expectsPresent = false;

  /** Closes neither directory. */
  constructor(
    root: Fd,
    algorithms: readonly HashAlgorithm[],
    store?: { readonly directory: Fd; readonly path: Uint8Array } & ObjectOptions,
  ) {
    this.#algorithms = algorithms;
    this.#tree = new DirectoryTree(root, root.subject as Uint8Array);
    this.objects = store && new ObjectDirectory(store.directory, store.path, store);
  }

  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult {
    using file = this.#tree.openAny(path);
    if (this.objects === undefined || size <= INLINE_THRESHOLD) {
      const contents = this.#contents(path, size, file);
      return size <= INLINE_THRESHOLD
        ? { state: FILE_STATE.inline, bytes: contents.slice() }
        : digestContents(contents, this.#algorithms);
    }
    return this.#store(this.objects, path, size, file);
  }

  close(): void {
    this.#tree.leaveDirectory();
  }

  /**
   * The whole file, or its clone.
   *
   * @throws {IntegrityError} If it is not as long as it should be, or is no regular file.
   */
  #contents(
    path: Uint8Array,
    size: number,
    source: Fd,
    clone?: Fd,
  ): Uint8Array<ArrayBuffer> {
    const file = clone ?? source;
    const contents = file.readWhole(this.#buffer, size);
    if (contents !== undefined) return contents;
    // It is not what it was when it was looked at, or a signal has cut the reading short.
    this.#tree.checkRegular(path, file);
    const buffer = this.#buffer.subarray(0, size);
    const length = file.size === size ? file.readAt(buffer, 0) : file.size;
    if (length !== size) throw wrongLength(source.shown, length, size);
    return buffer;
  }

  #store(objects: ObjectDirectory, path: Uint8Array, size: number, file: Fd): FileResult {
    // A clone is digested itself, so it is made first, where one is likely to be needed.
    const clone = this.#expectsPresent || size < MIN_CLONE ? undefined : objects.cloneDraft(file);
    let contents;
    try {
      contents = this.#contents(path, size, file, clone?.file);
    } catch (error) {
      clone?.[Symbol.dispose]();
      throw error;
    }
    const result = makeObject(objects, contents, this.#algorithms[0]!, clone);
    this.#expectsPresent = result.state === FILE_STATE.digested;
    return result;
  }
}

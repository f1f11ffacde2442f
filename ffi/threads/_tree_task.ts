/**
 * Reading the files of a tree on one thread: small ones whole, others digested and made into objects.
 *
 * @module
 */

import { INLINE_THRESHOLD } from "../../lib/composefs/contents.ts";
import { wrongLength } from "../../lib/composefs/file_reader.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { fsVerityDigest } from "../../lib/digest/fs_verity.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import type { Fd } from "../files/fd.ts";
import type { FileTask } from "./pool_task.ts";
import { ObjectDirectory, type ObjectOptions } from "../objects/object_directory.ts";
import { DirectoryTree } from "../tree/source_tree.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
import { resize, writeNonZero } from "../files/write_contents.ts";

/** From this size on, an object shares the blocks of its file where the file system can do that. */
const MIN_CLONE = 1 << 14;

/** Reads files of up to {@linkcode MAX_WHOLE_FILE} bytes below an open directory. */
export class TreeTask implements FileTask {
  readonly #tree: DirectoryTree;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly #objects: ObjectDirectory | undefined;
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
    this.#objects = store && new ObjectDirectory(store.directory, store.path, store);
  }

  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult {
    using file = this.#tree.openAny(path);
    if (this.#objects === undefined || size <= INLINE_THRESHOLD) {
      const contents = this.#contents(path, size, file);
      return size <= INLINE_THRESHOLD
        ? { state: FILE_STATE.inline, bytes: contents.slice() }
        : { state: FILE_STATE.digested, bytes: this.#digests(contents) };
    }
    return this.#store(this.#objects, path, size, file);
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

  /** The digests of a whole file, one behind the other. */
  #digests(contents: Uint8Array): Uint8Array {
    const digests = this.#algorithms.map((algorithm) => fsVerityDigest(contents, { algorithm }));
    return digests.length === 1
      ? digests[0]!.bytes
      : concatBytes(...digests.map(({ bytes }) => bytes));
  }

  #store(objects: ObjectDirectory, path: Uint8Array, size: number, file: Fd): FileResult {
    // A clone is digested itself, so it is made first, where one is likely to be needed.
    const clone = this.#expectsPresent || size < MIN_CLONE ? undefined : objects.cloneDraft(file);
    let draft: UnnamedFile | undefined = clone;
    try {
      const contents = this.#contents(path, size, file, clone?.file);
      const algorithm = this.#algorithms[0]!;
      const digest = fsVerityDigest(contents, { algorithm });
      const { bytes } = digest;
      this.#expectsPresent = objects.has(digest, size);
      if (this.#expectsPresent) {
        draft?.[Symbol.dispose]();
        return { state: FILE_STATE.digested, bytes };
      }
      if (draft === undefined) {
        draft = objects.createDraft();
        if (writeNonZero(draft.file, contents, 0) !== size) resize(draft.file, size);
      }
      objects.completeDraft(draft, algorithm);
      return { state: FILE_STATE.drafted, bytes, draft: draft.handle };
    } catch (error) {
      draft?.[Symbol.dispose]();
      throw error;
    }
  }
}

/**
 * What a pool does with the files it is given: the same on every thread, as a message tells it.
 *
 * @see thread_pool.ts
 *
 * @module
 */

import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { FileResult } from "./_file_job.ts";
import type { ObjectDirectory, ObjectOptions } from "../objects/object_directory.ts";

/** A directory that is open in another thread of this process. */
export interface SharedDirectory {
  /** File descriptor. */
  readonly number: number;
  /** Its path, for messages. */
  readonly path: Uint8Array;
}

/** Which work it is, in values that can be sent to a thread. */
export type PoolTask =
  | {
    readonly kind: "tree";
    /** By what files are digested: one, if there is a store. */
    readonly algorithms: readonly HashAlgorithm[];
    readonly root: SharedDirectory;
    readonly store?: TaskStore;
  }
  | {
    /** Contents in the memory that the threads share; their paths say where. */
    readonly kind: "contents";
    /** By what they are digested: one, if there is a store. */
    readonly algorithms: readonly HashAlgorithm[];
    readonly store?: TaskStore;
  }
  | {
    readonly kind: "objects";
    readonly algorithm: HashAlgorithm;
    readonly layers: readonly SharedDirectory[];
  }
  | { readonly kind: "digest"; readonly options: DigestSettings };

/** A store that files go into. */
export interface TaskStore extends SharedDirectory, ObjectOptions {}

/** How files are digested. */
export interface DigestSettings {
  /** Hashes blocks, and is named in the descriptor. */
  readonly algorithm: HashAlgorithm;
  /** Bytes in a block, a power of two. */
  readonly blockSize: number;
  /** Up to 32 bytes; none if absent. */
  readonly salt?: Uint8Array;
  /** Takes the kernel's digest of a file that has one by the same parameters. */
  readonly measure: boolean;
}

/** By what the files of a task are digested. */
export function algorithmsOf(task: PoolTask): readonly HashAlgorithm[] {
  switch (task.kind) {
    case "tree":
    case "contents":
      return task.algorithms;
    case "objects":
      return [task.algorithm];
    case "digest":
      return [task.options.algorithm];
  }
}

/** The work on one thread. */
export interface FileTask {
  /** Where files are put, if there is a store. */
  readonly objects?: ObjectDirectory | undefined;
  /**
   * Reads a file that should have a size.
   *
   * @param path Valid during the call.
   * @throws If the file cannot be read, or is not what it should be.
   */
  read(path: Uint8Array<ArrayBuffer>, size: number): FileResult;
  /** Closes what is kept open for the next file, and not what the task has lent. */
  close?(): void;
}

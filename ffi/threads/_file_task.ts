/**
 * The work that a task asks for, on the thread that this runs on.
 *
 * @module
 */

import { defaultHasher } from "../../lib/digest/sha2.ts";
import { ContentTask } from "./_content_task.ts";
import { DigestTask } from "./_digest_task.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { ObjectCheckTask } from "./_object_check_task.ts";
import { PieceHasher } from "./_piece_hasher.ts";
import { TreeTask } from "./_tree_task.ts";
import { algorithmsOf, type FileTask, type PoolTask, type SharedDirectory } from "./pool_task.ts";

/**
 * Begins the work on this thread.
 *
 * @param shared The memory that all threads of the pool share, if there is any.
 */
export function startFileTask(
  linux: Linux,
  task: PoolTask,
  shared: SharedArrayBuffer | undefined,
): FileTask {
  const open = ({ number, path }: SharedDirectory) => new Fd(linux, number, path);
  switch (task.kind) {
    case "contents":
      return new ContentTask(
        shared!,
        task.algorithms,
        task.store && { directory: open(task.store), ...task.store },
      );
    case "tree":
      return new TreeTask(
        open(task.root),
        task.algorithms,
        task.store && { directory: open(task.store), ...task.store },
      );
    case "objects":
      return new ObjectCheckTask(
        task.layers.map((layer) => ({ directory: open(layer), ...layer })),
        task.algorithm,
      );
    case "digest":
      return new DigestTask(linux, task.options);
  }
}

/** What hashes pieces of large files in the course of a work. */
export function pieceHasher(
  linux: Linux,
  task: PoolTask,
  shared: SharedArrayBuffer | undefined,
): PieceHasher {
  const blockSize = task.kind === "digest" ? task.options.blockSize : OBJECT_BLOCK_SIZE;
  return new PieceHasher(linux, algorithmsOf(task).map(defaultHasher), blockSize, shared);
}

/** Bytes in the blocks by which objects and images are digested. */
const OBJECT_BLOCK_SIZE = 4096;

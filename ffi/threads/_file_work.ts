/**
 * The work that an order asks for, on the thread that this runs on.
 *
 * @module
 */

import { defaultHasher } from "../../lib/digest/sha2.ts";
import { DigestWork } from "./_digest_work.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { ObjectCheckWork } from "./_object_check_work.ts";
import { SpanWork } from "./_span_work.ts";
import { TreeWork } from "./_tree_work.ts";
import { algorithmsOf, type FileWork, type SharedDirectory, type WorkOrder } from "./work_order.ts";

/** Begins the work on this thread. */
export function startWork(linux: Linux, order: WorkOrder): FileWork {
  const open = ({ number, path }: SharedDirectory) => new Fd(linux, number, path);
  switch (order.kind) {
    case "tree":
      return new TreeWork(
        open(order.root),
        order.algorithms,
        order.store && { directory: open(order.store), ...order.store },
      );
    case "objects":
      return new ObjectCheckWork(
        order.layers.map((layer) => ({ directory: open(layer), ...layer })),
        order.algorithm,
      );
    case "digest":
      return new DigestWork(linux, order.options);
  }
}

/** What hashes pieces of large files in the course of a work. */
export function spanWork(
  linux: Linux,
  order: WorkOrder,
  shared: SharedArrayBuffer | undefined,
): SpanWork {
  const blockSize = order.kind === "digest" ? order.options.blockSize : OBJECT_BLOCK_SIZE;
  return new SpanWork(linux, algorithmsOf(order).map(defaultHasher), blockSize, shared);
}

/** Bytes in the blocks by which objects and images are digested. */
const OBJECT_BLOCK_SIZE = 4096;

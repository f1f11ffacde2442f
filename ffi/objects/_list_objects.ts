/**
 * What objects a store on disk has, found out by listing its directories.
 *
 * @module
 */

import { latin1 } from "../../lib/bytes/text.ts";
import { Digest } from "../../lib/digest/digest.ts";
import type { StoredObject } from "../../lib/objects/object_store.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { DirectoryReader } from "../files/directory.ts";
import { tryStatAt } from "../sys/stat.ts";
import type { ObjectDirectory } from "./object_directory.ts";

/** How many directories there may be, named by the first byte of a digest. */
const SHARDS = 256;

/**
 * Lists objects by their directories: regular files that have the name of one.
 *
 * @throws {UnusableStoreError} If one of the directories is a link, or a stranger's.
 * @throws {SyscallError} If one cannot be read.
 */
export function* listObjects(objects: ObjectDirectory): Generator<StoredObject> {
  const reader = new DirectoryReader();
  for (let byte = 0; byte < SHARDS; byte++) {
    const shardName = byte.toString(16).padStart(2, "0");
    using shard = objects.openShard(shardName);
    if (shard === undefined) continue;
    const names: Uint8Array[] = [];
    reader.read(shard, (name) => void names.push(name));
    for (const name of names) {
      const digest = Digest.tryParse(shardName + latin1(name));
      // In capitals it is a name that no image refers to.
      if (digest?.toHex().slice(2) !== latin1(name)) continue;
      const stat = tryStatAt(shard, name);
      if (stat === undefined || kindOfMode(stat.mode) !== "regular") continue;
      yield { digest, size: stat.size };
    }
  }
}

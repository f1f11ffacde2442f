/**
 * Merkle trees of objects, kept in a directory if one is named.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import type { MerkleTreesOptions } from "../../../ffi/disk.ts";
import type { MerkleTrees } from "../../../ffi/threads/tree_source.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import type { ReferenceOptions } from "../../references/options.ts";
import { choice, hex, path } from "../../args/values.ts";
import { note } from "../../note.ts";

/** The option of the commands that make use of trees. */
export const treeCacheOption = {
  "tree-cache": {
    kind: "value",
    value: "DIR",
    parse: path,
    summary: "Keep the Merkle trees of large objects in DIR",
    help:
      "Where a tree is at hand, contents are verified as they are read, and not before any of them. DIR is made if it is missing; nothing in it is believed, and all of it may be deleted. What the kernel has of an object with fs-verity is used without this option.",
  },
  "block-size": {
    kind: "value",
    value: "N",
    parse: choice("1024", "2048", "4096", "8192", "16384", "32768", "65536"),
    summary: "Take digests of objects by blocks of N bytes as well",
    help:
      "The kernel compares whatever it has measured with the digest in the image. Where it has fs-verity of an object, its block size and salt are taken from there.",
  },
  salt: {
    kind: "value",
    value: "HEX",
    parse: hex(32),
    summary: "Take digests of objects with this salt as well",
  },
} as const satisfies OptionTable;

/** What it comes to. */
type Options = OptionValues<typeof treeCacheOption> & Pick<ReferenceOptions, "threads">;

/**
 * Opens the trees of objects.
 *
 * @param stores Paths of the object stores.
 * @throws {Error} If they would be kept among the objects.
 */
export function openTrees(
  options: Options,
  stores: readonly Uint8Array[],
  context: Context,
): MerkleTrees {
  return context.machine.merkleTrees(cacheSettings(options, stores, context));
}

/**
 * Where trees are to be kept, and who is told why they cannot.
 *
 * @throws {Error} If that is among the objects, where other programs would find them.
 */
export function cacheSettings(
  { treeCache: cache, blockSize, salt, threads }: Options,
  stores: readonly Uint8Array[],
  context: Context,
): MerkleTreesOptions {
  const store = stores.find((path) => cache !== undefined && context.machine.isWithin(cache, path));
  if (store !== undefined) {
    throw new Error(
      `Cannot keep trees in ${quote(cache!)}: it lies in the object store ${quote(store)}`,
    );
  }
  return {
    cache,
    blockSize: blockSize === undefined ? undefined : Number(blockSize),
    salt,
    threads,
    onError: ({ message }) => note(context, `${message}; going on without trees that are kept`),
  };
}

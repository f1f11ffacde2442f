/**
 * An object store as a place where the files of images are looked up.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import { Digest } from "../digest/digest.ts";
import { objectPath } from "../digest/object_path.ts";
import type { DataLayer } from "./data_layers.ts";
import type { ObjectReader } from "./object_store.ts";

/**
 * Makes a layer of a store. Of what an image may refer to, it has what is named by a digest as the store's objects
 * are.
 *
 * @example A file of an image
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   createImage,
 *   MemoryStore,
 *   memoryTree,
 *   openContent,
 *   openImage,
 *   readWhole,
 *   storeLayer,
 * } from "composefs-ts";
 *
 * const store = new MemoryStore();
 * const image = await createImage(memoryTree({ "motd": "Welcome!\n".repeat(10) }), { store });
 *
 * const { node } = openImage(image).lookup("/motd");
 * if (node.kind !== "regular") throw new Error("no regular file");
 * using contents = openContent(node, { layers: [storeLayer(store)] });
 * assertEquals(new TextDecoder().decode(readWhole(contents)).slice(0, 9), "Welcome!\n");
 * ```
 */
export function storeLayer(store: Pick<ObjectReader, "open">): DataLayer {
  return {
    open(path) {
      const name = latin1(path);
      const digest = Digest.tryParse(name.replace("/", ""));
      return digest === undefined || objectPath(digest) !== name ? undefined : store.open(digest);
    },
  };
}

/**
 * What Node, Deno and Bun bring to the library without FFI: their hashes and decoders, and directories as sources and stores.
 *
 * Importing this makes the whole library hash by the runtime's own means, some five times as fast as plain
 * TypeScript does, unless the program has installed others before.
 *
 * @example An image of a directory, its store, and a file read back verified, on Node and Bun
 * ```ts ignore
 * import { equal } from "node:assert/strict";
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { createImage, openContent, openImage, readWhole, storeLayer } from "composefs-ts";
 * import { directoryStore, directoryTree } from "composefs-ts/node";
 *
 * const directory = mkdtempSync("/tmp/example-");
 * writeFileSync(`${directory}/motd`, "Welcome!\n".repeat(10));
 *
 * const store = directoryStore(mkdtempSync("/tmp/example-"));
 * const image = await createImage(directoryTree(directory), { store, xattrs: "none" });
 *
 * const { node } = openImage(image).lookup("/motd");
 * if (node.kind !== "regular") throw new Error("no regular file");
 * const contents = openContent(node, { layers: [storeLayer(store)] });
 * equal(new TextDecoder().decode(readWhole(contents)).slice(0, 9), "Welcome!\n");
 * ```
 *
 * @module
 */

import "./install.ts";

export { nativeHashers } from "../hash/hashers.ts";
export type { BlockHasher, HashAlgorithm, MessageHasher } from "../../lib/digest/hasher.ts";
export type { Hashers } from "../../lib/digest/sha2.ts";
export { decode } from "../decode/decode.ts";
export type { Chunks, DecodeOptions } from "../../lib/compression/decode.ts";
export type { Compression } from "../../lib/compression/detect.ts";
export { directoryTree } from "./directory_tree.ts";
export { directoryStore } from "./directory_store.ts";
export type { ObjectStore } from "../../lib/objects/object_store.ts";
export type {
  Fingerprints,
  ListOptions,
  SourceEntry,
  SourceInfo,
  SourceTree,
  XattrFilter,
} from "../../lib/tree/source.ts";

/**
 * Directories and stores on disk, as users of the library see them.
 *
 * @module
 */

import type { EncodeSourceOptions, ReadSourceOptions } from "../lib/composefs/image.ts";
import type { HashAlgorithm } from "../lib/digest/hasher.ts";
import type { ReadLayersOptions } from "../lib/layers/read_layers.ts";
import type { DataLayer } from "../lib/objects/data_layers.ts";
import type { DigestCache } from "../lib/objects/digest_cache.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { SourceTree } from "../lib/tree/source.ts";
import type { Repair } from "./objects/object_store.ts";
import type { TreeCacheOptions } from "./objects/tree_cache.ts";
import type { Path } from "./sys/path.ts";
import type { ExtractTreeOptions } from "./tree/extract_tree.ts";

/** A directory tree on disk. Dispose of it, or declare it with `using`. */
export interface DiskTree extends SourceTree, Disposable {
  /** Files that have been listed and whose owners the user namespace of this process cannot tell. */
  readonly hiddenOwners: number;
}

/** An object store on disk that images are made with. Dispose of it, or declare it with `using`. */
export interface DiskStore extends ObjectStore, Disposable {
  /** What stood under the name of an object and was none, and has been replaced by it so far. */
  readonly repairs: readonly Repair[];
  /** Whether new objects have fs-verity; undefined if there are none so far. */
  readonly hasVerity: boolean | undefined;
  /** How many objects have been put there so far that it did not have, and how long they are together. */
  readonly added: { readonly objects: number; readonly bytes: number };
  /** Makes the names of all objects put so far survive a crash of the machine. */
  flush(): void;
}

/** An object store on disk from which files are read. Dispose of it, or declare it with `using`. */
export interface DiskLayer extends DataLayer, Disposable {
  /** Tells whether there is a regular file at a path that `open` would find, be it readable or not. */
  has(path: Uint8Array): boolean;
}

/** A store that is gone when it is disposed of. */
export interface DiskScratchStore extends Disposable {
  /** To put objects into. */
  readonly store: DiskStore;
  /** To read them from. */
  readonly layer: DiskLayer;
}

/** How `Machine.readTree` reads a directory, and where its files go. */
export interface ReadTreeSettings
  extends Omit<ReadSourceOptions, "reader" | "store" | "fingerprints"> {
  /** Where files above 64 bytes are put, opened by the same machine. Without one they are only digested. */
  readonly store?: DiskStore | undefined;
  /** Digests known of earlier runs; those that are found are added. */
  readonly cache?: DigestCache | undefined;
  /** Takes the cache's digests for those of files as they are. Default true. */
  readonly believeCache?: boolean;
  /** How many threads read files, at most; as many as the process may use at a time if absent. */
  readonly threads?: number | undefined;
}

/** How `Machine.readLayers` reads layers, and where their files go. */
export interface ReadLayersSettings
  extends Omit<ReadLayersOptions, "sink" | "decode" | "streams" | "interrupt"> {
  /** By what files are digested; SHA-256 if absent. With a store it must be one. */
  readonly algorithms?: readonly HashAlgorithm[];
  /** Where files above 64 bytes are put, opened by the same machine. Without one they are only digested. */
  readonly store?: DiskStore | undefined;
  /** How many threads work on files, at most; as many as the process may use at a time if absent. */
  readonly threads?: number | undefined;
  /** Set if a source cannot be read once more, so that the process must not be begun anew. */
  readonly readsOnce?: boolean;
}

/** What `Machine.createImage` reads as `Machine.readTree`, and which image it makes. */
export interface CreateImageSettings extends ReadTreeSettings, EncodeSourceOptions {}

/** What `Machine.extractTree` makes of a tree, and where contents come from. */
export interface ExtractTreeSettings extends Omit<ExtractTreeOptions, "open"> {
  /** Where files are looked for that the image does not hold, in this order. */
  readonly layers?: readonly DataLayer[];
  /** Opens contents in its place: of a regular file, at a path in the tree that is valid during the call. */
  readonly open?: ExtractTreeOptions["open"];
}

/** Where Merkle trees are found and kept. */
export interface MerkleTreesOptions extends TreeCacheOptions {
  /** A directory for those that had to be made. Without one they are gone with the process. */
  readonly cache?: Path | undefined;
  /**
   * Bytes in a block of the trees that digests in images were made by, where these are not 4096 and the kernel does
   * not tell.
   */
  readonly blockSize?: number | undefined;
  /** The salt of these trees, likewise. */
  readonly salt?: Uint8Array | undefined;
  /** How many threads digest objects, at most; as many as the process may use at a time if absent. */
  readonly threads?: number | undefined;
}

/**
 * Linux as one object: what can be done with directories, stores, images and the kernel's own fs-verity and
 * mounts, each as one verb.
 *
 * The verbs only name and join what the rooms beside this file do.
 *
 * @module
 */

import { encodeSource, type ReadSource } from "../lib/composefs/image.ts";
import type { LayerSource, MemberSource, ReadLayers } from "../lib/layers/read_layers.ts";
import type { MountOptions } from "../lib/mount/options.ts";
import { type ObjectChecker, sequentialChecker } from "../lib/objects/check.ts";
import { type DataLayer, openContent } from "../lib/objects/data_layers.ts";
import type { Digest } from "../lib/digest/digest.ts";
import type { OtherParameters } from "../lib/digest/other_parameters.ts";
import type { Content, Regular, Tree } from "../lib/tree/tree.ts";
import type {
  CreateImageSettings,
  DiskLayer,
  DiskScratchStore,
  DiskStore,
  DiskTree,
  ExtractTreeSettings,
  MerkleTreesOptions,
  ReadLayersSettings,
  ReadTreeSettings,
} from "./disk.ts";
import { decode } from "./decode/decode.ts";
import {
  mountComposefs,
  type MountReport,
  type MountRequest,
  remountComposefs,
} from "./mount/mount.ts";
import { DirectoryLayer } from "./objects/data_layer.ts";
import type { ObjectOptions } from "./objects/object_directory.ts";
import { ScratchStore } from "./objects/scratch_store.ts";
import { TreeCache } from "./objects/tree_cache.ts";
import { DirectoryStore, openObjectStore } from "./objects/object_store.ts";
import { type MachineFacts, probeMachine } from "./probe/probe.ts";
import { usableCpus } from "./process/cpus.ts";
import { allowedThreads } from "./process/limits.ts";
import type { Linux } from "./sys/linux.ts";
import { bytesOf, type Path } from "./sys/path.ts";
import type { ThreadOptions } from "./threads/thread_options.ts";
import { digestFiles, type DigestFilesOptions } from "./threads/file_digests.ts";
import { objectChecker } from "./threads/object_checker.ts";
import { readLayers } from "./threads/read_layers.ts";
import { readTree } from "./threads/read_tree.ts";
import { kernelParameters, type MerkleTrees, ThreadedTrees } from "./threads/tree_source.ts";
import { extractTree } from "./tree/extract_tree.ts";
import { DirectoryTree, openSourceTree } from "./tree/source_tree.ts";
import { LinuxFiles } from "./linux_files.ts";

/** Which threads a machine may use. */
export type ThreadSettings = Omit<ThreadOptions, "threads">;

/** Linux, as a process sees it. Obtained from `openLinux`. */
export class Machine extends LinuxFiles {
  readonly #linux: Linux;
  readonly #threads: ThreadSettings;

  /** @ignore */
  constructor(linux: Linux, threads: ThreadSettings) {
    super(linux);
    this.#linux = linux;
    this.#threads = threads;
  }

  /**
   * Opens a directory tree. It need not be a directory: `root` tells.
   *
   * @param path Not followed if it is a symbolic link, unless it ends in a slash.
   * @throws {SyscallError} If there is no such file.
   */
  openTree(path: Path): DiskTree {
    return openSourceTree(this.#linux, bytesOf(path));
  }

  /**
   * Makes an image of a directory and, if a store is given, puts its files there.
   *
   * The same directory gives the same bytes: those of mkcomposefs 1.0.8. The store is complete, and on the
   * disk, when this is done; if it fails, what is complete is kept.
   *
   * @returns The whole image.
   * @throws {TreeError} If the tree holds what an image cannot.
   * @throws {IntegrityError} If a file changes while it is read.
   * @throws {SyscallError} If something cannot be read or written.
   *
   * @example Without a store, files are only digested
   * ```ts
   * import { mkdtempSync, writeFileSync } from "node:fs";
   * import { assertEquals } from "@std/assert";
   * import { openLinux } from "composefs-ts/linux";
   *
   * const directory = mkdtempSync("/tmp/example-");
   * writeFileSync(`${directory}/motd`, "Welcome!\n".repeat(10));
   * const linux = await openLinux();
   * const image = await linux.createImage(directory, { xattrs: "none", useEpoch: true });
   * assertEquals(image.length, 16384);
   * ```
   */
  async createImage(
    source: Path | DiskTree,
    settings: CreateImageSettings = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    return encodeSource(await this.readTree(source, settings), settings);
  }

  /**
   * Reads a directory for images of it and, if a store is given, puts its files there: the first part of
   * `createImage`, after which `encodeSource` can make several images.
   *
   * @throws {TreeError} If the tree holds what an image cannot.
   * @throws {IntegrityError} If a file changes while it is read.
   * @throws {SyscallError} If something cannot be read or written.
   */
  async readTree(
    source: Path | DiskTree,
    settings: ReadTreeSettings = {},
  ): Promise<ReadSource> {
    if (isPath(source)) {
      using tree = openSourceTree(this.#linux, bytesOf(source));
      return await this.#readTree(tree, settings);
    }
    if (source instanceof DirectoryTree) return await this.#readTree(source, settings);
    throw new TypeError("Cannot read this tree: expected one of openTree");
  }

  async #readTree(tree: DirectoryTree, settings: ReadTreeSettings): Promise<ReadSource> {
    const { algorithms, store, threads, cache, believeCache = true, onRead, ...scan } = settings;
    return await readTree(this.#linux, tree, scan, {
      ...this.#threadOptions(threads),
      believeCache,
      ...(algorithms === undefined ? {} : { algorithms }),
      ...(store === undefined ? {} : { store: ownStore(store) }),
      ...(cache === undefined ? {} : { cache }),
      ...(onRead === undefined ? {} : { onRead }),
    });
  }

  /**
   * Reads layers of container images for images of what they make and, if a store is given, puts their files there.
   * Nothing is unpacked on the way.
   *
   * @throws {IntegrityError} If a layer, or its blob, does not have the digest that it should have.
   * @throws {TarFormatError} If the archive in one is malformed.
   * @throws {SyscallError} If something cannot be read or written.
   */
  async readLayers(
    sources: readonly (LayerSource | MemberSource)[],
    settings: ReadLayersSettings = {},
  ): Promise<ReadLayers> {
    const { algorithms, store, threads, readsOnce = false, ...options } = settings;
    const { beforeThreads, ...threadOptions } = this.#threadOptions(threads);
    return await readLayers(this.#linux, sources, { ...options, decode }, {
      ...threadOptions,
      ...(readsOnce || beforeThreads === undefined ? {} : { beforeThreads }),
      ...(algorithms === undefined ? {} : { algorithms }),
      ...(store === undefined ? {} : { store: ownStore(store) }),
    });
  }

  /**
   * Opens an object store to put objects into, which is made if it is missing.
   *
   * @throws {SyscallError} If it cannot be opened or created.
   */
  openStore(path: Path, options: ObjectOptions = {}): DiskStore {
    return openObjectStore(this.#linux, bytesOf(path), options);
  }

  /**
   * Makes an object store that is gone when it is disposed of.
   *
   * @param directory A directory for temporary files.
   * @throws {SyscallError} If it cannot be made there.
   */
  openScratchStore(directory: Path): DiskScratchStore {
    return new ScratchStore(this.#linux, bytesOf(directory));
  }

  /**
   * Opens an object store to read the files of an image from.
   *
   * @throws {SyscallError} If there is none.
   */
  openLayer(path: Path): DiskLayer {
    return DirectoryLayer.open(this.#linux, bytesOf(path));
  }

  /**
   * Makes what checks objects in layers, on several threads where this machine has opened them.
   *
   * @param trees Where to keep the Merkle trees of large objects that are what they should be.
   */
  objectChecker(layers: readonly DataLayer[], trees: MerkleTreesOptions = {}): ObjectChecker {
    const own = layers.filter((layer) => layer instanceof DirectoryLayer);
    const otherParameters = parametersOf(trees);
    if (own.length < layers.length) return sequentialChecker(layers, otherParameters);
    const cache = this.#treeCache(trees);
    return objectChecker(this.#linux, own, {
      ...this.#threadOptions(trees.threads),
      cache,
      otherParameters,
    });
  }

  /**
   * Finds the Merkle trees of objects, with which they are verified as they are read: those of the kernel, and
   * those that were kept. Others are made, by all threads.
   */
  merkleTrees(options: MerkleTreesOptions = {}): MerkleTrees {
    // Nearly all of the time is spent in hashing, for which it would not pay to begin the process anew.
    const { beforeThreads: _, ...threads } = this.#threadOptions(options.threads);
    return new ThreadedTrees(this.#linux, threads, this.#treeCache(options), parametersOf(options));
  }

  /**
   * Digests files as fs-verity does, in the order of their paths.
   *
   * @param options With `threads`, in so many threads at most; otherwise in as many as the process may use at a time.
   * @returns The digests, each as soon as it and those before it are known.
   * @throws {SyscallError} If a file cannot be read, after the digests of those before it.
   */
  digestFiles(
    paths: readonly Uint8Array[],
    { threads, ...options }: DigestFilesOptions & { readonly threads?: number | undefined },
  ): Iterable<Digest> {
    // A short list is done before it would pay to begin the process anew.
    const { beforeThreads: _, ...settings } = this.#threadOptions(threads);
    return digestFiles(this.#linux, paths, { ...options, ...settings });
  }

  /**
   * Makes a directory that holds a tree, whole or not at all.
   *
   * @param path Nothing may be there, or an empty directory.
   * @throws {SyscallError} If the kernel refuses something.
   * @throws {RangeError} If something is in the way, or contents are not what they should be.
   */
  extractTree(path: Path, tree: Tree<Content>, settings: ExtractTreeSettings = {}): void {
    const { layers = [], ...options } = settings;
    const open = (file: Regular<Content>) => openContent(file, { layers });
    extractTree(this.#linux, bytesOf(path), tree, { open, ...options });
  }

  /**
   * Mounts an image. If this throws, nothing is mounted.
   *
   * @throws {MountOptionError} If the options contradict each other.
   * @throws {SyscallError} If a step fails; the message names it and what would help.
   */
  mount(request: MountRequest): MountReport {
    return mountComposefs(this.#linux, request);
  }

  /** Changes the flags of a mount. */
  remount(mountpoint: Path, flags: MountOptions["flags"]): void {
    remountComposefs(this.#linux, bytesOf(mountpoint), flags);
  }

  /** Finds out what the machine can do with images and objects at a path. */
  probe(path: Path): MachineFacts {
    return probeMachine(this.#linux, bytesOf(path));
  }

  #treeCache({ cache, ...options }: MerkleTreesOptions): TreeCache | undefined {
    return cache === undefined ? undefined : new TreeCache(this.#linux, bytesOf(cache), options);
  }

  /** Several threads only where a module is known that others can be started with. */
  #threadOptions(threads?: number): ThreadOptions {
    const linux = this.#linux;
    const { module } = this.#threads;
    return {
      ...this.#threads,
      threads: module === undefined
        ? 1
        : Math.min(threads ?? usableCpus(linux), allowedThreads(linux)),
    };
  }
}

/** By which other parameters digests may have been made: the kernel's, and those that were named. */
function parametersOf({ blockSize = 4096, salt }: MerkleTreesOptions): OtherParameters {
  const named = { blockSize, ...(salt === undefined ? {} : { salt }) };
  if (blockSize === 4096 && salt === undefined) return kernelParameters;
  return (file) => [named, ...kernelParameters(file)];
}

function ownStore(store: DiskStore): DirectoryStore {
  if (store instanceof DirectoryStore) return store;
  throw new TypeError("Cannot put files into this store: expected one of openStore");
}

function isPath(source: Path | DiskTree): source is Path {
  return typeof source === "string" || source instanceof Uint8Array;
}

/**
 * Linux as one object: what can be done with directories, stores, images and the kernel's own fs-verity and
 * mounts, each as one verb.
 *
 * The verbs only name and join what the rooms beside this file do.
 *
 * @module
 */

import { encodeSource, type ReadSource } from "../lib/composefs/image.ts";
import type { MountOptions } from "../lib/mount/options.ts";
import { type ObjectChecker, sequentialChecker } from "../lib/objects/check.ts";
import type { DataLayer } from "../lib/objects/data_layers.ts";
import type { Digest } from "../lib/digest/digest.ts";
import type { HashAlgorithm } from "../lib/digest/hasher.ts";
import type { File } from "../lib/file/file.ts";
import type { Content, Tree } from "../lib/tree/tree.ts";
import type {
  CreateImageSettings,
  DiskLayer,
  DiskStore,
  DiskTree,
  ReadTreeSettings,
} from "./disk.ts";
import { Fd } from "./files/fd.ts";
import { openFiniteFile } from "./files/finite_file.ts";
import {
  enableVerity,
  type EnableVerityOptions,
  type MeasuredDigest,
  requireVerity,
} from "./files/fsverity.ts";
import { type ImageFile, readImageFile } from "./files/image_file.ts";
import { Installer, isSameFile } from "./files/installer.ts";
import { writeFileAtomically, type WriteFileOptions } from "./files/output_file.ts";
import { ownChunks } from "./files/own_chunks.ts";
import { openOwnFile } from "./files/own_file.ts";
import {
  type MetadataRange,
  readVerityMetadata,
  type VerityMetadataType,
} from "./files/verity_metadata.ts";
import { isWithin } from "./files/within.ts";
import {
  mountComposefs,
  type MountReport,
  type MountRequest,
  remountComposefs,
} from "./mount/mount.ts";
import { DirectoryLayer } from "./objects/data_layer.ts";
import type { ObjectOptions } from "./objects/object_directory.ts";
import { DirectoryStore, openObjectStore } from "./objects/object_store.ts";
import { TreeCache, type TreeCacheOptions } from "./objects/tree_cache.ts";
import { type MachineFacts, probeMachine } from "./probe/probe.ts";
import { usableCpus } from "./process/cpus.ts";
import { allowedThreads } from "./process/limits.ts";
import { isStandardOutput, standardStream } from "./process/stdio.ts";
import type { SyscallError } from "./sys/errno.ts";
import type { Linux } from "./sys/linux.ts";
import { bytesOf, type Path } from "./sys/path.ts";
import { O_RDONLY } from "./sys/uapi.ts";
import type { ThreadOptions } from "./threads/crew.ts";
import { digestFiles } from "./threads/file_digests.ts";
import { objectChecker } from "./threads/object_checker.ts";
import { readTree } from "./threads/read_tree.ts";
import { type MerkleTrees, ThreadedTrees } from "./threads/tree_source.ts";
import type { DigestOrder } from "./threads/work_order.ts";
import { extractTree, type ExtractTreeOptions } from "./tree/extract_tree.ts";
import { DirectoryTree, openSourceTree } from "./tree/source_tree.ts";

/** How files are digested. */
export interface DigestFilesOptions extends DigestOrder {
  /** Told how many bytes of large files have been read so far. */
  readonly onRead?: (done: number) => void;
}

/** Where Merkle trees are found and kept. */
export interface MerkleTreesOptions extends TreeCacheOptions {
  /** A directory for those that had to be made. Without one they are gone with the process. */
  readonly cache?: Path | undefined;
}

/** Which threads a machine may use. */
export type ThreadSettings = Omit<ThreadOptions, "threads">;

/** Linux, as a process sees it. Obtained from `openLinux`. */
export class Machine {
  readonly #linux: Linux;
  readonly #threads: ThreadSettings;

  /** @ignore */
  constructor(linux: Linux, threads: ThreadSettings) {
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
   * @throws {RangeError} If the tree holds what an image cannot, or changes while it is read.
   * @throws {SyscallError} If something cannot be read or written.
   *
   * @example An image with its store on disk, and a file read back verified
   * ```ts
   * import { mkdtempSync, writeFileSync } from "node:fs";
   * import { assertEquals } from "@std/assert";
   * import { openLinux } from "composefs-ts/linux";
   *
   * const directory = mkdtempSync("/tmp/example-");
   * writeFileSync(`${directory}/motd`, "Welcome!\n".repeat(10));
   *
   * const linux = await openLinux();
   * const objects = mkdtempSync("/tmp/example-");
   * using store = linux.openStore(objects);
   * const image = await linux.createImage(directory, { store });
   * assertEquals(image.length % 4096, 0);
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
   * @throws {RangeError} If the tree holds what an image cannot, or changes while it is read.
   * @throws {SyscallError} If something cannot be read or written.
   */
  async readTree(
    source: Path | DiskTree,
    settings: ReadTreeSettings = {},
  ): Promise<ReadSource> {
    const { algorithms, store, threads, cache, believeCache = true, onRead, ...scan } = settings;
    if (store !== undefined && !(store instanceof DirectoryStore)) {
      throw new TypeError("Cannot put files into this store: expected one of openStore");
    }
    using opened = isPath(source) ? openSourceTree(this.#linux, bytesOf(source)) : undefined;
    const tree = opened ?? source;
    if (!(tree instanceof DirectoryTree)) {
      throw new TypeError("Cannot read this tree: expected one of openTree");
    }
    return await readTree(this.#linux, tree, scan, {
      ...this.#threadOptions(threads),
      believeCache,
      ...(algorithms === undefined ? {} : { algorithms }),
      ...(store === undefined ? {} : { store }),
      ...(cache === undefined ? {} : { cache }),
      ...(onRead === undefined ? {} : { onRead }),
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
    if (own.length < layers.length) return sequentialChecker(layers);
    const cache = this.#treeCache(trees);
    return objectChecker(this.#linux, own, { ...this.#threadOptions(), cache });
  }

  /**
   * Finds the Merkle trees of objects, with which they are verified as they are read: those of the kernel, and
   * those that were kept. Others are made, by all threads.
   */
  merkleTrees(options: MerkleTreesOptions = {}): MerkleTrees {
    // Nearly all of the time is spent in hashing, for which it would not pay to begin the process anew.
    const { beforeThreads: _, ...threads } = this.#threadOptions();
    return new ThreadedTrees(this.#linux, threads, this.#treeCache(options));
  }

  /**
   * Digests files as fs-verity does, in the order of their paths.
   *
   * @returns The digests, each as soon as it and those before it are known.
   * @throws {SyscallError} If a file cannot be read, after the digests of those before it.
   */
  digestFiles(
    paths: readonly Uint8Array[],
    options: DigestFilesOptions,
  ): Iterable<Digest> {
    // A short list is done before it would pay to begin the process anew.
    const { beforeThreads: _, ...threads } = this.#threadOptions();
    return digestFiles(this.#linux, paths, { ...options, ...threads });
  }

  /**
   * Makes a directory that holds a tree, whole or not at all.
   *
   * @param path Nothing may be there, or an empty directory.
   * @throws {SyscallError} If the kernel refuses something.
   * @throws {RangeError} If something is in the way, or contents are not what they should be.
   */
  extractTree(path: Path, tree: Tree<Content>, options: ExtractTreeOptions): void {
    extractTree(this.#linux, bytesOf(path), tree, options);
  }

  /** Reads a file in chunks, each of which has memory of its own. */
  *readFile(path: Path): Generator<Uint8Array<ArrayBuffer>> {
    using file = Fd.open(this.#linux, bytesOf(path), { flags: O_RDONLY });
    yield* ownChunks(file);
  }

  /**
   * Reads an image: no more of the file than its superblock says that it is.
   *
   * @param options `whole`: by what also to digest the file to its end, if the image ends before.
   */
  readImage(
    path: Path,
    options: { readonly whole?: HashAlgorithm | undefined } = {},
  ): ImageFile {
    return readImageFile(this.#linux, bytesOf(path), options);
  }

  /** Opens a file that has an end, for reading at positions. */
  openFile(path: Path): File {
    return openFiniteFile(this.#linux, bytesOf(path), { also: "null" });
  }

  /**
   * Opens a regular file that nobody but the user and root can have written.
   *
   * @throws {RangeError} If it is any other; the message says only what it is.
   */
  openOwnFile(path: Path): File {
    return openOwnFile(this.#linux, bytesOf(path));
  }

  /**
   * Writes a file so that it is there whole or not at all; what is no regular file is written to.
   *
   * @param contents The whole, or its parts in order.
   * @returns Why it has no fs-verity, if that was to be tried.
   * @throws {SyscallError} If it cannot be written or sealed.
   */
  writeFile(
    path: Path,
    contents: Uint8Array<ArrayBuffer> | Iterable<Uint8Array<ArrayBuffer>>,
    options: WriteFileOptions = {},
  ): SyscallError | undefined {
    const bytes = bytesOf(path);
    // By this name what stands in for a closed stream would take anything.
    if (isStandardOutput(bytes)) standardStream(this.#linux, 1);
    const parts = contents instanceof Uint8Array ? [contents] : contents;
    return writeFileAtomically(this.#linux, bytes, parts, options);
  }

  /** Turns fs-verity on for a file. */
  enableVerity(path: Path, options: EnableVerityOptions = {}): void {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    enableVerity(file, options);
  }

  /**
   * Asks the kernel for the digest of a file that must have one.
   *
   * @throws {SyscallError} If fs-verity is not enabled on it, with code `"ENODATA"` where it could be.
   */
  measureVerity(path: Path): MeasuredDigest {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    return requireVerity(file);
  }

  /** Reads what the kernel keeps of a file with fs-verity; a chunk is valid until the next. */
  *readVerityMetadata(
    path: Path,
    type: VerityMetadataType,
    range?: MetadataRange,
  ): Generator<Uint8Array> {
    using file = openFiniteFile(this.#linux, bytesOf(path));
    yield* readVerityMetadata(file, type, range);
  }

  /**
   * Mounts an image. If this throws, nothing is mounted.
   *
   * @throws {RangeError} If the options contradict each other.
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

  /**
   * Opens a directory to install programs below; it need not be there before something is made in it.
   *
   * @ignore
   */
  openInstaller(path: Path): Installer {
    return new Installer(this.#linux, bytesOf(path));
  }

  /** Tells whether two paths lead to one file. */
  isSameFile(one: Path, other: Path): boolean {
    return isSameFile(this.#linux, bytesOf(one), bytesOf(other));
  }

  /** Tells whether what a path leads to, or would if it were made, lies in a directory or is it. */
  isWithin(path: Path, directory: Path): boolean {
    return isWithin(this.#linux, bytesOf(path), bytesOf(directory));
  }

  /** The effective user; 0 is root. */
  userId(): number {
    return this.#linux.userId();
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

function isPath(source: Path | DiskTree): source is Path {
  return typeof source === "string" || source instanceof Uint8Array;
}

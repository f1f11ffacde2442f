/**
 * What the commands need of the operating system, in their own words.
 *
 * `linux_system.ts` implements it over `ffi/`; tests may bring one of their own. Paths are bytes.
 *
 * @module
 */

import type { File } from "../lib/file/file.ts";
import type { DigestOrder } from "../ffi/threads/work_order.ts";
import type { EnableVerityOptions, MeasuredDigest } from "../ffi/files/fsverity.ts";
import type { ImageFile } from "../ffi/files/image_file.ts";
import type { Found } from "../ffi/files/installer.ts";
import type { MountReport, MountRequest } from "../ffi/mount/mount.ts";
import type { MountOptions } from "../lib/mount/options.ts";
import type { ObjectOptions } from "../ffi/objects/object_directory.ts";
import type { Repair } from "../ffi/objects/object_store.ts";
import type { WriteFileOptions } from "../ffi/files/output_file.ts";
import type { MachineFacts } from "../ffi/probe/probe.ts";
import type { MetadataRange, VerityMetadataType } from "../ffi/files/verity_metadata.ts";
import type { Digest } from "../lib/digest/digest.ts";
import type { HashAlgorithm } from "../lib/digest/hasher.ts";
import type { ObjectChecker } from "../lib/objects/check.ts";
import type { DigestCache } from "../lib/objects/digest_cache.ts";
import type { FileReader } from "../lib/composefs/contents.ts";
import type { DataLayer } from "../lib/objects/data_layers.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { SourceTree, XattrFilter } from "../lib/tree/source.ts";
import type { Content, Regular, Tree } from "../lib/tree/tree.ts";

/** A store on disk. Dispose of it, or declare it with `using`. */
export interface DiskStore extends ObjectStore, Disposable {
  /** What stood under the name of an object and was none, and has been replaced by it so far. */
  readonly repairs: readonly Repair[];
  /** Whether new objects have fs-verity; undefined if there are none so far. */
  readonly hasVerity: boolean | undefined;
  /** Makes the names of all objects put so far survive a crash of the machine. */
  flush(): void;
  /** Gives the objects put so far their names as far as possible, where something else has failed. */
  keep(): void;
}

/** How the files of a tree are read. */
export interface TreeReaderSettings {
  /** How many threads read them; as many as the process may use at a time if absent. */
  readonly threads?: number;
  /** By what they are digested. SHA-256 if absent. */
  readonly algorithm?: HashAlgorithm;
  /** Where files are put, a store of the same system. Without one they are only digested. */
  readonly store?: DiskStore;
  /** Digests known of earlier runs; those that are found are added. */
  readonly cache?: DigestCache;
  /** Takes the cache's digests for those of files as they are. Default true. */
  readonly believeCache?: boolean;
  /** Told how many bytes have been read, of how many that are known of so far. */
  readonly onRead?: (done: number, total: number) => void;
}

/** A directory tree on disk. */
export interface DiskTree extends SourceTree {
  /** Files that have been listed and whose owners the user namespace of this process cannot tell. */
  readonly hiddenOwners: number;
  /** Makes what reads its files. Dispose of it, or declare it with `using`. */
  openReader(settings: TreeReaderSettings): FileReader & Disposable;
}

/** An object store from which images are read. Dispose of it, or declare it with `using`. */
export interface DiskLayer extends DataLayer, Disposable {
  /** Tells whether there is a regular file at a path that `open` would find, whoever may read it. */
  has(path: Uint8Array): boolean;
}

/** What of a tree becomes a directory on disk, and how. */
export interface ExtractSettings {
  /** Opens the contents of a regular file; `path` is its absolute path in the tree. */
  readonly open: (file: Regular<Content>, path: Uint8Array) => File;
  readonly xattrs: XattrFilter;
  readonly skipDevices: boolean;
  /** Leaves files to whoever makes them. */
  readonly keepOwner: boolean;
  /** Leaves modification times at the present. */
  readonly keepTime: boolean;
  /** Told how many bytes of contents have been written so far. */
  readonly onRead: (done: number) => void;
}

/** How files are digested. */
export interface DigestSettings extends DigestOrder {
  /** Told how many bytes of large files have been read so far. */
  readonly onRead: (done: number) => void;
}

/**
 * Places files below a directory where programs are installed, and touches nothing outside of it. Paths
 * are relative to it. What may be replaced is the caller's to decide. Dispose of it, or declare it with
 * `using`.
 */
export interface Installer extends Disposable {
  /** Looks at a path without following it; undefined if nothing is there. */
  find(path: Uint8Array): Found | undefined;
  /** Opens a regular file for reading at positions; anything else is an error. */
  openFile(path: Uint8Array): File;
  /** Makes a directory in one that is there. */
  makeDirectory(path: Uint8Array): void;
  /** Puts a file at a path, whole or not at all, in place of a file or link that is there. */
  placeFile(path: Uint8Array, chunks: Iterable<Uint8Array<ArrayBuffer>>, mode: number): void;
  /** Puts a symbolic link at a path, in place of a file or link that is there. */
  placeLink(path: Uint8Array, target: Uint8Array): void;
  /** Puts a symbolic link at a path where nothing is. */
  addLink(path: Uint8Array, target: Uint8Array): void;
  /** Removes a file or link. */
  remove(path: Uint8Array): void;
  /** Removes a directory if it is there and empty. */
  removeDirectory(path: Uint8Array): void;
}

/** Files and directories of the machine. */
export interface System {
  /** Reads a file, or standard input for `-`, in chunks each of which has memory of its own. */
  readChunks(path: Uint8Array): Iterable<Uint8Array<ArrayBuffer>>;
  /**
   * Reads an image: no more of the file than its superblock says that it is.
   *
   * @param options `whole`: by what also to digest the file to its end, if the image ends before.
   */
  readImage(path: Uint8Array, options?: { readonly whole?: HashAlgorithm | undefined }): ImageFile;
  /** Opens a file that has an end, for reading at positions. */
  openFile(path: Uint8Array): File;
  /**
   * Opens a regular file that nobody but the user and root can have written; of any other, throws a
   * `RangeError` that says what it is.
   */
  openOwnFile(path: Uint8Array): File;
  /**
   * Writes a file so that it is there whole or not at all; what is no regular file is written to.
   *
   * @returns Why it has no fs-verity, if that was to be tried.
   */
  writeFile(
    path: Uint8Array,
    contents: Uint8Array<ArrayBuffer>,
    options?: WriteFileOptions,
  ): Error | undefined;
  /**
   * Writes a file of several parts likewise, to which only its owner may write. After a crash of the machine
   * it may be damaged.
   */
  writeScratch(path: Uint8Array, parts: readonly Uint8Array<ArrayBuffer>[]): void;
  openSourceTree(path: Uint8Array): DiskTree;
  openObjectStore(path: Uint8Array, options: ObjectOptions): DiskStore;
  openDataLayer(path: Uint8Array): DiskLayer;
  /** Makes what checks objects in layers of the same system. */
  objectChecker(layers: readonly DataLayer[]): ObjectChecker;
  /**
   * Digests files, in the order of their paths. The first that cannot be read ends it, after the digests of
   * those before it.
   */
  digestFiles(
    paths: readonly Uint8Array[],
    settings: DigestSettings,
  ): Iterable<Digest>;
  /** Makes a directory that holds a tree, whole or not at all. */
  extractTree(path: Uint8Array, tree: Tree<Content>, settings: ExtractSettings): void;
  /**
   * Runs a command of the shell; what it says on standard error is seen.
   *
   * @returns Its standard output.
   * @throws {Error} If it fails.
   */
  runShell(command: string, input: Uint8Array): Uint8Array;
  /** Turns fs-verity on for a file. */
  enableVerity(path: Uint8Array, options: EnableVerityOptions): void;
  /** Asks the kernel for the digest of a file that must have one. */
  measureVerity(path: Uint8Array): MeasuredDigest;
  /** Reads what the kernel keeps of a file with fs-verity; a chunk is valid until the next. */
  readVerityMetadata(
    path: Uint8Array,
    type: VerityMetadataType,
    range: MetadataRange | undefined,
  ): Iterable<Uint8Array>;
  /** Finds out what the machine can do with images and objects at a path. */
  probeMachine(path: Uint8Array): MachineFacts;
  /** Mounts an image; if it throws, nothing is mounted. */
  mount(request: MountRequest): MountReport;
  remount(mountpoint: Uint8Array, flags: MountOptions["flags"]): void;
  /** Opens a directory to install below; it need not be there before something is made in it. */
  openInstaller(path: Uint8Array): Installer;
  /** Tells whether two paths lead to one file. */
  isSameFile(one: Uint8Array, other: Uint8Array): boolean;
  /** Tells whether what a path leads to, or would if it were made, lies in a directory or is it. */
  isWithin(path: Uint8Array, directory: Uint8Array): boolean;
  /** Tells whether the program may do what root may, as far as its user goes. */
  isRoot(): boolean;
  /** Path of the executable that this program is; undefined if it is a script that a runtime runs. */
  executable(): Uint8Array<ArrayBuffer> | undefined;
  /** Tells whether an environment variable is set, be it to nothing. */
  hasEnvironment(name: string): boolean;
}

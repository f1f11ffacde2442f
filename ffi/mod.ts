/**
 * composefs on Linux, as a library for Deno and Bun: directories as sources of images, object stores on disk,
 * fs-verity in the kernel, extraction and mounts.
 *
 * What is pure (images, dump files, digests) is in `composefs-ts` itself. The kernel is called through the
 * runtime's FFI, which on Deno takes the permission `--allow-ffi`.
 *
 * @example Make an image of a directory, mount nothing, read it back
 * ```ts
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { fsVerityDigest, openImage } from "composefs-ts";
 * import { openLinux } from "composefs-ts/linux";
 *
 * const directory = mkdtempSync("/tmp/example-");
 * writeFileSync(`${directory}/hello`, "world");
 *
 * const linux = await openLinux();
 * const image = await linux.createImage(directory);
 * linux.writeFile(`${directory}.cfs`, image);
 *
 * const { bytes } = linux.readImage(`${directory}.cfs`);
 * assertEquals(fsVerityDigest(bytes), fsVerityDigest(image));
 * assertEquals(openImage(bytes).version, 0);
 * ```
 *
 * @module
 */

import { Machine } from "./machine.ts";
import { openKernel } from "./sys/open.ts";
import { serveCrew } from "./threads/thread.ts";

/** How {@linkcode openLinux} works with files. */
export interface OpenLinuxOptions {
  /**
   * URL of a module that calls {@linkcode serveThreads} when it runs in a worker: then files are read on as
   * many threads as the process may use at a time. Without it on one.
   */
  readonly module?: string;
}

/**
 * Opens Linux through the FFI of the runtime that runs this, Deno or Bun.
 *
 * @throws {TypeError} If the system is not Linux on x86-64 or arm64, or FFI is not permitted.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openLinux } from "composefs-ts/linux";
 *
 * const linux = await openLinux();
 * assertEquals(linux.isWithin("/etc/hosts", "/etc"), true);
 * ```
 */
export async function openLinux({ module }: OpenLinuxOptions = {}): Promise<Machine> {
  return new Machine(await openKernel(), { module });
}

/**
 * Makes the worker that runs this a thread of the machine that has started it. To be called by the module that
 * {@linkcode OpenLinuxOptions.module} names, and only in a worker.
 */
export function serveThreads(): void {
  serveCrew(openKernel);
}

export { type DigestFilesOptions, Machine, type MerkleTreesOptions } from "./machine.ts";
export type {
  CreateImageSettings,
  DiskLayer,
  DiskStore,
  DiskTree,
  ReadTreeSettings,
} from "./disk.ts";
export type {
  EnableVerityOptions,
  ForeignDigest,
  MeasuredDigest,
  Sealing,
} from "./files/fsverity.ts";
export type { ImageFile, WholeFile } from "./files/image_file.ts";
export type { WriteFileOptions } from "./files/output_file.ts";
export type { MetadataRange, VerityMetadataType } from "./files/verity_metadata.ts";
export type { MountReport, MountRequest } from "./mount/mount.ts";
export type { Backing } from "./mount/erofs_mount.ts";
export type { ObjectOptions } from "./objects/object_directory.ts";
export type { Repair } from "./objects/object_store.ts";
export type { Answer, MachineFacts, OverlayQuestion, PlaceFacts, Question } from "./probe/probe.ts";
export { SyscallError, type SyscallErrorOptions } from "./sys/errno.ts";
export type { Path } from "./sys/path.ts";
export type { TreeCacheOptions } from "./objects/tree_cache.ts";
export type { MerkleTrees } from "./threads/tree_source.ts";
export type { DigestOrder } from "./threads/work_order.ts";
export type { ExtractTreeOptions, MetadataOptions } from "./tree/extract_tree.ts";

export type { MountFlag, SuperblockFlag } from "../lib/mount/flags.ts";
export type { MountOptions, MountSettings, VerityPolicy } from "../lib/mount/options.ts";
export type { ExpectedFile, HashTree } from "../lib/digest/hash_tree.ts";
export type {
  BlockReader,
  HashedBlocks,
  HashedFile,
  MerkleTreeSource,
} from "../lib/digest/tree_source.ts";
export type {
  CheckedObject,
  ObjectChecker,
  ObjectProblem,
  ObjectToCheck,
} from "../lib/objects/check.ts";
export type { ObjectClaim } from "../lib/objects/claim.ts";
export type { DataLayer } from "../lib/objects/data_layers.ts";
export type { DigestCache } from "../lib/objects/digest_cache.ts";

/**
 * composefs on Linux, as a library for Deno and Bun: directories as sources of images, object stores on disk,
 * fs-verity in the kernel, extraction and mounts.
 *
 * What is pure (images, dump files, digests) is in `composefs-ts` itself. The kernel is called through the
 * runtime's FFI, which on Deno takes the permission `--allow-ffi`.
 *
 * @example A directory becomes an image and a store, and a directory again
 * ```ts
 * import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { openImage } from "composefs-ts";
 * import { openLinux } from "composefs-ts/linux";
 *
 * const work = mkdtempSync("/tmp/example-");
 * mkdirSync(`${work}/rootfs`);
 * writeFileSync(`${work}/rootfs/motd`, "Welcome!\n".repeat(10));
 *
 * const linux = await openLinux();
 * {
 *   using store = linux.openStore(`${work}/objects`);
 *   linux.writeFile(`${work}/x.cfs`, await linux.createImage(`${work}/rootfs`, { store }));
 * }
 * const image = openImage(linux.readImage(`${work}/x.cfs`).bytes);
 *
 * // What is read of the store has been verified by the digests in the image.
 * using objects = linux.openLayer(`${work}/objects`);
 * linux.extractTree(`${work}/copy`, image.tree(), { layers: [objects], keepOwner: true });
 * assertEquals(readFileSync(`${work}/copy/motd`, "utf8"), "Welcome!\n".repeat(10));
 * ```
 *
 * @example Look whether an image could be mounted, which takes root
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { assertEquals } from "@std/assert";
 * import { openLinux } from "composefs-ts/linux";
 *
 * const work = mkdtempSync("/tmp/example-");
 * const linux = await openLinux();
 * linux.writeFile(`${work}/x.cfs`, await linux.createImage(work));
 * const report = linux.mount({
 *   image: `${work}/x.cfs`,
 *   mountpoint: work,
 *   options: { basedirs: [new TextEncoder().encode(work)] },
 *   checkOnly: true,
 * });
 * assertEquals(report.objectVerity, false);
 * ```
 *
 * @module
 */

import { Machine } from "./machine.ts";
import { openKernel } from "./sys/open.ts";
import { runPoolThread } from "./threads/thread.ts";

/** How {@linkcode openLinux} works with files. */
export interface OpenLinuxOptions {
  /**
   * URL of the module of a thread, `import.meta.resolve("composefs-ts/worker")`: then files are read on as many
   * threads as the process may use at a time. Without it on one. A program that is one file names itself, and
   * calls {@linkcode serveThreads} when it runs in a worker.
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
  runPoolThread(openKernel);
}

export { LinuxFiles } from "./linux_files.ts";
export { Machine } from "./machine.ts";
export type {
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
export type { DigestFilesOptions } from "./threads/file_digests.ts";
export type { DigestSettings } from "./threads/pool_task.ts";
export type { ExtractTreeOptions, MetadataOptions } from "./tree/extract_tree.ts";

export type { MountFlag, SuperblockFlag } from "../lib/mount/flags.ts";
export type { MountOptions, MountSettings, VerityPolicy } from "../lib/mount/options.ts";
export type {
  LayerSource,
  MemberSource,
  ReadLayers,
  ReadLayersOptions,
  ReadMembers,
  TellSettings,
} from "../lib/layers/read_layers.ts";
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

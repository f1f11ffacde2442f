/**
 * The first half of a composefs mount: the image itself, mounted as EROFS.
 *
 * A block device is mounted as it is, a file by itself where kernel and file system can (Linux 6.12), else
 * through a loop device. The mount is detached, so that it is gone with the process; where the kernel has no
 * detached mounts, it is made on a directory by mount(2).
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { ERRNO } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { attachLoop } from "./_loop.ts";
import { closeWith } from "../files/closing.ts";
import { FsContext } from "./fs_context.ts";
import { tryMapOwners, tryMount } from "../sys/mount_calls.ts";
import { mountError, type Step } from "./_mount_error.ts";
import { descriptorPath } from "../sys/path.ts";
import { MOUNT_ATTR_RDONLY, MS_RDONLY } from "../sys/uapi_mount.ts";

/** An image that was found fit to be mounted. */
export interface ErofsImage {
  readonly file: Fd;
  /** What messages call it. */
  readonly name: Uint8Array;
  /** Whether its inodes have POSIX ACLs. */
  readonly hasAcl: boolean;
  /** Namespace through which owners are mapped. */
  readonly userNamespace?: Fd;
}

/** What the kernel reads an image from. */
export type Backing = "file" | "device" | "loop";

/** A mounted image, without a name. */
export interface DetachedErofs {
  readonly mount: Fd;
  readonly backing: Backing;
}

/** A step that the kernel refused, with a positive error number. */
interface Refusal {
  readonly step: Step;
  readonly syscall: string;
  readonly errno: number;
  readonly log?: string | undefined;
}

/**
 * Mounts an image without attaching it anywhere.
 *
 * @param stack Takes over what has to stay open; the mount is gone once it is disposed of.
 * @returns Undefined if the kernel lacks fsopen(2).
 * @throws {SyscallError} If the image cannot be mounted.
 */
export function mountErofs(
  linux: Linux,
  image: ErofsImage,
  stack: DisposableStack,
): DetachedErofs | undefined {
  const { result, backing } = fromFileOrLoop(
    linux,
    image,
    stack,
    (source) => detachedFrom(linux, image, source),
  );
  if (isRefusal(result)) {
    if (result.syscall === "fsopen" && result.errno === ERRNO.ENOSYS) return undefined;
    throw refused(image, result);
  }
  closeWith(stack, result);
  if (image.userNamespace !== undefined) {
    const mapped = tryMapOwners(result, image.userNamespace);
    if (mapped < 0) {
      throw mountError("idmap", image.name, -mapped, { syscall: "mount_setattr" });
    }
  }
  return { mount: result, backing };
}

/**
 * Mounts an image on a directory, by mount(2).
 *
 * @throws {SyscallError} If the image cannot be mounted, or owners are to be mapped.
 */
export function mountErofsOn(
  linux: Linux,
  image: ErofsImage,
  target: Uint8Array,
  stack: DisposableStack,
): Backing {
  if (image.userNamespace !== undefined) {
    throw mountError("idmap", image.name, ERRNO.ENOSYS, { syscall: "fsopen" });
  }
  const data = image.hasAcl ? new Uint8Array() : utf8("noacl");
  const { result, backing } = fromFileOrLoop<true>(linux, image, stack, (source) => {
    const mounted = tryMount(linux, { source, target, type: "erofs", flags: MS_RDONLY, data });
    return mounted === 0 || { step: "createErofs", syscall: "mount", errno: -mounted };
  });
  if (isRefusal(result)) throw refused(image, result);
  return backing;
}

/**
 * Tells whether this kernel's EROFS is known to lack chunk-based files, as all are whose contents are
 * objects. Linux has them since 5.15, and before that takes such an image and fails at every such file.
 *
 * Asked by a parameter that came with them; where there is no way to ask, nothing is known.
 *
 * @returns Also the positive error number of a context that cannot be had.
 */
export function lacksChunks(linux: Linux): boolean | number {
  const context = FsContext.open(linux, "erofs");
  if (typeof context === "number") return -context;
  using opened = context;
  // No value of it: a kernel without DAX knows the parameter as well, and refuses all of them.
  if (opened.setString("dax", utf8("unsupported")) >= 0) return false;
  return opened.takeLog()?.includes("Unknown parameter") ?? false;
}

function fromFileOrLoop<T extends Fd | true>(
  linux: Linux,
  image: ErofsImage,
  stack: DisposableStack,
  mountFrom: (source: Uint8Array) => T | Refusal,
): { readonly result: T | Refusal; readonly backing: Backing } {
  const backing = kindOfMode(image.file.sizeAndMode().mode) === "block" ? "device" : "file";
  const result = mountFrom(descriptorPath(image.file.number));
  if (!isRefusal(result) || result.errno !== ERRNO.ENOTBLK) return { result, backing };
  const device = attachLoop(linux, image.file, image.name);
  closeWith(stack, device.file);
  return { result: mountFrom(device.path), backing: "loop" };
}

/** Makes the file system of an image in a context; 0, or a negated error number. */
export function createErofs(
  context: FsContext,
  source: Uint8Array,
  { hasAcl }: Pick<ErofsImage, "hasAcl">,
): number {
  let result = context.setString("source", source);
  if (result >= 0) result = context.setFlag("ro");
  // Looking for ACLs costs every first access to an inode, so it is left where the image has none.
  if (result >= 0 && !hasAcl) result = context.setFlag("noacl");
  return result >= 0 ? context.create() : result;
}

function detachedFrom(linux: Linux, image: ErofsImage, source: Uint8Array): Fd | Refusal {
  const context = FsContext.open(linux, "erofs");
  if (typeof context === "number") {
    return { step: "createErofs", syscall: "fsopen", errno: -context };
  }
  using opened = context;
  const result = createErofs(opened, source, image);
  if (result < 0) {
    const log = opened.takeLog();
    return { step: "createErofs", syscall: "fsconfig", errno: -result, log };
  }
  const mount = opened.mount(MOUNT_ATTR_RDONLY);
  if (typeof mount !== "number") return mount;
  return { step: "createErofs", syscall: "fsmount", errno: -mount, log: opened.takeLog() };
}

function isRefusal(result: object | true): result is Refusal {
  return result !== true && "errno" in result;
}

function refused(image: ErofsImage, { step, syscall, errno, log }: Refusal): Error {
  return mountError(step, image.name, errno, { syscall, log });
}

/**
 * Mounting a composefs image: the whole sequence, from looking at the files to the attached overlay.
 *
 * Everything that can fail comes before the one call that attaches the result, and all before it is
 * detached wherever the kernel lets it be (Linux 6.15): a failure, or the death of the process, leaves
 * nothing. Such a layer is named to overlayfs by the process's descriptor, so `/proc/self/mountinfo`
 * shows `lowerdir+=/proc/self/fd/N` where the C program and older kernels leave the name of a removed
 * directory, `.composefs.XXXXXX`.
 *
 * @module
 */

import { printable } from "../../lib/bytes/text.ts";
import {
  completeMountOptions,
  type MountOptions,
  type MountSettings,
} from "../../lib/mount/options.ts";
import { ERRNO } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import {
  type Backing,
  type ErofsImage,
  lacksChunks,
  mountErofs,
  mountErofsOn,
} from "./erofs_mount.ts";
import type { Linux } from "../sys/linux.ts";
import { closeWith } from "../files/closing.ts";
import { moveMount, remount, unmount } from "./mount_api.ts";
import { mountError } from "./_mount_error.ts";
import {
  checkBasedirs,
  checkDigest,
  checkDigests,
  openFor,
  openImage,
  openUserNamespace,
  readHeader,
} from "./_mount_image.ts";
import { bytesOf, descriptorPath, type Path } from "../sys/path.ts";
import {
  type DetachedOverlay,
  makeOverlay,
  mountFlags,
  mountOverlayOn,
  type OverlayParts,
  type OverlayRefusal,
} from "./overlay_mount.ts";
import { ScratchMount } from "./_scratch_mount.ts";
import { O_PATH } from "../sys/uapi.ts";
import { MNT_DETACH } from "../sys/uapi_mount.ts";

/** What to mount where. */
export interface MountRequest {
  /** Path of the image. */
  readonly image: Path;
  /** Path of the directory that gets the mount. */
  readonly mountpoint: Path;
  /** What the mount is made of, and how; with at least one of `basedirs`. */
  readonly options: MountSettings;
  /** Looks at everything and mounts nothing. */
  readonly checkOnly?: boolean;
}

/** The same with all that can be told without looking at a file. */
interface CompleteRequest {
  readonly image: Uint8Array;
  readonly mountpoint: Uint8Array;
  readonly options: MountOptions;
}

/** How it was done. */
export interface MountReport {
  /** What EROFS reads from; absent if nothing was mounted. */
  readonly backing?: Backing;
  /** How overlayfs was given the image: `detached` leaves nothing behind even if the process is killed. */
  readonly layer?: "detached" | "attached" | "option string";
  /** Whether the kernel checks objects as they are read. */
  readonly objectVerity: boolean;
  /** Whether the image mounted is a copy in memory. */
  readonly copied: boolean;
  /** Permissions of the upper directory, which are those of the mount's root. */
  readonly upperMode?: number;
}

/**
 * Mounts an image. If this throws, nothing is mounted and nothing left open.
 *
 * @throws {RangeError} If the options contradict each other.
 * @throws {SyscallError} If a step fails; the message names it and what would help.
 * @throws {Error} If the file is no composefs image, or a damaged one.
 */
export function mountComposefs(
  linux: Linux,
  { checkOnly = false, ...given }: MountRequest,
): MountReport {
  const request = {
    image: bytesOf(given.image),
    mountpoint: bytesOf(given.mountpoint),
    options: completeMountOptions(given.options),
  };
  const { options, image: name } = request;
  // Files that are open are named to the kernel through it, whatever has become of their own names.
  if (!linux.hasProc) {
    throw new Error(
      `Cannot mount image "${printable(name)}": /proc is not mounted, expected it there`,
    );
  }
  using stack = new DisposableStack();
  const opened = openImage(linux, name, stack);
  const userNamespace = options.idmap && openUserNamespace(linux, options.idmap, stack);
  const file = checkImage(linux, opened, request, stack);
  const { hasAcl } = readHeader(file);
  if (options.userVerity && options.allowUndigested !== true) checkDigests(file, name);
  const objectVerity = checkBasedirs(linux, options);
  const upperMode = checkDirectories(linux, request);
  const seen = { copied: file !== opened, ...(upperMode === undefined ? {} : { upperMode }) };
  if (checkOnly) return { objectVerity: objectVerity !== "off", ...seen };

  const image = { file, name, hasAcl, ...(userNamespace ? { userNamespace } : {}) };
  const { upperdir, workdir, basedirs, flags } = options;
  const parts = {
    name,
    source: options.source ?? name,
    basedirs,
    ...(upperdir === undefined ? {} : { upperdir }),
    ...(workdir === undefined ? {} : { workdir }),
    objectVerity,
    flags,
  };
  return { ...mountLayers({ linux, image, parts, target: request.mountpoint, stack }), ...seen };
}

function checkImage(
  linux: Linux,
  opened: Fd,
  request: CompleteRequest,
  stack: DisposableStack,
): Fd {
  const { digest: expected, userVerity } = request.options;
  if (expected === undefined) return opened;
  return checkDigest(linux, opened, request.image, { expected, userVerity, stack });
}

/** Returns the mode of the upper directory, if there is one. */
function checkDirectories(
  linux: Linux,
  { mountpoint, options }: CompleteRequest,
): number | undefined {
  const { upperdir, workdir } = options;
  using stack = new DisposableStack();
  const flags = O_PATH | linux.flags.O_DIRECTORY;
  openFor("openMountpoint", linux, mountpoint, { flags, stack });
  if (workdir !== undefined) openFor("openWork", linux, workdir, { flags, stack });
  if (upperdir === undefined) return undefined;
  return openFor("openUpper", linux, upperdir, { flags, stack }).sizeAndMode().mode & 0o7777;
}

/** What all ways of mounting need. */
interface Job {
  readonly linux: Linux;
  readonly image: ErofsImage;
  readonly parts: OverlayParts;
  /** The mount point. */
  readonly target: Uint8Array;
  /** Gives back whatever is opened or made on the way. */
  readonly stack: DisposableStack;
}

type LayerReport = Omit<MountReport, "copied" | "upperMode">;

/** Tries the ways of mounting, from the newest kernels' to the oldest's. */
function mountLayers(job: Job): LayerReport {
  const { linux, image, parts, stack } = job;
  const erofs = mountErofs(linux, image, stack);
  if (erofs === undefined) {
    const scratch = stack.use(ScratchMount.create(linux));
    const backing = mountErofsOn(linux, image, scratch.path, stack);
    scratch.markMounted();
    return { backing, ...overAttached(job, scratch) };
  }
  const { mount, backing } = erofs;
  // Before, overlayfs does not take them, and leaves a line in the kernel's log for each that it is shown.
  const result: DetachedOverlay | OverlayRefusal = takesDetachedLayers(linux)
    ? makeOverlay(linux, descriptorPath(mount.number), parts)
    : { kind: "refused", syscall: "fsconfig", errno: ERRNO.EINVAL, next: "attached" };
  if (result.kind === "made") {
    attach(job, closeWith(stack, result.mount));
    return { backing, layer: "detached", objectVerity: result.verity };
  }
  if (result.next === undefined) throw refused(parts, result);
  const scratch = stack.use(ScratchMount.create(linux));
  const moved = moveMount(linux, mount, scratch.path);
  if (moved < 0) throw mountError("scratch", scratch.path, -moved, { syscall: "move_mount" });
  scratch.markMounted();
  const report = result.next === "attached"
    ? overAttached(job, scratch)
    : byOptionString(job, scratch, result);
  return { backing, ...report };
}

/**
 * Tells whether overlayfs makes layers of mounts that are attached nowhere, as since Linux 6.15. Trying it
 * would tell as well, but for the line in the log; so does the version, which a distribution may have left
 * behind what it can do.
 */
function takesDetachedLayers(linux: Linux): boolean {
  const { major, minor } = linux.release();
  return major > 6 || (major === 6 && minor >= 15);
}

/**
 * Changes the flags of a mount, as mount(2) does for every file system.
 *
 * @throws {SyscallError} If the kernel refuses.
 */
export function remountComposefs(
  linux: Linux,
  mountpoint: Uint8Array,
  flags: MountOptions["flags"],
): void {
  const result = remount(linux, mountpoint, mountFlags({ flags }));
  if (result < 0) throw mountError("remount", mountpoint, -result, { syscall: "mount" });
}

/** Goes on with the image attached to a directory. */
function overAttached(job: Job, scratch: ScratchMount): LayerReport {
  const result = makeOverlay(job.linux, scratch.path, job.parts);
  if (result.kind === "refused") {
    if (result.next === undefined) throw refused(job.parts, result);
    return byOptionString(job, scratch, result);
  }
  const overlay = closeWith(job.stack, result.mount);
  // The overlay has clones of its layers by now, and what fails has to fail before it is attached.
  scratch.remove();
  attach(job, overlay);
  return { layer: "attached", objectVerity: result.verity };
}

/** Goes on with mount(2), after the kernel has refused single parameters. */
function byOptionString(job: Job, scratch: ScratchMount, earlier: OverlayRefusal): LayerReport {
  const { linux, target } = job;
  const objectVerity = earlier.verity ?? job.parts.objectVerity === "require";
  // No newer kernel needs to be asked: data-only layers came later than chunks.
  if (earlier.next === "oldString" && lacksChunks(linux) === true) throw noChunks(job.image);
  const parts = { ...job.parts, objectVerity: objectVerity ? "require" : "off" } as const;
  let result = mountOverlayOn(linux, scratch.path, target, parts, "::");
  if (result.kind === "refused" && result.errno === ERRNO.EINVAL && earlier.next === "oldString") {
    result = mountOverlayOn(linux, scratch.path, target, parts, ":");
  }
  // Only file system contexts come with the kernel's reasons.
  if (result.kind === "refused") throw refused(parts, earlier.log === undefined ? result : earlier);
  try {
    scratch.remove();
  } catch (error) {
    unmount(linux, target, MNT_DETACH);
    throw error;
  }
  return { layer: "option string", objectVerity };
}

function attach({ linux, target }: Job, overlay: Fd): void {
  const result = moveMount(linux, overlay, target);
  if (result < 0) throw mountError("attach", target, -result, { syscall: "move_mount" });
}

function noChunks({ name }: ErofsImage): Error {
  return mountError("createErofs", name, ERRNO.EOPNOTSUPP, {
    syscall: "fsconfig",
    remedy: "EROFS reads files whose contents are objects since Linux 5.15; " +
      '"composefs cat" and "composefs extract" read them as well',
  });
}

function refused({ name, upperdir }: OverlayParts, refusal: OverlayRefusal): Error {
  const { errno, syscall, log } = refusal;
  const remedy = errno === ERRNO.EINVAL && upperdir !== undefined
    ? "upperdir and workdir must be apart, on one writable file system that is no overlay"
    : undefined;
  return mountError("createOverlay", name, errno, { syscall, log, remedy });
}

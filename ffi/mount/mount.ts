/**
 * Mounting a composefs image: the whole sequence, from looking at the files to the attached overlay.
 *
 * Everything that can fail comes before the one call that attaches the result. Until then mounts are detached
 * where the kernel allows it (Linux 6.15), so that a failure or the death of the process leaves nothing.
 * overlayfs gets such a layer by its descriptor, so `/proc/self/mountinfo` shows `lowerdir+=/proc/self/fd/N`,
 * where the C program and older kernels leave the name of a removed directory, `.composefs.XXXXXX`.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import {
  completeMountOptions,
  type MountOptions,
  type MountSettings,
} from "../../lib/mount/options.ts";
import { type Feature, type Way, waysWithout } from "../../lib/mount/ways.ts";
import { ERRNO } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import { type Backing, type ErofsImage, lacksChunks } from "./erofs_mount.ts";
import type { Linux } from "../sys/linux.ts";
import { closeWith } from "../files/closing.ts";
import { tryMoveMount, tryRemount, tryUnmount } from "../sys/mount_calls.ts";
import { ImageLayer } from "./_image_layer.ts";
import { mountError } from "./_mount_error.ts";
import {
  checkBasedirs,
  checkDigest,
  checkDigests,
  openFor,
  openImage,
  openUserNamespace,
  placeImage,
  readHeader,
} from "./_mount_image.ts";
import { bytesOf, type Path } from "../sys/path.ts";
import {
  makeOverlay,
  mountFlags,
  mountOverlayOn,
  type OverlayParts,
  type OverlayRefusal,
} from "./overlay_mount.ts";
import { O_PATH } from "../sys/uapi.ts";
import { MNT_DETACH } from "../sys/uapi_mount.ts";

/** What to mount where. */
export interface MountRequest {
  /** Path of the image; or, if that is given as bytes, what it is to be called. */
  readonly image: Path;
  /** The image, if it is in no file: a sealed copy in memory is mounted. */
  readonly bytes?: Uint8Array<ArrayBuffer> | undefined;
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
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
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
 * @throws {MountOptionError} If the options contradict each other.
 * @throws {SyscallError} If a step fails; the message names it and what would help.
 * @throws {Error} If the file is no composefs image, or a damaged one.
 */
export function mountComposefs(
  linux: Linux,
  { checkOnly = false, ...given }: MountRequest,
): MountReport {
  const request = {
    image: bytesOf(given.image),
    bytes: given.bytes,
    mountpoint: bytesOf(given.mountpoint),
    options: completeMountOptions(given.options),
  };
  const { options, image: name } = request;
  // Files that are open are named to the kernel through it, whatever has become of their own names.
  if (!linux.hasProc) {
    throw new Error(
      `Cannot mount image ${quote(name)}: /proc is not mounted, expected it there`,
    );
  }
  using stack = new DisposableStack();
  const opened = request.bytes === undefined
    ? openImage(linux, name, stack)
    : placeImage(linux, name, { bytes: request.bytes, stack });
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
  const isSealed = request.bytes !== undefined;
  return checkDigest(linux, opened, request.image, { expected, userVerity, isSealed, stack });
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

/** Tries the ways of mounting, each of which may tell what the kernel lacks for it. */
function mountLayers(job: Job): LayerReport {
  const { linux, image, parts, stack } = job;
  const layer = new ImageLayer(linux, image, stack);
  const lacking = new Set(missingFeatures(linux, layer));
  let refusal: OverlayRefusal | undefined;
  let takesVerity: boolean | undefined;
  for (const way of waysWithout(lacking)) {
    const result = way.by === "parameters"
      ? byParameters(job, layer, way)
      : byOptionString(job, layer, way, { lacking, takesVerity });
    if (result.kind === "mounted") {
      const { verity: objectVerity } = result;
      const how = way.by === "parameters" ? way.layer : way.by;
      return { backing: layer.backing, layer: how, objectVerity };
    }
    // Only file system contexts come with the kernel's reasons.
    if (way.by === "parameters" || refusal?.log === undefined) refusal = result;
    takesVerity = result.verity ?? takesVerity;
    if (result.lacks === undefined) break;
    for (const feature of result.lacks) lacking.add(feature);
  }
  throw refused(parts, refusal!);
}

/** What is known to be lacking before anything is tried. */
function missingFeatures(linux: Linux, layer: ImageLayer): readonly Feature[] {
  // Before, overlayfs does not take them, and leaves a line in the kernel's log for each that it is shown.
  return layer.isDetachable && takesDetachedLayers(linux) ? [] : ["detached layers"];
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
  const result = tryRemount(linux, mountpoint, mountFlags({ flags }));
  if (result < 0) throw mountError("remount", mountpoint, -result, { syscall: "mount" });
}

/** The overlay is where it should be. */
interface Mounted {
  readonly kind: "mounted";
  /** Whether the kernel checks objects. */
  readonly verity: boolean;
}

function byParameters(job: Job, layer: ImageLayer, way: Way): Mounted | OverlayRefusal {
  const result = makeOverlay(job.linux, layer.path(way.layer), job.parts);
  if (result.kind === "refused") return result;
  const overlay = closeWith(job.stack, result.mount);
  // What fails has to fail before the overlay is attached.
  layer.removeName();
  const { target } = job;
  const attached = tryMoveMount(overlay, target);
  if (attached < 0) throw mountError("attach", target, -attached, { syscall: "move_mount" });
  return { kind: "mounted", verity: result.verity };
}

/** What refusals of other ways have told. */
interface Told {
  readonly lacking: ReadonlySet<Feature>;
  /** Whether overlayfs knows how to check objects; undefined if that was not asked. */
  readonly takesVerity: boolean | undefined;
}

function byOptionString(
  job: Job,
  layer: ImageLayer,
  { separator = "::" }: Way,
  { lacking, takesVerity }: Told,
): Mounted | OverlayRefusal {
  const { linux, target } = job;
  const verity = takesVerity ?? job.parts.objectVerity === "require";
  // No newer kernel needs to be asked: data-only layers came later than chunks.
  if (lacking.has("data-only layers") && lacksChunks(linux) === true) throw noChunks(job.image);
  const parts = { ...job.parts, objectVerity: verity ? "require" : "off" } as const;
  const refusal = mountOverlayOn(linux, layer.path("attached"), target, parts, separator);
  if (refusal !== undefined) return refusal;
  try {
    layer.removeName();
  } catch (error) {
    tryUnmount(linux, target, MNT_DETACH);
    throw error;
  }
  return { kind: "mounted", verity };
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

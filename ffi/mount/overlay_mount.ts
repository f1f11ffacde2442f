/**
 * The second half of a composefs mount: an overlay whose metadata comes from the mounted image and whose
 * data from the object directories.
 *
 * Made of parameters one by one, or of an option string: `lib/mount/ways.ts` says which is tried when.
 *
 * @module
 */

import { concatBytes, utf8 } from "../../lib/bytes/text.ts";
import type { MountFlag, SuperblockFlag } from "../../lib/mount/flags.ts";
import { MAX_SOURCE, type VerityPolicy } from "../../lib/mount/options.ts";
import type { Feature } from "../../lib/mount/ways.ts";
import { ERRNO } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { FsContext } from "./fs_context.ts";
import { tryMount } from "../sys/mount_calls.ts";
import { mountError } from "./_mount_error.ts";
import {
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_DIRSYNC,
  MS_LAZYTIME,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_SILENT,
  MS_STRICTATIME,
  MS_SYNCHRONOUS,
} from "../sys/uapi_mount.ts";

/** What the overlay is made of, apart from the image. */
export interface OverlayParts {
  /** What messages call the image. */
  readonly name: Uint8Array;
  /** What `/proc/self/mountinfo` shows as its source. */
  readonly source: Uint8Array;
  readonly basedirs: readonly Uint8Array[];
  readonly upperdir?: Uint8Array;
  readonly workdir?: Uint8Array;
  readonly objectVerity: VerityPolicy;
  readonly flags: ReadonlySet<MountFlag | SuperblockFlag>;
}

/** A parameter that the kernel refused, with a positive error number. */
export interface OverlayRefusal {
  readonly kind: "refused";
  readonly syscall: string;
  readonly errno: number;
  readonly log?: string | undefined;
  /** What the kernel seems to lack, where another way may still work without it. */
  readonly lacks?: readonly Feature[];
  /** Whether the kernel took `verity=require` before it refused. */
  readonly verity?: boolean;
}

/** What kernels lack whose overlayfs has no parameters but those of the option string. */
const OLD: readonly Feature[] = ["layer parameters", "data-only layers"];

/** A detached overlay. */
export interface DetachedOverlay {
  readonly kind: "made";
  readonly mount: Fd;
  readonly verity: boolean;
}

const ATTRIBUTES: Readonly<Record<MountFlag, readonly [attribute: number, flag: number]>> = {
  ro: [MOUNT_ATTR_RDONLY, MS_RDONLY],
  nosuid: [MOUNT_ATTR_NOSUID, MS_NOSUID],
  nodev: [MOUNT_ATTR_NODEV, MS_NODEV],
  noexec: [MOUNT_ATTR_NOEXEC, MS_NOEXEC],
  noatime: [MOUNT_ATTR_NOATIME, MS_NOATIME],
  strictatime: [MOUNT_ATTR_STRICTATIME, MS_STRICTATIME],
  nodiratime: [MOUNT_ATTR_NODIRATIME, MS_NODIRATIME],
  nosymfollow: [MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW],
};

const SUPERBLOCK_FLAGS: Readonly<Record<SuperblockFlag, number>> = {
  sync: MS_SYNCHRONOUS,
  dirsync: MS_DIRSYNC,
  lazytime: MS_LAZYTIME,
};

/**
 * Makes an overlay without attaching it anywhere.
 *
 * @param layer Path of the mounted image.
 * @throws {SyscallError} If fs-verity is required and the kernel's overlayfs does not have it.
 */
export function makeOverlay(
  linux: Linux,
  layer: Uint8Array,
  parts: OverlayParts,
): DetachedOverlay | OverlayRefusal {
  const context = FsContext.open(linux, "overlay");
  if (typeof context === "number") {
    const lacks = context === -ERRNO.ENOSYS ? { lacks: OLD } : {};
    return { kind: "refused", syscall: "fsopen", errno: -context, ...lacks };
  }
  using overlay = context;
  // The parser of Linux before 6.5 takes every word here, and fails on it only later.
  if (overlay.setString("unsupported", utf8("unsupported")) >= 0) {
    requireNoVerity(parts);
    return { kind: "refused", syscall: "fsconfig", errno: ERRNO.EINVAL, lacks: OLD };
  }
  overlay.takeLog();
  const verity = setVerity(overlay, parts);
  const layers = verity < 0 ? verity : setLayers(overlay, layer, parts);
  if (layers < 0) {
    return { ...refusal(overlay, "fsconfig", layers, "layer parameters"), verity: verity > 0 };
  }
  const created = overlay.create();
  if (created < 0) {
    return { ...refusal(overlay, "fsconfig", created, "detached layers"), verity: verity > 0 };
  }
  const mount = overlay.mount(mountAttributes(parts));
  if (typeof mount === "number") return refusal(overlay, "fsmount", mount);
  return { kind: "made", mount, verity: verity > 0 };
}

/**
 * Makes an overlay and attaches it, by mount(2).
 *
 * @param layer Path of the mounted image.
 * @param separator `::` for data-only layers, `:` for ordinary ones.
 * @returns Undefined if that worked.
 */
export function mountOverlayOn(
  linux: Linux,
  layer: Uint8Array,
  target: Uint8Array,
  parts: OverlayParts,
  separator: "::" | ":",
): OverlayRefusal | undefined {
  const data = optionString(layer, parts, separator);
  // The kernel reads one page and would mount with fewer layers than asked for.
  if (data.length > 4095) return { kind: "refused", syscall: "mount", errno: ERRNO.E2BIG };
  const silent = separator === "::" ? MS_SILENT : 0;
  const result = tryMount(linux, {
    source: parts.source,
    target,
    type: "overlay",
    flags: mountFlags(parts) | silent,
    data,
  });
  if (result >= 0) return undefined;
  const lacks = result === -ERRNO.EINVAL ? { lacks: [] } : {};
  return { kind: "refused", syscall: "mount", errno: -result, ...lacks };
}

const ON = utf8("on");
/** What the C program says of every image. */
const DEFAULT_SOURCE = utf8("composefs");

/** 1 if the kernel checks objects from now on, 0 if not, or a negated error number. */
function setVerity(overlay: FsContext, parts: OverlayParts): number {
  // An image may have a longer name; a source that is cut off would be another one.
  const source = parts.source.length <= MAX_SOURCE ? parts.source : DEFAULT_SOURCE;
  const steps = [["source", source], ["metacopy", ON], ["redirect_dir", ON]] as const;
  for (const [key, value] of steps) {
    const result = overlay.setString(key, value);
    if (result < 0) return result;
  }
  if (parts.objectVerity === "off") return 0;
  const result = overlay.setString("verity", utf8("require"));
  if (result >= 0) return 1;
  overlay.takeLog();
  if (parts.objectVerity === "require") throw noOverlayVerity(parts, -result);
  return 0;
}

function setLayers(overlay: FsContext, layer: Uint8Array, parts: OverlayParts): number {
  let result = overlay.setString("lowerdir+", layer);
  for (const basedir of parts.basedirs) {
    if (result >= 0) result = overlay.setString("datadir+", basedir);
  }
  for (const key of ["upperdir", "workdir"] as const) {
    const path = parts[key];
    // These two the kernel unescapes, unlike the layers.
    if (result >= 0 && path !== undefined) result = overlay.setString(key, escapeBytes(path, "\\"));
  }
  for (const flag of parts.flags) {
    if (result >= 0 && flag in SUPERBLOCK_FLAGS) result = overlay.setFlag(flag);
  }
  return result;
}

function refusal(
  overlay: FsContext,
  syscall: string,
  result: number,
  feature?: Feature,
): OverlayRefusal {
  const lacks = feature !== undefined && result === -ERRNO.EINVAL ? { lacks: [feature] } : {};
  return { kind: "refused", syscall, errno: -result, log: overlay.takeLog(), ...lacks };
}

function requireNoVerity(parts: OverlayParts): void {
  if (parts.objectVerity === "require") throw noOverlayVerity(parts, ERRNO.EINVAL);
}

function noOverlayVerity({ name }: OverlayParts, errno: number): Error {
  return mountError("createOverlay", name, errno, {
    syscall: "fsconfig",
    remedy: "overlayfs checks fs-verity since Linux 6.6; " +
      "tryverity or, with digest=, userverity mounts without",
  });
}

function mountAttributes({ flags }: OverlayParts): number {
  let attributes = 0;
  for (const [flag, [attribute]] of Object.entries(ATTRIBUTES)) {
    if (flags.has(flag as MountFlag)) attributes |= attribute;
  }
  return attributes;
}

/** The flags of mount(2). */
export function mountFlags({ flags }: Pick<OverlayParts, "flags">): number {
  let bits = 0;
  for (const [flag, [, bit]] of Object.entries(ATTRIBUTES)) {
    if (flags.has(flag as MountFlag)) bits |= bit;
  }
  for (const [flag, bit] of Object.entries(SUPERBLOCK_FLAGS)) {
    if (flags.has(flag as SuperblockFlag)) bits |= bit;
  }
  return bits;
}

function optionString(layer: Uint8Array, parts: OverlayParts, separator: string): Uint8Array {
  const { basedirs, upperdir, workdir, objectVerity } = parts;
  const pieces = [utf8("metacopy=on,redirect_dir=on,lowerdir="), escapeLayer(layer)];
  for (const basedir of basedirs) pieces.push(utf8(separator), escapeLayer(basedir));
  if (upperdir !== undefined) pieces.push(utf8(",upperdir="), escapePath(upperdir));
  if (workdir !== undefined) pieces.push(utf8(",workdir="), escapePath(workdir));
  if (objectVerity === "require") pieces.push(utf8(",verity=require"));
  return concatBytes(...pieces);
}

/** Puts a backslash before what separates options. */
function escapePath(path: Uint8Array): Uint8Array {
  return escapeBytes(path, "\\,");
}

/** Puts a backslash before what separates options or layers. */
function escapeLayer(path: Uint8Array): Uint8Array {
  return escapeBytes(path, "\\,:");
}

function escapeBytes(path: Uint8Array, special: string): Uint8Array {
  const escaped: number[] = [];
  for (const byte of path) {
    if (special.includes(String.fromCharCode(byte))) escaped.push(0x5c);
    escaped.push(byte);
  }
  return Uint8Array.from(escaped);
}

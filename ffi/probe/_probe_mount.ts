/**
 * What of mounting a kernel can do, found out with contexts and mounts that are never attached anywhere.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { encodeImage } from "../../lib/composefs/image.ts";
import { createErofs, lacksChunks, mountErofs } from "../mount/erofs_mount.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { closeWith } from "../files/closing.ts";
import { FsContext } from "../mount/fs_context.ts";
import { descriptorPath } from "../sys/path.ts";
import { makeOverlay } from "../mount/overlay_mount.ts";
import { type Answer, no, refused, unknown, yes } from "./_probe_answer.ts";
import { UnnamedFile } from "../files/unnamed_file.ts";

/** What overlayfs can do. */
export type OverlayQuestion =
  | "overlay"
  | "dataLayers"
  | "layerParameters"
  | "overlayVerity"
  | "userXattrs";

/** Open files are named to the kernel through it. */
const NO_PROC = "no /proc/self/fd";

/** A path that leads nowhere: the kernel looks it up only if it knows the parameter. */
const NOWHERE = utf8("/proc/self/nowhere");

/** Tells whether a type of file system can be asked for; the kernel loads its module for that. */
export function contextAnswer(linux: Linux, type: string): Answer {
  const context = FsContext.open(linux, type);
  if (typeof context === "number") return refused(-context);
  context[Symbol.dispose]();
  return yes();
}

/** Puts an image of an empty directory into a file that is gone once it is disposed of. */
export function makeImage(directory: Fd): UnnamedFile {
  const draft = UnnamedFile.create(directory, 0o600, directory.subject as Uint8Array);
  const stat = { mode: 0o755, uid: 0, gid: 0, nlink: 2, mtime: 0, mtimeNsec: 0, xattrs: [] };
  try {
    draft.file.write(encodeImage({ root: { kind: "directory", stat, entries: [] }, leaves: [] }));
  } catch (error) {
    draft[Symbol.dispose]();
    throw error;
  }
  return draft;
}

/** Tells whether EROFS reads images from files, without a loop device. */
export function erofsFileAnswer(linux: Linux, image: Fd): Answer {
  if (!linux.hasProc) return unknown(NO_PROC);
  const context = FsContext.open(linux, "erofs");
  if (typeof context === "number") return refused(-context);
  using opened = context;
  const result = createErofs(opened, descriptorPath(image.number), { hasAcl: false });
  if (result >= 0) return yes();
  return refused(-result, result === -ERRNO.ENOTBLK ? undefined : opened.takeLog());
}

/** Tells whether EROFS reads files whose contents are objects. */
export function chunkAnswer(linux: Linux): Answer {
  const lacking = lacksChunks(linux);
  if (typeof lacking === "number") return refused(lacking);
  return lacking ? no("parameters as before Linux 5.15") : yes();
}

/** Asks overlayfs for its parameters. */
export function overlayAnswers(linux: Linux): Readonly<Record<OverlayQuestion, Answer>> {
  const overlay = contextAnswer(linux, "overlay");
  if (overlay.answer !== "yes") {
    const rest = overlay.answer === "no" ? no("no overlayfs") : overlay;
    return {
      overlay,
      dataLayers: rest,
      layerParameters: rest,
      overlayVerity: rest,
      userXattrs: rest,
    };
  }
  const set = (key: string, value: string) => parameter(linux, key, utf8(value));
  // Up to Linux 6.4 every word was taken, and looked at later. Data-only layers came with 6.5.
  if (set("unsupported", "unsupported") >= 0) {
    const old = no("parameters as before Linux 6.5");
    const userXattrs = unknown("this kernel takes every parameter");
    return { overlay, dataLayers: old, layerParameters: old, overlayVerity: old, userXattrs };
  }
  const known = (result: number) => result >= 0 ? yes() : refused(-result);
  const layer = parameter(linux, "datadir+", NOWHERE);
  return {
    overlay,
    dataLayers: yes(),
    layerParameters: layer === -ERRNO.ENOENT ? yes() : known(layer),
    overlayVerity: known(set("verity", "require")),
    userXattrs: known(parameter(linux, "userxattr")),
  };
}

/** Sets one parameter in a context of its own. */
function parameter(linux: Linux, key: string, value?: Uint8Array): number {
  const context = FsContext.open(linux, "overlay");
  if (typeof context === "number") return context;
  using overlay = context;
  return value === undefined ? overlay.setFlag(key) : overlay.setString(key, value);
}

/**
 * Tells whether the kernel makes a composefs mount: an image, and an overlay over it with a directory
 * of objects.
 *
 * @param image What {@linkcode makeImage} made.
 * @returns Also yes if the kernel has to see the image attached first, as before Linux 6.15.
 */
export function composefsAnswer(linux: Linux, image: Fd, objects: Fd): Answer {
  if (!linux.hasProc) return no(NO_PROC);
  using stack = new DisposableStack();
  const name = utf8("probe");
  try {
    const erofs = mountErofs(linux, { file: image, name, hasAcl: false }, stack);
    if (erofs === undefined) return unknown("no fsopen(2), so not tried");
    const how = erofs.backing === "file" ? "from files" : "from loop devices";
    const overlay = makeOverlay(linux, descriptorPath(erofs.mount.number), {
      name,
      source: name,
      basedirs: [descriptorPath(objects.number)],
      objectVerity: "off",
      flags: new Set(["ro"]),
    });
    if (overlay.kind === "made") {
      closeWith(stack, overlay.mount);
      return yes(how);
    }
    if (overlay.lacks?.includes("data-only layers") && lacksChunks(linux) === true) {
      return no("EROFS without chunk-based files");
    }
    if (overlay.lacks !== undefined) return yes(`${how}, overlay not tried`);
    return refused(overlay.errno, overlay.log);
  } catch (error) {
    if (error instanceof SyscallError) return refused(error.errno);
    throw error;
  }
}

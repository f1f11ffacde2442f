/**
 * Output files that are there whole or not at all.
 *
 * @module
 */

import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO, isForbidden, SyscallError } from "../sys/errno.ts";
import { Fd } from "./fd.ts";
import type { FileStat } from "../sys/stat.ts";
import { enableVerity, type Sealing } from "./fsverity.ts";
import type { Linux } from "../sys/linux.ts";
import { Place } from "./place.ts";
import { mayWrite } from "./_sticky.ts";
import { O_WRONLY, STATX_ATTR_VERITY } from "../sys/uapi.ts";
import { removeLeftovers } from "./temporary.ts";
import { UnnamedFile } from "./unnamed_file.ts";

/** How a file is written. */
export interface WriteFileOptions {
  /** Has its contents on the disk before it has its name: then it is whole even after a crash. Default true. */
  readonly sync?: boolean;
  /** Mode of a new file, before the umask. Default 0666. */
  readonly mode?: number;
  /** Leaves a file alone that has fs-verity: somebody may rely on it, as on an image in use. Default false. */
  readonly keepSealed?: boolean;
  /** Turns fs-verity on for the file before it has its name. */
  readonly seal?: Sealing | undefined;
  /** By what; SHA-256 if absent. */
  readonly algorithm?: HashAlgorithm;
}

const MODE = 0o666;
/** What of a mode a file hands on to the one that replaces it: no set-user-ID bit. */
const PERMISSIONS = 0o777;
const CHUNK_SIZE = 1 << 20;

/**
 * Writes a file. A new file has mode 0666 before the umask, and so has one in place of another user's;
 * one in place of our own gets the permissions of that. What is no regular file (a device, a fifo) is
 * written to, and so is a file that cannot be replaced (the only one bound into a container, or in a
 * directory that is not ours).
 *
 * @param path If a symbolic link, the file it leads to is meant. What strangers have put into a directory
 * like `/tmp` is neither followed nor written to.
 * @returns Why the file has no fs-verity, if that was to be tried.
 * @throws {SyscallError} If it cannot be written or sealed; then a regular file is what it was before, unless it is
 * one that cannot be replaced.
 */
export function writeFileAtomically(
  linux: Linux,
  path: Uint8Array,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  { sync = true, mode = MODE, keepSealed = false, seal, algorithm = "sha256" }: WriteFileOptions =
    {},
): SyscallError | undefined {
  using place = Place.find(linux, path, { action: "write" });
  const { directory, name, stat } = place;
  if (stat !== undefined) checkOwner(directory, stat, path);
  if (stat !== undefined && keepSealed && hasVerity(stat)) {
    throw new SyscallError(ERRNO.EPERM, {
      syscall: "openat",
      action: "write",
      subject: path,
      state: "it has fs-verity, so it may be in use; --force replaces it",
    });
  }
  if (stat !== undefined && kindOfMode(stat.mode) !== "regular") {
    return overwrite(place, path, chunks, seal);
  }
  let draft: UnnamedFile;
  try {
    draft = UnnamedFile.create(directory, mode, path);
  } catch (error) {
    if (stat === undefined || !isForbidden(error)) throw error;
    return overwrite(place, path, chunks, seal);
  }
  using _ = draft;
  // A file without a name has one for a moment where it takes the place of another.
  if (draft.hasName || stat !== undefined) removeLeftovers(directory);
  let position = 0;
  for (const chunk of chunks) {
    draft.file.writeAt(chunk, position);
    position += chunk.length;
  }
  // Another user's file may have been planted, and must not decide who may write to ours.
  if (stat?.uid === linux.userId()) draft.file.chmod(stat.mode & PERMISSIONS);
  if (sync) draft.file.sync();
  const refusal = seal && sealDraft(draft, seal, algorithm);
  const published = stat === undefined && !draft.hasName ? draft.tryPublish(name) : -ERRNO.EEXIST;
  const replaced = published === -ERRNO.EEXIST ? draft.tryReplace(name) : published;
  if (replaced === -ERRNO.EBUSY) {
    // The caller's chunks may come only once, so the draft is what is copied.
    return overwrite(place, path, draft.file.chunks(new Uint8Array(CHUNK_SIZE)), seal);
  }
  checkResult("renameat", replaced, { action: "write", subject: path });
  return refusal;
}

function hasVerity({ attributes }: FileStat): boolean {
  return Math.floor(attributes / STATX_ATTR_VERITY) % 2 === 1;
}

/** Returns what is in the way of fs-verity, where it need not be. */
function sealDraft(
  draft: UnnamedFile,
  seal: Sealing,
  algorithm: HashAlgorithm,
): SyscallError | undefined {
  draft.reopenForReading();
  try {
    enableVerity(draft.file, { algorithm });
    return undefined;
  } catch (error) {
    if (!(error instanceof SyscallError) || seal === "require") throw error;
    return error;
  }
}

function overwrite(
  { directory, name, stat }: Place,
  path: Uint8Array,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  seal: Sealing | undefined,
): SyscallError | undefined {
  const { linux } = directory;
  const refusal = seal && new SyscallError(ERRNO.EOPNOTSUPP, {
    syscall: "ioctl",
    action: "enable fs-verity on",
    subject: path,
    state: "it cannot be replaced, just written over",
  });
  if (seal === "require") throw refusal;
  // A link that was found is one of /proc, which the kernel alone can follow.
  const isLink = kindOfMode(stat!.mode) === "symlink";
  const flags = O_WRONLY | (isLink ? 0 : linux.flags.O_NOFOLLOW);
  using file = Fd.open(linux, name, { flags, at: directory, shown: path });
  const opened = file.stat();
  // It may be another one than was looked at.
  if (!isLink) checkOwner(directory, opened, path);
  if (kindOfMode(opened.mode) === "regular") file.truncate();
  for (const chunk of chunks) file.write(chunk);
  file.close();
  return refusal;
}

/** Makes sure that what stands there may be written to; `_sticky.ts` says why. */
function checkOwner(directory: Fd, stat: FileStat, path: Uint8Array): void {
  if (mayWrite(stat, directory.stat(), directory.linux.userId())) return;
  throw new SyscallError(ERRNO.EACCES, {
    syscall: "openat",
    action: "write",
    subject: path,
    state: "it is another user's, in a directory where anybody may put one",
  });
}

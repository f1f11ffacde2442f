/**
 * Removing a directory with all that is in it, to any depth, following no symbolic link.
 *
 * @module
 */

import { DirectoryReader } from "./directory.ts";
import { DirectoryCursor } from "./directory_cursor.ts";
import { checkResult, workingDirectory } from "../sys/call.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { tryChmod, tryChmodAt } from "../sys/metadata_calls.ts";
import { tryRemove } from "../sys/name_calls.ts";
import { Fd } from "./fd.ts";
import { cString, descriptorPath } from "../sys/path.ts";
import { AT_REMOVEDIR, DT_DIR, O_PATH, O_RDONLY } from "../sys/uapi.ts";

const OWNER_ALL = 0o700;

/**
 * Removes a directory.
 *
 * @param name Its name in `parent`.
 * @param shown Path to name in messages.
 * @throws {SyscallError} If something in it cannot be removed.
 */
export function removeTree(parent: Fd, name: Uint8Array, shown: Uint8Array): void {
  const { linux } = parent;
  makeAccessible(parent, name);
  const flags = O_RDONLY | linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
  using root = Fd.open(linux, name, { flags, at: parent, shown });
  using cursor = new DirectoryCursor(root);
  const reader = new DirectoryReader();
  const levels = [{ name, directories: removeFiles(root, reader) }];
  for (let level = levels.at(-1)!;; level = levels.at(-1)!) {
    const next = level.directories.pop();
    if (next !== undefined) {
      makeAccessible(cursor.directory, next);
      cursor.enter(next, shown);
      levels.push({ name: next, directories: removeFiles(cursor.directory, reader) });
      continue;
    }
    levels.pop();
    if (levels.length === 0) break;
    cursor.leave().close();
    unlink(cursor.directory, level.name, AT_REMOVEDIR);
  }
  unlink(parent, name, AT_REMOVEDIR);
}

/** Removes all that is no directory; returns the names of the directories. */
function removeFiles(directory: Fd, reader: DirectoryReader): Uint8Array[] {
  const directories: Uint8Array[] = [];
  const files: Uint8Array[] = [];
  reader.read(directory, (name, type) => {
    (type === DT_DIR ? directories : files).push(name);
  });
  for (const name of files) {
    // A file system that does not tell types in a listing does so now.
    if (!unlink(directory, name, 0)) directories.push(name);
  }
  return directories;
}

/** Returns false if it is a directory, and `flags` does not allow for that. */
function unlink(directory: Fd, name: Uint8Array, flags: number): boolean {
  const result = tryRemove(directory, cString(name), flags);
  if (result === -ERRNO.EISDIR) return false;
  if (result === -ERRNO.ENOENT) return true;
  checkResult("unlinkat", result, { action: "remove", subject: directory.subject });
  return true;
}

/**
 * Opens a directory to its owner, who may have shut it; whether that worked shows when it is entered. Not
 * by its name, by which chmod would follow a symbolic link that has taken its place.
 */
export function makeAccessible(parent: Fd, name: Uint8Array): void {
  const { linux } = parent;
  const flags = linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
  try {
    using directory = Fd.open(linux, name, { flags: O_RDONLY | flags, at: parent });
    tryChmod(directory, OWNER_ALL);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.code === "EACCES") changeUnreadable(parent, name, O_PATH | flags);
  }
}

/** What may not be read can be opened all the same, but fchmod(2) does not take such a descriptor. */
function changeUnreadable(parent: Fd, name: Uint8Array, flags: number): void {
  const { linux } = parent;
  using directory = Fd.open(linux, name, { flags, at: parent });
  const path = cString(descriptorPath(directory.number));
  tryChmodAt(workingDirectory(linux), path, OWNER_ALL);
}

/**
 * Whether one place lies in another, found by going up from it.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { SyscallError } from "../sys/errno.ts";
import { Fd } from "./fd.ts";
import { workingDirectory } from "../sys/call.ts";
import { isSame, statAt } from "../sys/stat.ts";
import type { Linux } from "../sys/linux.ts";
import { splitPath } from "../sys/path.ts";
import { Place } from "./place.ts";
import { O_PATH } from "../sys/uapi.ts";

const PARENT = utf8("..");
const SLASH = 0x2f;

/**
 * Tells whether what a path leads to, or would lead to if it were made, lies in a directory or is it.
 *
 * @param directory Not followed if it is a symbolic link, unless it ends in a slash.
 * @throws {SyscallError} If a directory on the way cannot be looked at.
 */
export function isWithin(linux: Linux, path: Uint8Array, directory: Uint8Array): boolean {
  const { O_DIRECTORY } = linux.flags;
  const attempt = { action: "open", subject: directory };
  const wanted = statAt(workingDirectory(linux), directory, attempt);
  let current = wanted && openNearest(linux, path);
  if (wanted === undefined || current === undefined) return false;
  try {
    let own = current.stat();
    while (!isSame(own, wanted)) {
      const parent = Fd.open(linux, PARENT, { flags: O_PATH | O_DIRECTORY, at: current });
      current.close();
      current = parent;
      const next = current.stat();
      // The root directory is its own parent.
      if (isSame(next, own)) return false;
      own = next;
    }
    return true;
  } finally {
    current.close();
  }
}

/**
 * Opens the directory that a path leads to or would be made in; of several yet to be made, that which is
 * there. Undefined for a device or another thing that is in no directory's contents.
 */
function openNearest(linux: Linux, path: Uint8Array): Fd | undefined {
  const flags = O_PATH | linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
  let left = withoutSlashes(path);
  while (true) {
    try {
      using place = Place.find(linux, left, { action: "find", shown: path });
      const { directory: at, name, stat } = place;
      const kind = stat && kindOfMode(stat.mode);
      if (kind === "directory") return Fd.open(linux, name, { flags, at, shown: path });
      return kind === undefined || kind === "regular"
        ? Fd.open(linux, utf8("."), { flags, at, shown: path })
        : undefined;
    } catch (error) {
      const isMissing = error instanceof SyscallError && error.code === "ENOENT";
      // One name alone that is not to be found will not be found higher up.
      if (!isMissing || left.length <= 1) throw error;
    }
    left = withoutSlashes(splitPath(left).directory);
  }
}

function withoutSlashes(path: Uint8Array): Uint8Array {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end--;
  return path.subarray(0, end);
}

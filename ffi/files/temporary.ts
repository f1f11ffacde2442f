/**
 * Names of what is not complete, and removing what a killed process has left under them.
 *
 * The process that makes something under such a name holds a lock on it until it ends. What is not locked is
 * left over. Name, owner and kind are checked too, so that no other program's file is removed.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { DirectoryReader } from "./directory.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { Fd } from "./fd.ts";
import { tryLock } from "../sys/file_calls.ts";
import { tryRemove } from "../sys/name_calls.ts";
import { isSame, tryStatAt } from "../sys/stat.ts";
import type { Linux } from "../sys/linux.ts";
import { cString } from "../sys/path.ts";
import { removeTree } from "./_remove_tree.ts";
import { LOCK_EX, LOCK_SH, O_NONBLOCK, O_RDONLY } from "../sys/uapi.ts";

const PREFIX = ".tmp-composefs-";
const DIGITS = 16;

/** As many names of a directory are looked through for what is left over: it is no reason to read more. */
const MAX_NAMES = 10_000;

/** A number that a name is made of: neither 0 nor above 2^52. */
export function randomSeed(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return high! % 2 ** 20 * 2 ** 32 + low! + 1;
}

/** The name that is made of a number. */
export function temporaryName(seed: number): Uint8Array<ArrayBuffer> {
  return utf8(PREFIX + seed.toString(16).padStart(DIGITS, "0"));
}

const NAME = new RegExp(`^${PREFIX.replace(".", "\\.")}[0-9a-f]{${DIGITS}}$`);

function isTemporaryName(name: Uint8Array): boolean {
  return name.length === PREFIX.length + DIGITS && NAME.test(String.fromCharCode(...name));
}

/**
 * Tells others that a file or directory belongs to a living process, for as long as it is open.
 *
 * @returns False if another process is about to remove it as left over.
 */
export function lockTemporary(file: Fd): boolean {
  const result = tryLock(file, LOCK_SH);
  // On a file system without locks nothing is removed: `removeLeftovers` gets no lock either.
  return result === 0 || result !== -ERRNO.EAGAIN;
}

/** Tells whether a file still has a name. */
export function hasName(directory: Fd, name: Uint8Array, file: Fd): boolean {
  const found = tryStatAt(directory, name);
  return found !== undefined && isSame(found, file.stat());
}

/**
 * Removes what killed processes have left in a directory. Whatever goes wrong with that is passed over: it
 * is not what the caller is there for.
 */
export function removeLeftovers(directory: Fd): void {
  const { linux } = directory;
  const names: Uint8Array[] = [];
  let seen = 0;
  try {
    // A descriptor of its own, so that another reader's position does not matter.
    const flags = O_RDONLY | linux.flags.O_DIRECTORY;
    using listed = Fd.open(linux, utf8("."), { flags, at: directory });
    new DirectoryReader().read(listed, (name) => {
      if (isTemporaryName(name)) names.push(name);
      return ++seen < MAX_NAMES;
    });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
  for (const name of names) {
    try {
      removeLeftover(linux, directory, name);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }
}

function removeLeftover(linux: Linux, directory: Fd, name: Uint8Array): void {
  const flags = O_RDONLY | O_NONBLOCK | linux.flags.O_NOFOLLOW;
  using file = Fd.open(linux, name, { flags, at: directory });
  const { mode, uid } = file.stat();
  const kind = kindOfMode(mode);
  if (uid !== linux.userId() || (kind !== "regular" && kind !== "directory")) return;
  if (tryLock(file, LOCK_EX) !== 0) return;
  if (!hasName(directory, name, file)) return;
  if (kind === "directory") {
    removeTree(directory, name, name);
    return;
  }
  tryRemove(directory, cString(name));
}

/**
 * What may be touched in a directory where strangers may put things, such as `/tmp`.
 *
 * These are the kernel's rules (fs.protected_symlinks, fs.protected_regular and fs.protected_fifos in
 * sysctl, see proc(5)), applied here even where the machine has them switched off, as is Linux's default:
 * otherwise any user could plant a link in `/tmp` and decide where root's output ends up.
 *
 * @module
 */

import { kindOfMode } from "../../lib/tree/tree.ts";
import type { FileStat } from "../sys/stat.ts";

const STICKY = 0o1000;
const GROUP_WRITABLE = 0o020;
const WORLD_WRITABLE = 0o002;

/** What the rules need to know of a directory or of what stands in it. */
export type Owned = Pick<FileStat, "mode" | "uid">;

/** Tells whether a symbolic link in a directory may be followed by a user. */
export function mayFollow(link: Owned, directory: Owned, user: number): boolean {
  return isTrusted(link, directory, user) ||
    !has(directory, STICKY) || !has(directory, WORLD_WRITABLE);
}

/**
 * Tells whether a user may write to what stands in a directory under a name that the user meant to make:
 * the rule for open(2) with `O_CREAT`.
 */
export function mayWrite(file: Owned, directory: Owned, user: number): boolean {
  if (isTrusted(file, directory, user) || !has(directory, STICKY)) return true;
  const kind = kindOfMode(file.mode);
  // One of these is refused in any case, by words of its own.
  if (kind === "directory") return true;
  if (has(directory, WORLD_WRITABLE)) return false;
  return !has(directory, GROUP_WRITABLE) || kind !== "regular" && kind !== "fifo";
}

/** The directory's owner can put anything there anyway. */
function isTrusted(file: Owned, directory: Owned, user: number): boolean {
  return file.uid === user || file.uid === directory.uid;
}

function has({ mode }: Owned, bit: number): boolean {
  return (mode & bit) !== 0;
}

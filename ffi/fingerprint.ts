/**
 * What tells a file that has not been changed from one that has: its identity and its times.
 *
 * The kernel sets a file's ctime at every change, and nobody can set it otherwise but by the clock. A
 * change within the tick of the clock in which the file was looked at, or, where times are kept in whole
 * seconds, within the same second or two, leaves no trace though. So a file that was changed lately has no
 * fingerprint; nor has one whose times may be from another machine's clock.
 *
 * @see statx(2); Documentation/filesystems/multigrain-ts.rst
 *
 * @module
 */

import { FINGERPRINT_WORDS } from "../lib/composefs/digest_cache.ts";
import type { Fingerprint } from "../lib/tree/source.ts";
import type { Fd } from "./fd.ts";
import { isLocal } from "./sync.ts";
import { STATX } from "./uapi.ts";

/** Seconds that must have passed since a file was changed: FAT keeps times to two. */
const QUIET_SECONDS = 3;

const AT = STATX.offsets;

/** What of statx(2) is in a fingerprint, in words of four bytes. */
const WORDS: readonly number[] = [
  // Inode number and size.
  ...words(AT.ino, AT.size + 8),
  // Times of birth, change and modification.
  ...words(AT.btimeSec, AT.btimeSec + 48),
  // Device.
  ...words(AT.devMajor, AT.devMajor + 8),
];

function words(start: number, end: number): number[] {
  return Array.from({ length: (end - start) / 4 }, (_, i) => start / 4 + i);
}

/** Makes the fingerprints of the files in one directory after the other. */
export class Fingerprinter {
  /** The device of the last directory, and whether its file system is a local one. */
  #major = -1;
  #minor = -1;
  #isLocal = false;
  /** Files changed at this second or later have none. */
  #since = 0;

  /**
   * Goes on to a directory.
   *
   * @param now Milliseconds since the epoch, before any of its files is looked at.
   */
  enter(directory: Fd, now: number): void {
    this.#since = Math.floor(now / 1000) - QUIET_SECONDS;
    const { major, minor } = directory.device();
    if (major === this.#major && minor === this.#minor) return;
    this.#isLocal = isLocal(directory);
    this.#major = major;
    this.#minor = minor;
  }

  /** The fingerprint of a file, if it has one. `stat` is what statx(2) wrote about it, in words. */
  of(stat: Uint32Array): Fingerprint | undefined {
    if (!this.#isLocal) return undefined;
    // A file of another file system is bound here; its own directory is not known.
    if (stat[AT.devMajor / 4] !== this.#major || stat[AT.devMinor / 4] !== this.#minor) {
      return undefined;
    }
    // Seconds are signed. All machines that this runs on have their low half first.
    const ctime = (stat[AT.ctimeSec / 4 + 1]! | 0) * 2 ** 32 + stat[AT.ctimeSec / 4]!;
    if (ctime >= this.#since) return undefined;
    const fingerprint = new Uint32Array(FINGERPRINT_WORDS);
    for (let i = 0; i < FINGERPRINT_WORDS; i++) fingerprint[i] = stat[WORDS[i]!]!;
    return fingerprint;
  }
}

/**
 * Fingerprints of files: identity and times, which are the same only while the file has not been changed.
 *
 * The kernel sets a file's ctime at every change, and no call sets it to another time than that of the clock.
 * A file that is changed through a mapping gets it once, when a page becomes writable, and not again while the
 * page waits to be written back. So before a file without a known digest is read, its file system is made
 * to write back: once in a run, and where that does not help, its files have no fingerprints.
 *
 * A change within the tick of the clock in which the file was looked at, 10 milliseconds at most, or, where
 * times are kept in whole seconds, within the same second or two, leaves no trace though. So a file that was
 * changed lately has no fingerprint; nor has one whose times may be from another machine's clock.
 *
 * @see statx(2); Documentation/filesystems/multigrain-ts.rst
 *
 * @module
 */

import { getField, readI64, wordFields } from "../../lib/bytes/words.ts";
import { FINGERPRINT_WORDS } from "../../lib/objects/digest_cache.ts";
import type { Fingerprints } from "../../lib/tree/source.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Fd } from "../files/fd.ts";
import { isOnDisk } from "../files/file_system.ts";
import { syncFileSystem } from "../sys/file_calls.ts";
import { STATX } from "../sys/uapi.ts";

/**
 * Whole seconds that must have passed since a file was changed: where times have fractions, and where they
 * may have none. FAT keeps them to two seconds.
 */
const QUIET_SECONDS = 1;
const QUIET_WHOLE_SECONDS = 3;

const AT = wordFields(STATX);

/** What of statx(2) is in a fingerprint, in words of four bytes. */
const WORDS: readonly number[] = [
  // Inode number and size.
  ...range(AT.ino.word, AT.size.word + 2),
  // Times of birth, change and modification.
  ...range(AT.btimeSec.word, AT.btimeSec.word + 12),
  // Device.
  ...range(AT.devMajor.word, AT.devMajor.word + 2),
];

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

/** Makes the fingerprints of the files in one directory after the other. */
export class Fingerprinter {
  readonly #words = new Uint32Array(FINGERPRINT_WORDS);
  #directory: Fd | undefined;
  /** Whether the file system of the directory has been asked for. */
  #hasAsked = false;
  /** The device of the file system on a disk that was met last. */
  #major = -1;
  #minor = -1;
  /** The second at which the directory was entered, or an earlier one. */
  #now = 0;
  /** Seconds at which devices began to be written back; infinitely long ago if they could not be. */
  readonly #writtenBack = new Map<number, number>();

  /**
   * Goes on to a directory.
   *
   * @param directory Open while its files are looked at.
   * @param now Milliseconds since the epoch, before any of them is.
   */
  enter(directory: Fd, now: number): void {
    this.#directory = directory;
    this.#hasAsked = false;
    this.#now = Math.floor(now / 1000);
  }

  /**
   * Hands over the fingerprint of a file in the directory, if it has one. To be asked before the file is
   * read.
   *
   * @param stat What statx(2) wrote about the file, in words.
   * @returns The number that `fingerprints` gives it.
   */
  of(stat: Uint32Array, fingerprints: Fingerprints): number | undefined {
    if (!this.#isOnDisk(getField(stat, 0, AT.devMajor), getField(stat, 0, AT.devMinor))) {
      return undefined;
    }
    const quiet = getField(stat, 0, AT.ctimeNsec) === 0 ? QUIET_WHOLE_SECONDS : QUIET_SECONDS;
    const changed = readI64(stat, AT.ctimeSec.word);
    if (changed >= this.#now - quiet) return undefined;
    const words = this.#words;
    for (let i = 0; i < FINGERPRINT_WORDS; i++) words[i] = stat[WORDS[i]!]!;
    const number = fingerprints.numberOf(words);
    // What was changed since then may still be changed without a trace.
    return fingerprints.isKnown(number) || changed < this.#writeBack() - quiet ? number : undefined;
  }

  /** Writes the device back unless it has been; tells when that began, or an earlier second. */
  #writeBack(): number {
    const device = this.#major * 2 ** 32 + this.#minor;
    let began = this.#writtenBack.get(device);
    if (began === undefined) {
      began = this.#now;
      try {
        syncFileSystem(this.#directory!);
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        began = -Infinity;
      }
      this.#writtenBack.set(device, began);
    }
    return began;
  }

  /** Tells whether a device is that of a file system on a disk, as far as the directory tells. */
  #isOnDisk(major: number, minor: number): boolean {
    if (major === this.#major && minor === this.#minor) return true;
    // A file of another file system may be bound here; its own directory is not known.
    if (this.#hasAsked) return false;
    this.#hasAsked = true;
    const directory = this.#directory!;
    if (!isOnDisk(directory)) return false;
    ({ major: this.#major, minor: this.#minor } = directory.device());
    return major === this.#major && minor === this.#minor;
  }
}

/**
 * What statx(2) and readlinkat(2) tell of a name in a directory.
 *
 * Called for every file of a tree, so it works in memory of its own and reads just the fields it needs.
 *
 * @module
 */

import { printable } from "../lib/bytes/text.ts";
import { readI64, wordOffsets, wordsOf } from "../lib/bytes/words.ts";
import type { Fingerprints, SourceStat } from "../lib/tree/source.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import type { Fd } from "./fd.ts";
import type { Fingerprinter } from "./fingerprint.ts";
import type { Linux } from "./linux.ts";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  PATH_MAX,
  STATX,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_SIZE,
} from "./uapi.ts";

/** A stat whose xattrs are yet to be read. */
export type StatDraft = { -readonly [Field in keyof SourceStat]: SourceStat[Field] };

const AT = wordOffsets(STATX.offsets);
const MASK = STATX_BASIC_STATS | STATX_BTIME;
const EMPTY_PATH = Uint8Array.of(0);
const MODE_BITS = 0o7777;
const NO_XATTRS: SourceStat["xattrs"] = Object.freeze([]);

/** Reads the metadata of files, one after the other. */
export class StatReader {
  readonly #linux: Linux;
  readonly #statx = new Uint8Array(STATX_SIZE);
  readonly #words = wordsOf(this.#statx);
  readonly #target = new Uint8Array(PATH_MAX);

  /** Reads nothing yet. */
  constructor(linux: Linux) {
    this.#linux = linux;
  }

  /**
   * Reads everything of an open file but the xattrs, which the result has none of.
   *
   * @param shown Makes the path to name in messages.
   * @throws {SyscallError} If it cannot be read.
   * @throws {RangeError} If it is of an unknown kind, or of 2^53 bytes and more.
   */
  read(file: Fd, shown: () => Uint8Array): StatDraft {
    return this.#read(file, EMPTY_PATH, AT_EMPTY_PATH, shown);
  }

  /**
   * Reads the same of an entry of a directory.
   *
   * @param name Terminated by a NUL. Bytes may follow that.
   * @param fingerprinter Makes the fingerprint of a regular file, if it is wanted, for `fingerprints`.
   */
  readEntry(
    directory: Fd,
    name: Uint8Array<ArrayBuffer>,
    shown: () => Uint8Array,
    fingerprinter: Fingerprinter,
    fingerprints: Fingerprints | undefined,
  ): StatDraft {
    const stat = this.#read(directory, name, 0, shown);
    if (stat.kind === "regular" && fingerprints !== undefined) {
      stat.fingerprint = fingerprinter.of(this.#words, fingerprints);
    }
    return stat;
  }

  #read(
    { number }: Fd,
    path: Uint8Array<ArrayBuffer>,
    flags: number,
    shown: () => Uint8Array,
  ): StatDraft {
    const linux = this.#linux;
    const allFlags = flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    // Most calls just succeed; for them no function is made.
    let result = linux.statx(number, path, allFlags, MASK, this.#statx);
    if (result < 0) {
      result = linux.retry(() => linux.statx(number, path, allFlags, MASK, this.#statx));
    }
    if (result < 0) {
      throw new SyscallError(-result, { syscall: "statx", action: "stat", subject: shown() });
    }
    const stat = this.#decode(shown);
    if (stat.kind === "symlink") stat.target = this.#readTarget(number, path, shown);
    return stat;
  }

  #decode(shown: () => Uint8Array): StatDraft {
    const words = this.#words;
    const mode = words[AT.mode]! & 0xffff;
    const kind = kindOfMode(mode);
    if (kind === undefined) {
      const type = "0o" + (mode & ~MODE_BITS).toString(8);
      throw new RangeError(`Cannot stat "${printable(shown())}": unknown file type ${type}`);
    }
    const size = words[AT.size]! + words[AT.size + 1]! * 2 ** 32;
    if (!Number.isSafeInteger(size)) {
      throw new RangeError(
        `Cannot stat "${printable(shown())}": ${size} bytes, expected less than 2^53`,
      );
    }
    const nlink = words[AT.nlink]!;
    const stat: StatDraft = {
      kind,
      mode: mode & MODE_BITS,
      uid: words[AT.uid]!,
      gid: words[AT.gid]!,
      nlink,
      rdev: kind === "character" || kind === "block" ? this.#rdev() : 0,
      size,
      mtime: readI64(words, AT.mtimeSec),
      mtimeNsec: words[AT.mtimeNsec]!,
      xattrs: NO_XATTRS,
      // Here already, so that all are of one shape.
      fileId: undefined,
      target: undefined,
      fingerprint: undefined,
    };
    if (nlink > 1 && kind !== "directory") stat.fileId = this.#fileId();
    return stat;
  }

  /** The encoding of `Special.rdev`: a major number of 12 bits amid a minor one of 20. */
  #rdev(): number {
    const major = this.#words[AT.rdevMajor]!;
    const minor = this.#words[AT.rdevMinor]!;
    return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
  }

  #fileId(): string {
    const words = this.#words;
    const device = `${words[AT.devMajor]}.${words[AT.devMinor]}`;
    return `${device}:${words[AT.ino + 1]}.${words[AT.ino]}`;
  }

  #readTarget(
    number: number,
    path: Uint8Array<ArrayBuffer>,
    shown: () => Uint8Array,
  ): Uint8Array {
    const linux = this.#linux;
    const target = this.#target;
    const result = linux.retry(() => linux.libc.readlinkat(number, path, target, target.length));
    // A full buffer may hold a cut target; the kernel itself has no way to make one that long.
    const length = result === target.length ? -ERRNO.ENAMETOOLONG : result;
    if (length < 0) {
      throw new SyscallError(-length, {
        syscall: "readlinkat",
        action: "read the target of",
        subject: shown(),
      });
    }
    return target.slice(0, length);
  }
}

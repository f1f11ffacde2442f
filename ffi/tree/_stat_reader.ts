/**
 * What statx(2) and readlinkat(2) tell of a name in a directory.
 *
 * Called for every file of a tree, so it works in memory of its own and reads just the fields it needs.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { getField, readI64, readU64, wordFields, wordsOf } from "../../lib/bytes/words.ts";
import { encodeDevice } from "../../lib/tree/device.ts";
import type { Fingerprints, SourceEntry } from "../../lib/tree/source.ts";
import { kindOfMode, type Stat } from "../../lib/tree/tree.ts";
import type { OpenFile } from "../sys/call.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import type { Fingerprinter } from "./_fingerprint.ts";
import { tryReadLink } from "../sys/name_calls.ts";
import { type CString, cString } from "../sys/path.ts";
import { tryStatInto } from "../sys/stat.ts";
import {
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_SYMLINK_NOFOLLOW,
  PATH_MAX,
  STATX,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_SIZE,
} from "../sys/uapi.ts";

type Mutable<Value> = { -readonly [Field in keyof Value]: Value[Field] };

/** What is told of an entry whose xattrs are yet to be read. */
export type EntryDraft = Mutable<Omit<SourceEntry, "stat">> & { stat: Mutable<Stat> };

const AT = wordFields(STATX);
const MASK = STATX_BASIC_STATS | STATX_BTIME;
const ITSELF = cString(new Uint8Array());
const NO_NAME = new Uint8Array();
const MODE_BITS = 0o7777;
const NO_XATTRS: Stat["xattrs"] = Object.freeze([]);

/** Reads the metadata of files, one after the other. */
export class StatReader {
  readonly #statx = new Uint8Array(STATX_SIZE);
  readonly #words = wordsOf(this.#statx);
  readonly #target = new Uint8Array(PATH_MAX);

  /**
   * Reads everything of an open file but its name and its xattrs, of which the result has none.
   *
   * @param shown Makes the path to name in messages.
   * @throws {SyscallError} If it cannot be read.
   * @throws {RangeError} If it is of an unknown kind, or of 2^53 bytes and more.
   */
  read(file: OpenFile, shown: () => Uint8Array): EntryDraft {
    return this.#read(file, NO_NAME, ITSELF, AT_EMPTY_PATH, shown);
  }

  /**
   * Reads the same of an entry of a directory.
   *
   * @param name Its name, which the result keeps.
   * @param terminated The same with a NUL. Bytes may follow that.
   * @param fingerprinter Makes the fingerprint of a regular file, if it is wanted, for `fingerprints`.
   */
  readEntry(
    directory: OpenFile,
    name: Uint8Array,
    terminated: CString,
    shown: () => Uint8Array,
    fingerprinter: Fingerprinter,
    fingerprints: Fingerprints | undefined,
  ): EntryDraft {
    const entry = this.#read(directory, name, terminated, 0, shown);
    if (entry.kind === "regular" && fingerprints !== undefined) {
      entry.fingerprint = fingerprinter.of(this.#words, fingerprints);
    }
    return entry;
  }

  #read(
    at: OpenFile,
    name: Uint8Array,
    path: CString,
    flags: number,
    shown: () => Uint8Array,
  ): EntryDraft {
    const allFlags = flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    const result = tryStatInto(at, path, allFlags, MASK, this.#statx);
    if (result < 0) {
      throw new SyscallError(-result, { syscall: "statx", action: "stat", subject: shown() });
    }
    const entry = this.#decode(name, shown);
    if (entry.kind === "symlink") entry.target = this.#readTarget(at, path, shown);
    return entry;
  }

  #decode(name: Uint8Array, shown: () => Uint8Array): EntryDraft {
    const words = this.#words;
    const mode = getField(words, 0, AT.mode);
    const kind = kindOfMode(mode);
    if (kind === undefined) {
      const type = "0o" + (mode & ~MODE_BITS).toString(8);
      throw new RangeError(`Cannot stat ${quote(shown())}: unknown file type ${type}`);
    }
    const size = readU64(words, AT.size.word);
    if (!Number.isSafeInteger(size)) {
      throw new RangeError(
        `Cannot stat ${quote(shown())}: ${size} bytes, expected less than 2^53`,
      );
    }
    return {
      name,
      kind,
      size,
      rdev: kind === "character" || kind === "block" ? this.#rdev() : 0,
      fileId: getField(words, 0, AT.nlink) > 1 && kind !== "directory" ? this.#fileId() : undefined,
      fileSystem: kind === "directory" ? this.#fileSystem() : undefined,
      // These two are here already so that all entries are of one shape.
      target: undefined,
      fingerprint: undefined,
      stat: {
        mode: mode & MODE_BITS,
        uid: getField(words, 0, AT.uid),
        gid: getField(words, 0, AT.gid),
        nlink: 1,
        mtime: readI64(words, AT.mtimeSec.word),
        mtimeNsec: getField(words, 0, AT.mtimeNsec),
        xattrs: NO_XATTRS,
      },
    };
  }

  /** The encoding of `Special.rdev`: a major number of 12 bits amid a minor one of 20. */
  #rdev(): number {
    const major = getField(this.#words, 0, AT.rdevMajor);
    const minor = getField(this.#words, 0, AT.rdevMinor);
    return encodeDevice(major, minor);
  }

  /** The device number, of which the kernel uses 32 bits. */
  #fileSystem(): number {
    const words = this.#words;
    return getField(words, 0, AT.devMajor) * 2 ** 20 + getField(words, 0, AT.devMinor);
  }

  #fileId(): string {
    const words = this.#words;
    const device = `${getField(words, 0, AT.devMajor)}.${getField(words, 0, AT.devMinor)}`;
    return `${device}:${words[AT.ino.word + 1]}.${words[AT.ino.word]}`;
  }

  #readTarget(at: OpenFile, path: CString, shown: () => Uint8Array): Uint8Array {
    const target = this.#target;
    const result = tryReadLink(at, path, target);
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

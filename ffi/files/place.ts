/**
 * Where a path leads: found by opening one name after the other, each from the directory before it.
 *
 * So the owner and the directory of every symbolic link are known before it is followed, and renaming a
 * directory on the way cannot exchange what has been found.
 *
 * @module
 */

import { kindOfMode } from "../../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { Fd } from "./fd.ts";
import type { FileStat } from "../sys/stat.ts";
import type { Linux } from "../sys/linux.ts";
import { cString, joinPath, pathPieces } from "../sys/path.ts";
import { mayFollow } from "./_sticky.ts";
import { tryOpen } from "../sys/file_calls.ts";
import { fileSystemType } from "../sys/metadata_calls.ts";
import { readLink, tryMakeDirectory } from "../sys/name_calls.ts";
import { O_PATH, O_RDONLY, PROC_SUPER_MAGIC } from "../sys/uapi.ts";

/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
const DIRECTORY_MODE = 0o755;
const SLASH = 0x2f;
const DOT = 0x2e;
const HERE = Uint8Array.of(DOT);
const ROOT = Uint8Array.of(SLASH);

/** What {@linkcode Place.find} is to do. */
export interface FindOptions {
  /** What is attempted: the verb phrase after "Cannot" in messages. */
  readonly action: string;
  /** The path to show in messages; the path itself by default. */
  readonly shown?: Uint8Array;
  /** Makes directories that are missing on the way, mode 0755 before the umask. */
  readonly make?: boolean;
}

/** A name in a directory that is open. Dispose of it, or declare it with `using`. */
export class Place implements Disposable {
  readonly #linux: Linux;
  readonly #shown: Uint8Array;
  readonly #options: FindOptions;
  /** If the place must lie below it. */
  readonly #root: Fd | undefined;
  /** The directories that have been entered since; of those, the last, if there is no root. */
  #entered: Fd[] = [];
  /** Names still to be looked up, the next one last. */
  #names: Uint8Array[] = [];
  #links = 0;
  #stat: FileStat | undefined;

  private constructor(linux: Linux, shown: Uint8Array, options: FindOptions, root?: Fd) {
    this.#linux = linux;
    this.#shown = shown;
    this.#options = options;
    this.#root = root;
  }

  /**
   * Finds where a path leads, through symbolic links that the user may follow (see `_sticky.ts`).
   *
   * @param path If it ends in a slash, the place is the directory itself, by the name `.`.
   * @throws {SyscallError} If there is no such directory, or a link must not be followed.
   */
  static find(linux: Linux, path: Uint8Array, options: FindOptions): Place {
    const place = new Place(linux, options.shown ?? path, options);
    if (path.length === 0) throw place.#error(ERRNO.ENOENT);
    return place.#walk(path);
  }

  /**
   * Finds a path below a directory. A link on the way is followed if it stays below; one that is there
   * by the last name is what is found.
   *
   * @throws {SyscallError} If there is no such directory; `EXDEV` if the way leads out.
   */
  static findBelow(root: Fd, path: Uint8Array, options: FindOptions): Place {
    return new Place(root.linux, options.shown ?? path, options, root).#walk(path);
  }

  /** The directory, open for finding what is in it, not for reading. */
  get directory(): Fd {
    return this.#entered.at(-1) ?? this.#root!;
  }

  /** The name in it. */
  get name(): Uint8Array {
    return this.#names[0]!;
  }

  /**
   * What is there by that name, undefined if nothing is: never a symbolic link that was to be followed,
   * unless it is one of `/proc` that stands for an open file.
   */
  get stat(): FileStat | undefined {
    return this.#stat;
  }

  [Symbol.dispose](): void {
    for (const directory of this.#entered) directory.close();
    this.#entered = [];
  }

  #walk(path: Uint8Array): Place {
    try {
      this.#turnTo(path);
      while (!this.#step());
      return this;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Goes on with a path: from the root directory if it says so, else from where this is. */
  #turnTo(path: Uint8Array): void {
    if (path[0] === SLASH && this.#root !== undefined) throw this.#outside();
    if (this.#root === undefined && (path[0] === SLASH || this.#entered.length === 0)) {
      const start = path[0] === SLASH ? ROOT : HERE;
      const flags = O_PATH | this.#linux.flags.O_DIRECTORY;
      this.#enter(Fd.open(this.#linux, start, { flags, shown: this.#shown }));
    }
    this.#names.push(...namesOf(path));
  }

  /** Looks up one name; returns true if it was the last. */
  #step(): boolean {
    const { O_DIRECTORY, O_NOFOLLOW } = this.#linux.flags;
    const name = this.#names.pop()!;
    const isLast = this.#names.length === 0;
    if (!isLast) {
      if (this.#root !== undefined && isParent(name)) return this.#leave();
      const number = this.#open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (number >= 0) return this.#enter(new Fd(this.#linux, number, this.#shown));
      if (number === -ERRNO.ENOENT && this.#options.make) return this.#make(name);
      if (number !== -ERRNO.ENOTDIR && number !== -ERRNO.ELOOP) throw this.#error(-number);
    }
    const number = this.#open(name, O_PATH | O_NOFOLLOW);
    if (number === -ERRNO.ENOENT && isLast) return this.#end(name, undefined);
    if (number < 0) throw this.#error(-number);
    using file = new Fd(this.#linux, number, this.#shown);
    const stat = file.stat();
    const isLink = kindOfMode(stat.mode) === "symlink";
    if (isLast && (!isLink || this.#root !== undefined)) return this.#end(name, stat);
    if (!isLink) throw this.#error(ERRNO.ENOTDIR);
    return this.#follow({ name, file, stat, isLast });
  }

  #open(name: Uint8Array, flags: number): number {
    return tryOpen(this.directory, cString(name), flags);
  }

  #end(name: Uint8Array, stat: FileStat | undefined): true {
    this.#names = [name];
    this.#stat = stat;
    return true;
  }

  #enter(directory: Fd): false {
    // Without a root, the kernel knows the way back.
    if (this.#root === undefined) this.#entered.pop()?.close();
    this.#entered.push(directory);
    return false;
  }

  /** Goes back to the directory through which this one was entered, wherever it has been moved since. */
  #leave(): false {
    const left = this.#entered.pop();
    if (left === undefined) throw this.#outside();
    left.close();
    return false;
  }

  /** Makes a directory, to be entered by the same name. */
  #make(name: Uint8Array): false {
    const made = tryMakeDirectory(this.directory, cString(name), DIRECTORY_MODE);
    if (made < 0 && made !== -ERRNO.EEXIST) throw this.#error(-made);
    this.#names.push(name);
    return false;
  }

  #follow({ name, file, stat, isLast }: FoundLink): boolean {
    if (++this.#links > MAX_LINKS) throw this.#error(ERRNO.ELOOP);
    if (this.#root === undefined && isOfProc(this.directory)) {
      // Such links may stand for open files rather than for paths: what they say leads elsewhere.
      if (isLast) return this.#end(name, stat);
      const number = this.#open(name, O_PATH | this.#linux.flags.O_DIRECTORY);
      if (number < 0) throw this.#error(-number);
      return this.#enter(new Fd(this.#linux, number, this.#shown));
    }
    if (!mayFollow(stat, this.directory.stat(), this.#linux.userId())) {
      throw this.#error(
        ERRNO.EACCES,
        "a symbolic link on the way is another user's, in a directory where anybody may put one",
      );
    }
    this.#turnTo(readLink(file));
    return false;
  }

  #outside(): SyscallError {
    const state = "a symbolic link on the way leads out of the directory that it is to stay in";
    return this.#error(ERRNO.EXDEV, state);
  }

  #error(errno: number, state?: string): SyscallError {
    return new SyscallError(errno, {
      syscall: "openat",
      action: this.#options.action,
      subject: this.#shown,
      ...(state === undefined ? {} : { state }),
    });
  }
}

/**
 * Opens a directory that something is to be made in, through links that the user may follow.
 *
 * @param action The verb phrase after "Cannot" in messages.
 * @throws {SyscallError} If there is none, or a link must not be followed.
 */
export function openDirectory(linux: Linux, path: Uint8Array, action: string): Fd {
  using place = Place.find(linux, joinPath(path, HERE), { action, shown: path });
  const flags = O_RDONLY | linux.flags.O_DIRECTORY;
  return Fd.open(linux, HERE, { flags, at: place.directory, shown: path });
}

/** A symbolic link that has been met. */
interface FoundLink {
  readonly name: Uint8Array;
  /** The link itself. */
  readonly file: Fd;
  readonly stat: FileStat;
  readonly isLast: boolean;
}

/**
 * The names of a path, the first one last. What is certain to be a directory ends in the name `.`, so
 * that the last name is never one that leads back.
 */
function namesOf(path: Uint8Array): Uint8Array[] {
  const names = pathPieces(path, 0);
  if (path.at(-1) === SLASH || isParent(names.at(-1)!)) names.push(HERE);
  return names.reverse();
}

function isParent(name: Uint8Array): boolean {
  return name.length === 2 && name.every((byte) => byte === DOT);
}

function isOfProc(file: Fd): boolean {
  return fileSystemType(file) === PROC_SUPER_MAGIC;
}

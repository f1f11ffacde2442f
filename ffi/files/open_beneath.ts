/**
 * Opening what lies below a directory without leaving it: no symbolic link on the way is followed, so
 * that a tree which changes while it is read cannot lead elsewhere. Paths may be of any length.
 *
 * @module
 */

import { u64 } from "../../lib/bytes/struct.ts";
import { ERRNO, mayBeMissing, SyscallError } from "../sys/errno.ts";
import { tryOpen, tryOpenHow } from "../sys/file_calls.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { NameBuffer } from "./name_buffer.ts";
import { cString, pathPieces } from "../sys/path.ts";
import {
  O_CLOEXEC,
  O_PATH,
  OPEN_HOW,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from "../sys/uapi.ts";

/** How a path is opened. */
export interface OpenBeneathOptions {
  /** Flags of open(2). */
  readonly flags: number;
  /** Makes the path to name in messages. */
  readonly shown: () => Uint8Array;
}

/** Opens files below directories. */
export class BeneathOpener {
  readonly #linux: Linux;
  readonly #how = new Uint8Array(OPEN_HOW.size);
  readonly #howView = new DataView(this.#how.buffer);
  #hasOpenat2 = true;

  constructor(linux: Linux) {
    this.#linux = linux;
    // The flags are those of each file.
    const resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
    OPEN_HOW.write(this.#howView, 0, { flags: 0, mode: 0, resolve });
  }

  /** Whether whole paths can be opened at once, as far as is known: from Linux 5.6 on. */
  get hasOpenat2(): boolean {
    return this.#hasOpenat2;
  }

  /**
   * Opens a path below a directory.
   *
   * @throws {SyscallError} If it cannot be opened; `ELOOP` or `ENOTDIR` for a symbolic link.
   */
  open(directory: Fd, path: Uint8Array, options: OpenBeneathOptions): Fd {
    const pieces = pathPieces(path, this.#hasOpenat2 ? PATH_MAX - 1 : 0);
    let current = directory;
    try {
      for (const [index, piece] of pieces.entries()) {
        const last = index === pieces.length - 1;
        const flags = last ? options.flags : O_PATH | this.#linux.flags.O_DIRECTORY;
        const number = this.#openPiece(current, piece, flags);
        if (this.#hasOpenat2 && mayBeMissing(number)) {
          return this.#openOtherwise(directory, path, options, number);
        }
        if (number < 0) throw openError(number, options);
        if (current !== directory) current.close();
        current = new Fd(this.#linux, number, options.shown);
      }
      const opened = current;
      current = directory;
      return opened;
    } finally {
      if (current !== directory) current.close();
    }
  }

  /** Opens a path name by name. If that works where openat2 was refused, there is no openat2. */
  #openOtherwise(
    directory: Fd,
    path: Uint8Array,
    options: OpenBeneathOptions,
    refused: number,
  ): Fd {
    this.#hasOpenat2 = false;
    try {
      return this.open(directory, path, options);
    } catch (error) {
      this.#hasOpenat2 = refused !== -ERRNO.ENOSYS;
      throw error;
    }
  }

  /** The descriptor, or a negated error number. */
  #openPiece(at: Fd, piece: Uint8Array, flags: number): number {
    const path = cString(piece);
    const allFlags = flags | O_CLOEXEC | this.#linux.flags.O_NOFOLLOW;
    if (!this.#hasOpenat2) return tryOpen(at, path, allFlags);
    u64.write(this.#howView, OPEN_HOW.offsets.flags, allFlags);
    return tryOpenHow(at, path, this.#how);
  }
}

function openError(result: number, { shown }: OpenBeneathOptions): SyscallError {
  return new SyscallError(-result, { syscall: "openat", action: "open", subject: shown() });
}

const SLASH = 0x2f;
const DOT = 0x2e;
const NO_PATH = new Uint8Array();

/**
 * Opens files below one directory, one after the other: the directory of the last one stays open, so
 * that the next, which is often its neighbour, is found by its name alone. Dispose of it, or one file
 * stays open.
 */
export class DirectoryOpener implements Disposable {
  readonly #root: Fd;
  readonly #opener: BeneathOpener;
  readonly #name = new NameBuffer();
  /** Path of the directory that is open. */
  #path: Uint8Array = NO_PATH;
  #directory: Fd | undefined;

  /** Does not close the directory. */
  constructor(root: Fd) {
    this.#root = root;
    this.#opener = new BeneathOpener(root.linux);
  }

  /**
   * Opens a path below the directory.
   *
   * @throws {SyscallError} If it cannot be opened; `ELOOP` or `ENOTDIR` for a symbolic link.
   */
  open(path: Uint8Array, options: OpenBeneathOptions): Fd {
    const slash = path.lastIndexOf(SLASH);
    // A name that begins with a dot may be `..`, which leads out of its directory.
    const isPlain = slash > 0 && slash + 1 < path.length && path[slash + 1] !== DOT;
    const directory = isPlain ? this.#enter(path, slash, options) : undefined;
    if (directory === undefined) return this.#opener.open(this.#root, path, options);
    const { linux } = directory;
    this.#name.set(path, slash + 1);
    const { bytes } = this.#name;
    const number = tryOpen(directory, bytes, options.flags | linux.flags.O_NOFOLLOW);
    if (number >= 0) return new Fd(linux, number, options.shown);
    throw openError(number, options);
  }

  /**
   * Opens a path likewise, but leaves the directory that is open as it is, where that is no detour: for a
   * file whose neighbours are not wanted.
   */
  openAlone(path: Uint8Array, options: OpenBeneathOptions): Fd {
    return this.#opener.hasOpenat2
      ? this.#opener.open(this.#root, path, options)
      : this.open(path, options);
  }

  [Symbol.dispose](): void {
    this.#directory?.close();
    this.#directory = undefined;
  }

  /** The directory in front of the slash; undefined if it cannot be opened. */
  #enter(path: Uint8Array, slash: number, { shown }: OpenBeneathOptions): Fd | undefined {
    if (this.#directory !== undefined && this.#isIn(path, slash)) return this.#directory;
    const parent = path.slice(0, slash);
    const flags = O_PATH | this.#root.linux.flags.O_DIRECTORY;
    let directory: Fd;
    try {
      directory = this.#opener.open(this.#root, parent, { flags, shown });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // The error is to be the one of the whole path: a symbolic link in it is another than no directory.
      return undefined;
    }
    this.#directory?.close();
    this.#directory = directory;
    this.#path = parent;
    return directory;
  }

  /** Tells whether the bytes in front of the slash are the path of the open directory. */
  #isIn(path: Uint8Array, slash: number): boolean {
    if (this.#path.length !== slash) return false;
    for (let i = 0; i < slash; i++) {
      if (path[i] !== this.#path[i]) return false;
    }
    return true;
  }
}

/**
 * Opening what lies below a directory without leaving it: no symbolic link on the way is followed, so
 * that a tree which changes while it is read cannot lead elsewhere. Paths may be of any length.
 *
 * @module
 */

import { equalBytes } from "../lib/bytes/compare.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";
import { cString, pathPieces } from "./path.ts";
import {
  O_CLOEXEC,
  O_PATH,
  OPEN_HOW,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from "./uapi.ts";

/** Opens files below directories. */
export class BeneathOpener {
  readonly #linux: Linux;
  readonly #how = new Uint8Array(OPEN_HOW.size);
  readonly #howView = new DataView(this.#how.buffer);
  #hasOpenat2 = true;

  /** Opens nothing yet. */
  constructor(linux: Linux) {
    this.#linux = linux;
  }

  /**
   * Opens a path below a directory.
   *
   * @param options.flags Flags of open(2).
   * @param options.shown The path to name in messages.
   * @throws {SyscallError} If it cannot be opened; `ELOOP` or `ENOTDIR` for a symbolic link.
   */
  open(
    directory: Fd,
    path: Uint8Array,
    options: { readonly flags: number; readonly shown: Uint8Array },
  ): Fd {
    const pieces = pathPieces(path, this.#hasOpenat2 ? PATH_MAX - 1 : 0);
    let current = directory;
    try {
      for (const [index, piece] of pieces.entries()) {
        const last = index === pieces.length - 1;
        const flags = last ? options.flags : O_PATH | this.#linux.flags.O_DIRECTORY;
        const number = this.#openPiece(current.number, piece, flags);
        if (number === undefined) return this.open(directory, path, options);
        if (number < 0) {
          throw new SyscallError(-number, {
            syscall: "openat",
            action: "open",
            subject: options.shown,
          });
        }
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

  /** The descriptor, a negated error number, or undefined if openat2 turned out to be missing. */
  #openPiece(dirfd: number, piece: Uint8Array, flags: number): number | undefined {
    const linux = this.#linux;
    const path = cString(piece);
    const allFlags = flags | O_CLOEXEC | linux.flags.O_NOFOLLOW;
    if (!this.#hasOpenat2) return linux.retry(() => linux.libc.openat(dirfd, path, allFlags, 0));
    OPEN_HOW.write(this.#howView, 0, {
      flags: allFlags,
      mode: 0,
      resolve: RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
    });
    const { openat2 } = linux.numbers;
    const number = linux.retry(() =>
      linux.libc.openat2(openat2, dirfd, path, this.#how, this.#how.length)
    );
    // Older container runtimes answer EPERM to system calls they do not know.
    if (number !== -ERRNO.ENOSYS && number !== -ERRNO.EPERM) return number;
    this.#hasOpenat2 = false;
    return undefined;
  }
}

const SLASH = 0x2f;
const NO_PATH = new Uint8Array();

/**
 * Opens files below one directory, one after the other: the directory of the last one stays open, so
 * that the next, which is often its neighbour, is found by its name alone. Dispose of it, or one file
 * stays open.
 */
export class DirectoryOpener implements Disposable {
  readonly #root: Fd;
  readonly #opener: BeneathOpener;
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
   * @param options.flags Flags of open(2).
   * @param options.shown The path to name in messages.
   * @throws {SyscallError} If it cannot be opened; `ELOOP` or `ENOTDIR` for a symbolic link.
   */
  open(path: Uint8Array, options: { readonly flags: number; readonly shown: Uint8Array }): Fd {
    const slash = path.lastIndexOf(SLASH);
    if (slash <= 0) return this.#opener.open(this.#root, path, options);
    const { linux } = this.#root;
    const parent = path.subarray(0, slash);
    if (this.#directory === undefined || !equalBytes(parent, this.#path)) {
      const flags = O_PATH | linux.flags.O_DIRECTORY;
      let directory: Fd;
      try {
        directory = this.#opener.open(this.#root, parent, { ...options, flags });
      } catch (error) {
        if (!(error instanceof SyscallError)) throw error;
        // The error is to be the one of the whole path: a symbolic link in it is another than no directory.
        return this.#opener.open(this.#root, path, options);
      }
      this.#directory?.close();
      this.#directory = directory;
      this.#path = parent.slice();
    }
    return this.#opener.open(this.#directory, path.subarray(slash + 1), options);
  }

  [Symbol.dispose](): void {
    this.#directory?.close();
    this.#directory = undefined;
  }
}

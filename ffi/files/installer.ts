/**
 * Installing files and links below a directory, each of them whole or not at all, and removing them.
 *
 * Nothing outside of the directory is touched. Other users may be able to make links below it, so a link
 * that leads out is refused; one that stays below is followed, because systems have such:
 * `/usr/local/sbin` is `bin` on some, `/usr/local/share/man` is `../man`. The caller decides what
 * is installed, and what may be replaced.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { Fd } from "./fd.ts";
import { tryChmod } from "../sys/metadata_calls.ts";
import { isSame, statPath } from "../sys/stat.ts";
import type { Linux } from "../sys/linux.ts";
import { makeDirectories } from "./make_directories.ts";
import { cString, joinPath } from "../sys/path.ts";
import { makeDirectory, makeSymlink, readLink, tryRemove, tryRename } from "../sys/name_calls.ts";
import { openDirectory, Place } from "./place.ts";
import { AT_REMOVEDIR, O_NONBLOCK, O_PATH, O_RDONLY } from "../sys/uapi.ts";
import { randomSeed, temporaryName } from "./temporary.ts";
import { UnnamedFile } from "./unnamed_file.ts";

const DIRECTORY_MODE = 0o755;

/** What stands at a path, without following it if it is a symbolic link. */
export type Found =
  | { readonly kind: "file" | "directory" | "other" }
  | { readonly kind: "link"; readonly target: Uint8Array };

/**
 * Installs below a directory. Paths are relative to it. Every method throws a {@linkcode SyscallError}
 * if the kernel refuses, or if a path leads elsewhere.
 */
export class Installer implements Disposable {
  readonly #linux: Linux;
  readonly #path: Uint8Array;
  #root: Fd | undefined;

  /** Opens the directory, if it is there; a link to it is followed. */
  constructor(linux: Linux, path: Uint8Array) {
    this.#linux = linux;
    this.#path = path;
    this.#root = this.#tryRoot();
  }

  /** Looks at a path; undefined if nothing is there. */
  find(path: Uint8Array): Found | undefined {
    using place = this.#tryPlace(path, "stat");
    if (place?.stat === undefined) return undefined;
    const kind = kindOfMode(place.stat.mode);
    if (kind !== "symlink") {
      return { kind: kind === "regular" ? "file" : kind === "directory" ? kind : "other" };
    }
    using link = this.#open(place, path, O_PATH);
    return { kind: "link", target: readLink(link) };
  }

  /**
   * Opens a regular file for reading.
   *
   * @throws {RangeError} If it is anything else.
   */
  openFile(path: Uint8Array): Fd {
    using place = this.#place(path, "open");
    if (place.stat !== undefined) this.#checkRegular(place.stat, path);
    // It may be another by now, and a fifo must not be waited for.
    const file = this.#open(place, path, O_RDONLY | O_NONBLOCK);
    try {
      this.#checkRegular(file.sizeAndMode(), path);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Makes a directory, mode 0755 whatever the umask, in one that is there: the one to install below is
   * made if need be, with all that leads to it.
   */
  makeDirectory(path: Uint8Array): void {
    const linux = this.#linux;
    if (this.#root === undefined) {
      makeDirectories(linux, this.#path);
      this.#root = this.#tryRoot();
    }
    using place = this.#place(path, "create directory");
    makeDirectory(place.directory, cString(place.name), DIRECTORY_MODE, {
      action: "create directory",
      subject: this.#shown(path),
    });
    using directory = this.#open(place, path, O_RDONLY | linux.flags.O_DIRECTORY);
    const changed = tryChmod(directory, DIRECTORY_MODE);
    checkResult("fchmod", changed, { action: "change the mode of", subject: directory.subject });
  }

  /** Puts a file at a path, in place of a file or link that is there. */
  placeFile(path: Uint8Array, chunks: Iterable<Uint8Array<ArrayBuffer>>, mode: number): void {
    using place = this.#place(path, "write");
    using draft = UnnamedFile.create(place.directory, 0o600, this.#shown(path));
    for (const chunk of chunks) draft.file.write(chunk);
    draft.file.chmod(mode);
    draft.file.sync();
    checkResult("renameat", draft.tryReplace(place.name), {
      action: "write",
      subject: this.#shown(path),
    });
  }

  /** Puts a symbolic link at a path, in place of a file or link that is there. */
  placeLink(path: Uint8Array, target: Uint8Array): void {
    using place = this.#place(path, "create");
    const { directory: at } = place;
    const temporary = cString(temporaryName(randomSeed()));
    const attempt = { action: "create", subject: this.#shown(path) };
    makeSymlink(at, temporary, cString(target), attempt);
    const moved = tryRename({ at, name: temporary }, { at, name: cString(place.name) });
    if (moved < 0) tryRemove(at, temporary);
    checkResult("renameat", moved, attempt);
  }

  /** Puts a symbolic link at a path where nothing is; `EEXIST` if something is. */
  addLink(path: Uint8Array, target: Uint8Array): void {
    using place = this.#place(path, "create");
    const attempt = { action: "create", subject: this.#shown(path) };
    makeSymlink(place.directory, cString(place.name), cString(target), attempt);
  }

  /** Removes a file or link. */
  remove(path: Uint8Array): void {
    this.#checkRemoved(this.#tryRemove(path, 0), path);
  }

  /** Removes a directory if it is there and empty. A link to one stays. */
  removeDirectory(path: Uint8Array): void {
    const result = this.#tryRemove(path, AT_REMOVEDIR);
    const stays: readonly number[] = [ERRNO.ENOTEMPTY, ERRNO.EEXIST, ERRNO.ENOENT, ERRNO.ENOTDIR];
    if (!stays.includes(-result)) this.#checkRemoved(result, path);
  }

  [Symbol.dispose](): void {
    this.#root?.close();
  }

  #tryRemove(path: Uint8Array, flags: number): number {
    using place = this.#tryPlace(path, "remove");
    if (place === undefined) return -ERRNO.ENOENT;
    return tryRemove(place.directory, cString(place.name), flags);
  }

  #checkRemoved(result: number, path: Uint8Array): void {
    checkResult("unlinkat", result, { action: "remove", subject: this.#shown(path) });
  }

  #tryRoot(): Fd | undefined {
    return unlessMissing(() => openDirectory(this.#linux, this.#path, "open"));
  }

  #tryPlace(path: Uint8Array, action: string): Place | undefined {
    return unlessMissing(() => this.#place(path, action));
  }

  #place(path: Uint8Array, action: string): Place {
    const shown = this.#shown(path);
    if (this.#root !== undefined) return Place.findBelow(this.#root, path, { action, shown });
    throw new SyscallError(ERRNO.ENOENT, { syscall: "openat", action, subject: shown });
  }

  /** Opens what has been found, itself and not what it may lead to. */
  #open({ directory, name }: Place, path: Uint8Array, flags: number): Fd {
    const { O_NOFOLLOW } = this.#linux.flags;
    const shown = this.#shown(path);
    return Fd.open(this.#linux, name, { flags: flags | O_NOFOLLOW, at: directory, shown });
  }

  #checkRegular({ mode }: { readonly mode: number }, path: Uint8Array): void {
    const kind = kindOfMode(mode);
    if (kind === "regular") return;
    throw new RangeError(
      `Cannot read ${quote(this.#shown(path))}: ${kind}, expected a regular file`,
    );
  }

  #shown(path: Uint8Array): Uint8Array {
    return joinPath(this.#path, path);
  }
}

/** What is made, or undefined if there is no such directory or file. */
function unlessMissing<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof SyscallError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells whether two paths lead to one file. */
export function isSameFile(linux: Linux, one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [one, other].map((path) =>
    statPath(linux, path, { action: "open", subject: path })
  );
  return a !== undefined && b !== undefined && isSame(a, b);
}

/**
 * Files and links that take their places whole, and leave them again: what installing programs needs.
 *
 * Which ones, and what may be replaced, is the caller's to decide.
 *
 * @module
 */

import { utf8 } from "../lib/bytes/text.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";
import { cString, joinPath, splitPath } from "./path.ts";
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  O_RDONLY,
  PATH_MAX,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
} from "./uapi.ts";
import { UnnamedFile } from "./unnamed_file.ts";

const DIRECTORY_MODE = 0o755;

/** What stands at a path, without following it if it is a symbolic link. */
export type Found =
  | { readonly kind: "file" | "directory" | "other" }
  | { readonly kind: "link"; readonly target: Uint8Array<ArrayBuffer> };

/** Installs on the machine. Every method throws a {@linkcode SyscallError} if the kernel refuses. */
export class Installer {
  readonly #linux: Linux;

  constructor(linux: Linux) {
    this.#linux = linux;
  }

  /** Looks at a path; undefined if nothing is there. */
  find(path: Uint8Array): Found | undefined {
    const linux = this.#linux;
    const terminated = cString(path);
    const buffer = new Uint8Array(STATX_SIZE);
    const result = linux.retry(() =>
      linux.statx(AT_FDCWD, terminated, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer)
    );
    if (result === -ERRNO.ENOENT) return undefined;
    check(result, "statx", "stat", path);
    const kind = kindOfMode(STATX.read(new DataView(buffer.buffer), 0).mode);
    if (kind === "symlink") return { kind: "link", target: this.#target(path, terminated) };
    return { kind: kind === "regular" ? "file" : kind === "directory" ? kind : "other" };
  }

  /** Makes a directory, mode 0755 whatever the umask, in one that is there. */
  makeDirectory(path: Uint8Array): void {
    const linux = this.#linux;
    const terminated = cString(path);
    const made = linux.retry(() => linux.libc.mkdirat(AT_FDCWD, terminated, DIRECTORY_MODE));
    check(made, "mkdirat", "create directory", path);
    using directory = this.#openDirectory(path);
    directory.chmod(DIRECTORY_MODE);
  }

  /** Puts a file at a path, in place of a file or link that is there. */
  placeFile(path: Uint8Array, chunks: Iterable<Uint8Array<ArrayBuffer>>, mode: number): void {
    const { directory: parent, name } = splitPath(path);
    using directory = this.#openDirectory(parent);
    using draft = UnnamedFile.create(directory, 0o600, path);
    for (const chunk of chunks) draft.file.write(chunk);
    draft.file.chmod(mode);
    draft.file.sync();
    check(-draft.replace(name), "renameat", "write", path);
  }

  /** Puts a symbolic link at a path, in place of a file or link that is there. */
  placeLink(path: Uint8Array, target: Uint8Array): void {
    const linux = this.#linux;
    const { directory, name } = splitPath(path);
    const hidden = utf8(`.tmp-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`);
    const from = cString(joinPath(directory, hidden));
    const to = cString(joinPath(directory, name));
    const content = cString(target);
    const made = linux.retry(() => linux.libc.symlinkat(content, AT_FDCWD, from));
    check(made, "symlinkat", "create", path);
    const moved = linux.retry(() => linux.libc.renameat(AT_FDCWD, from, AT_FDCWD, to));
    if (moved < 0) linux.retry(() => linux.libc.unlinkat(AT_FDCWD, from, 0));
    check(moved, "renameat", "create", path);
  }

  /** Removes a file or link. */
  remove(path: Uint8Array): void {
    const linux = this.#linux;
    const terminated = cString(path);
    check(
      linux.retry(() => linux.libc.unlinkat(AT_FDCWD, terminated, 0)),
      "unlinkat",
      "remove",
      path,
    );
  }

  /** Removes a directory if it is there and empty. */
  removeDirectory(path: Uint8Array): void {
    const linux = this.#linux;
    const terminated = cString(path);
    const result = linux.retry(() => linux.libc.unlinkat(AT_FDCWD, terminated, AT_REMOVEDIR));
    const stays: readonly number[] = [ERRNO.ENOTEMPTY, ERRNO.EEXIST, ERRNO.ENOENT];
    if (!stays.includes(-result)) check(result, "unlinkat", "remove", path);
  }

  #openDirectory(path: Uint8Array): Fd {
    const linux = this.#linux;
    return Fd.open(linux, path, { flags: O_RDONLY | linux.flags.O_DIRECTORY });
  }

  #target(path: Uint8Array, terminated: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const linux = this.#linux;
    const buffer = new Uint8Array(PATH_MAX);
    const length = linux.retry(() => linux.libc.readlinkat(AT_FDCWD, terminated, buffer, PATH_MAX));
    check(length, "readlinkat", "read", path);
    return buffer.slice(0, length);
  }
}

function check(result: number, syscall: string, action: string, subject: Uint8Array): void {
  if (result < 0) throw new SyscallError(-result, { syscall, action, subject });
}

/**
 * What a kernel shows of a directory tree.
 *
 * Asks by system calls of its own choice, not through the source tree that images are made of, and
 * where reading an xattr fails the error is what was found.
 *
 * @module
 */

import { errnoName, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { BeneathOpener } from "../../../ffi/files/open_beneath.ts";
import { cString } from "../../../ffi/sys/path.ts";
import {
  AT_SYMLINK_NOFOLLOW,
  DIRENT64,
  O_RDONLY,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
  XATTR_LIST_MAX,
  XATTR_SIZE_MAX,
} from "../../../ffi/sys/uapi.ts";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import {
  contentsFact,
  type Facts,
  type FactTree,
  linkFacts,
  READ_LIMIT,
  statFacts,
  xattrFact,
} from "./facts.ts";

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const REGULAR = 0o100000;
const SYMLINK = 0o120000;

/** Reads a whole tree, following no symbolic link. */
export function mountedTree(linux: Linux, root: string): FactTree {
  return new MountedTree(linux).read(root);
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

const DOT = cString(utf8("."));

/** What a function gives or, if a system call fails, the name of the error. */
function errorOr<Value>(attempt: () => Value): Value | string {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof SyscallError) return error.code;
    throw error;
  }
}

class MountedTree {
  readonly #linux: Linux;
  readonly #opener: BeneathOpener;
  readonly #buffer = new Uint8Array(1 << 16);
  readonly #xattrBuffer = new Uint8Array(XATTR_SIZE_MAX);
  readonly #files: FactTree = new Map();
  readonly #inodes = new Map<string, string>();

  constructor(linux: Linux) {
    this.#linux = linux;
    this.#opener = new BeneathOpener(linux);
  }

  read(path: string): FactTree {
    const flags = O_RDONLY | this.#linux.flags.O_DIRECTORY;
    using root = Fd.open(this.#linux, utf8(path), { flags });
    this.#files.set("/", this.#look(root, ".", "/"));
    const pending = [""];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      using directory = this.#enter(root, at);
      for (const name of directory === undefined ? [] : this.#names(directory)) {
        const path = `${at}/${name}`;
        const facts = this.#look(directory!, name, path);
        this.#files.set(path, facts);
        if ((parseInt(facts.get("mode")!, 8) & TYPE) === DIRECTORY) pending.push(path);
      }
    }
    linkFacts(this.#files, (path) => this.#inodes.get(path));
    return this.#files;
  }

  /** Opens a directory whose entries may be looked at; writes the error down if they may not. */
  #enter(root: Fd, at: string): Fd | undefined {
    const flags = O_RDONLY | this.#linux.flags.O_DIRECTORY;
    const path = bytesOf(at === "" ? "." : at.slice(1));
    const opened = errorOr(() => {
      // Names of 255 bytes soon add up to more than a path may have: always from the root down.
      const directory = this.#opener.open(root, path, { flags, shown: () => path });
      try {
        this.#stat(directory, DOT);
        return directory;
      } catch (error) {
        directory.close();
        throw error;
      }
    });
    if (typeof opened !== "string") return opened;
    this.#files.get(at === "" ? "/" : at)!.set("entries", opened);
    return undefined;
  }

  #names(directory: Fd): string[] {
    const { libc, numbers } = this.#linux;
    const buffer = this.#buffer;
    const view = new DataView(buffer.buffer);
    const names: string[] = [];
    while (true) {
      const length = this.#check(
        "getdents64",
        () => libc.getdents64(numbers.getdents64, directory.number, buffer, buffer.length),
      );
      if (length === 0) return names.filter((name) => name !== "." && name !== "..");
      for (let at = 0; at < length;) {
        const { reclen } = DIRENT64.read(view, at);
        names.push(this.#text(buffer, at + DIRENT64.size));
        at += reclen;
      }
    }
  }

  /** The NUL-terminated text at a place. */
  #text(buffer: Uint8Array, start: number): string {
    return latin1(buffer.subarray(start, buffer.indexOf(0, start)));
  }

  #look(directory: Fd, name: string, path: string): Facts {
    const terminated = cString(bytesOf(name));
    const stat = this.#stat(directory, terminated);
    const { mode, size, nlink, rdevMajor, rdevMinor } = stat;
    const type = mode & TYPE;
    const facts = statFacts({
      ...stat,
      rdev: ((rdevMinor & 0xff) | (rdevMajor << 8) | ((rdevMinor & ~0xff) << 12)) >>> 0,
      seconds: stat.mtimeSec,
      nanoseconds: stat.mtimeNsec,
    });
    if (nlink > 1 && type !== DIRECTORY) {
      this.#inodes.set(path, `${stat.devMajor}:${stat.devMinor}:${stat.ino}`);
    }
    if (type === SYMLINK) facts.set("target", this.#target(directory, terminated));
    if (type === REGULAR && size <= READ_LIMIT) {
      facts.set("contents", errorOr(() => this.#contents(directory, bytesOf(name), size)));
    }
    this.#xattrs(directory, bytesOf(name), facts);
    return facts;
  }

  #stat(directory: Fd, name: Uint8Array<ArrayBuffer>): ReturnType<typeof STATX.read> {
    const { number } = directory;
    const buffer = new Uint8Array(STATX_SIZE);
    this.#check(
      "statx",
      () => this.#linux.statx(number, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer),
    );
    return STATX.read(new DataView(buffer.buffer), 0);
  }

  #target(directory: Fd, name: Uint8Array<ArrayBuffer>): string {
    const { libc } = this.#linux;
    const length = this.#check(
      "readlinkat",
      () => libc.readlinkat(directory.number, name, this.#buffer, this.#buffer.length),
    );
    return latin1(this.#buffer.subarray(0, length));
  }

  #contents(directory: Fd, name: Uint8Array, size: number): string {
    using file = this.#opener.open(directory, name, { flags: O_RDONLY, shown: () => name });
    // One byte more than there should be: a longer file gives another digest.
    const contents = new Uint8Array(size + 1);
    return contentsFact(contents.subarray(0, file.readAt(contents, 0)));
  }

  #xattrs(directory: Fd, name: Uint8Array, facts: Facts): void {
    const { libc } = this.#linux;
    const path = cString(
      Uint8Array.from([...utf8(`/proc/self/fd/${directory.number}/`), ...name]),
    );
    const list = new Uint8Array(XATTR_LIST_MAX);
    const length = this.#check("llistxattr", () => libc.llistxattr(path, list, list.length));
    for (let at = 0; at < length;) {
      const key = this.#text(list, at);
      at += key.length + 1;
      const value = this.#xattrBuffer;
      const result = this.#linux.retry(() =>
        libc.lgetxattr(path, cString(bytesOf(key)), value, value.length)
      );
      facts.set(
        xattrFact(key),
        result < 0 ? errnoName(-result) : "=" + latin1(value.subarray(0, result)),
      );
    }
  }

  #check(syscall: string, call: () => number): number {
    const result = this.#linux.retry(call);
    if (result >= 0) return result;
    throw new SyscallError(-result, { syscall, action: syscall, subject: "a mounted file" });
  }
}

/**
 * The object store on disk: a directory of files named by their fs-verity digests.
 *
 * An object gets its name when its contents are complete, have been digested in the place where they lie,
 * and are on the disk. So a name never stands for other or partial contents, whatever is killed, fills
 * up or crashes, and any number of processes may fill one store.
 *
 * @see composefs `mkcomposefs`, `--digest-store`
 *
 * @module
 */

import { equalBytes } from "../lib/bytes/compare.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { fsVerityDigest, FsVerityHasher } from "../lib/fsverity/digest.ts";
import { objectPath } from "../lib/store/object_path.ts";
import type { ObjectStore } from "../lib/store/object_store.ts";
import type { SourceFile } from "../lib/tree/source.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import { enableVerity, isNoVerity } from "./fsverity.ts";
import type { Linux } from "./linux.ts";
import { makeDirectories } from "./make_directories.ts";
import { cString, joinPath } from "./path.ts";
import {
  AT_SYMLINK_NOFOLLOW,
  FICLONE,
  O_RDONLY,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
} from "./uapi.ts";
import { UnnamedFile } from "./unnamed_file.ts";

/** How a store is opened. */
export interface OpenObjectStoreOptions {
  /** Digests objects that are already there before they are used. Default false. */
  readonly verifyObjects?: boolean;
  /** Creates the directory, and those that lead to it, if it is missing. Default true. */
  readonly create?: boolean;
}

/**
 * Opens a store.
 *
 * @throws {SyscallError} If it cannot be opened or created.
 */
export function openObjectStore(
  linux: Linux,
  root: Uint8Array,
  options: OpenObjectStoreOptions = {},
): DirectoryStore {
  if (options.create ?? true) makeDirectories(linux, root);
  const directory = Fd.open(linux, root, { flags: O_RDONLY | linux.flags.O_DIRECTORY });
  return new DirectoryStore(directory, root, options);
}

/** Bytes moved at a time where the kernel does not copy by itself. */
const CHUNK_SIZE = 1 << 20;
/** What the kernel is asked to copy in one call. */
const MAX_COPY = 2 ** 30;

const OBJECT_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** A directory of objects. Dispose of it, or declare it with `using`. */
export class DirectoryStore implements ObjectStore, Disposable {
  readonly #directory: Fd;
  readonly #root: Uint8Array;
  readonly #verify: boolean;
  /** Two-digit directories that got a new name, to be made to last by `flush`. */
  readonly #changed = new Set<string>();
  #hasVerity = true;
  #canCopyRange = true;

  /** Takes over the open directory. */
  constructor(directory: Fd, root: Uint8Array, options: OpenObjectStoreOptions) {
    this.#directory = directory;
    this.#root = root;
    this.#verify = options.verifyObjects ?? false;
  }

  has(digest: Uint8Array, size: number): boolean {
    const { linux, number } = this.#directory;
    const path = objectPath(digest);
    const buffer = new Uint8Array(STATX_SIZE);
    const name = cString(utf8(path));
    const result = linux.retry(() =>
      linux.statx(number, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer)
    );
    if (result === -ERRNO.ENOENT) return false;
    if (result < 0) throw this.#error(-result, "statx", "look for", path);
    const found = STATX.read(new DataView(buffer.buffer), 0);
    const kind = kindOfMode(found.mode);
    if (kind !== "regular") throw this.#wrong(path, `a ${kind} file, expected a regular one`);
    if (found.size !== size) throw this.#wrong(path, `${found.size} bytes, expected ${size}`);
    if (this.#verify) this.#check(digest, size);
    return true;
  }

  put(digest: Uint8Array, size: number, contents: Uint8Array<ArrayBuffer> | SourceFile): void {
    if (this.has(digest, size)) return;
    const path = objectPath(digest);
    using draft = UnnamedFile.create(this.#directory, 0o600, this.#shown(path));
    const stored = this.#fill(draft.file, size, contents);
    if (draft.file.stat().size !== size || !equalBytes(stored, digest)) {
      throw new RangeError(
        `Cannot store object "${path}": the file it was made of changed while it was read`,
      );
    }
    draft.file.chmod(OBJECT_MODE);
    draft.file.sync();
    this.#enableVerity(draft);
    this.#publish(draft, path, digest, size);
  }

  open(digest: Uint8Array): Fd | undefined {
    const path = objectPath(digest);
    try {
      return Fd.open(this.#directory.linux, utf8(path), {
        flags: O_RDONLY | this.#directory.linux.flags.O_NOFOLLOW,
        at: this.#directory,
        shown: this.#shown(path),
      });
    } catch (error) {
      if (error instanceof SyscallError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Makes the names of all objects put so far survive a crash of the machine.
   *
   * @throws {SyscallError} If the disk does not take them.
   */
  flush(): void {
    const { linux } = this.#directory;
    for (const name of this.#changed) {
      const flags = O_RDONLY | linux.flags.O_DIRECTORY;
      using directory = Fd.open(linux, utf8(name), { flags, at: this.#directory });
      directory.sync();
    }
    if (this.#changed.size > 0) this.#directory.sync();
    this.#changed.clear();
  }

  [Symbol.dispose](): void {
    this.#directory.close();
  }

  /** Fills the draft; returns the digest of what is in it then. */
  #fill(
    draft: Fd,
    size: number,
    contents: Uint8Array<ArrayBuffer> | SourceFile,
  ): Uint8Array<ArrayBuffer> {
    if (contents instanceof Uint8Array) {
      draft.writeAt(contents, 0);
      return fsVerityDigest(contents);
    }
    if (
      contents instanceof Fd && (this.#clone(contents, draft) || this.#copy(contents, draft, size))
    ) {
      return hash(draft, size);
    }
    return hash(contents, size, (chunk, position) => draft.writeAt(chunk, position));
  }

  /** Shares the blocks of the source, where the file system can. */
  #clone(from: Fd, to: Fd): boolean {
    const { linux } = to;
    return linux.retry(() => linux.libc.ioctl_int(to.number, FICLONE, from.number)) === 0;
  }

  /** Has the kernel copy; false if it would not, with nothing lost. */
  #copy(from: Fd, to: Fd, size: number): boolean {
    if (!this.#canCopyRange) return false;
    const { linux } = to;
    const { copy_file_range } = linux.numbers;
    // Offsets of its own, so that a file that was read from before is still copied from its start.
    const fromOffset = new BigInt64Array(1);
    const offset = new Uint8Array(fromOffset.buffer);
    for (let done = 0; done < size;) {
      const length = Math.min(size - done, MAX_COPY);
      const count = linux.retry(() =>
        linux.libc.copy_file_range(copy_file_range, from.number, offset, to.number, null, length, 0)
      );
      if (count === -ERRNO.ENOSPC || count === -ERRNO.EIO || count === -ERRNO.EDQUOT) {
        throw new SyscallError(-count, {
          syscall: "copy_file_range",
          action: "copy to",
          subject: to.subject,
        });
      }
      if (count === -ERRNO.ENOSYS || count === -ERRNO.EXDEV) this.#canCopyRange = false;
      // Some file systems answer 0 for files they can well be read from; a file that has shrunk is
      // noticed by its digest either way.
      if (count <= 0) return false;
      done += count;
    }
    return true;
  }

  #enableVerity(draft: UnnamedFile): void {
    if (!this.#hasVerity) return;
    try {
      draft.reopenForReading();
      enableVerity(draft.file);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // As mkcomposefs: a store without fs-verity is a store. No need to ask for each object, though.
      if (isNoVerity(error.errno)) this.#hasVerity = false;
    }
  }

  #publish(draft: UnnamedFile, path: string, digest: Uint8Array, size: number): void {
    const target = utf8(path);
    let errno = draft.publish(target);
    if (errno === ERRNO.ENOENT) {
      this.#makeDirectory(path.slice(0, 2));
      errno = draft.publish(target);
    }
    if (errno === ERRNO.EEXIST && this.has(digest, size)) return;
    if (errno !== 0) throw this.#error(errno, "linkat", "name object", path);
    this.#changed.add(path.slice(0, 2));
  }

  #makeDirectory(name: string): void {
    const { linux, number } = this.#directory;
    const path = cString(utf8(name));
    const result = linux.retry(() => linux.libc.mkdirat(number, path, DIRECTORY_MODE));
    if (result < 0 && result !== -ERRNO.EEXIST) {
      throw this.#error(-result, "mkdirat", "create directory", name);
    }
  }

  #check(digest: Uint8Array, size: number): void {
    using object = this.open(digest);
    if (object === undefined || object.size !== size || !equalBytes(hash(object, size), digest)) {
      throw this.#wrong(objectPath(digest), "other contents than its name says");
    }
  }

  #wrong(path: string, state: string): RangeError {
    const shown = new TextDecoder().decode(this.#shown(path));
    return new RangeError(`Cannot use object "${shown}": ${state}`);
  }

  #error(errno: number, syscall: string, action: string, path: string): SyscallError {
    return new SyscallError(errno, { syscall, action, subject: this.#shown(path) });
  }

  #shown(path: string): Uint8Array {
    return joinPath(this.#root, utf8(path));
  }
}

/**
 * Digests the first `size` bytes of a file, showing each chunk to `take` on the way. No more, because a
 * file may grow for as long as it is read.
 */
function hash(
  file: SourceFile,
  size: number,
  take?: (chunk: Uint8Array<ArrayBuffer>, position: number) => void,
): Uint8Array<ArrayBuffer> {
  const hasher = new FsVerityHasher();
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  let position = 0;
  while (position < size) {
    const room = Math.min(buffer.length, size - position);
    const into = room === buffer.length ? buffer : buffer.subarray(0, room);
    const count = file.readAt(into, position);
    if (count === 0) break;
    const chunk = count === into.length ? into : into.subarray(0, count);
    hasher.update(chunk);
    take?.(chunk, position);
    position += count;
  }
  return hasher.digest();
}

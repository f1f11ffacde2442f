/**
 * The directory of an object store: what is in it, and files on their way into it.
 *
 * Makes objects complete up to their names: contents, mode, fs-verity. Each thread that fills a store has
 * one of these over the same open directory; giving names is left to one of them, in `object_store.ts`.
 *
 * @module
 */

import { equalBytes } from "../lib/bytes/compare.ts";
import { u64 } from "../lib/bytes/struct.ts";
import { utf8 } from "../lib/bytes/text.ts";
import type { DraftHandle } from "../lib/jobs/file_job.ts";
import { objectPath, writeObjectPath } from "../lib/store/object_path.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import { enableVerity, isNoVerity, measureVerity } from "./fsverity.ts";
import { hashFile } from "./hash_file.ts";
import { verityRefusal } from "./kernel.ts";
import { joinPath } from "./path.ts";
import {
  AT_SYMLINK_NOFOLLOW,
  FICLONE,
  O_RDONLY,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
} from "./uapi.ts";
import { UnnamedFile } from "./unnamed_file.ts";

const OBJECT_MODE = 0o644;
/** Objects are named by SHA-256. */
const OBJECT_PATH_SIZE = 65;
const AT = STATX.offsets;

/** Looks into an open directory of objects, and makes drafts of new ones. Does not close it. */
export class ObjectDirectory {
  /** The directory itself. */
  readonly directory: Fd;
  /** Its path, for messages. */
  readonly root: Uint8Array;
  readonly #verify: boolean;
  /** Path of the object that is looked for, terminated by the NUL that is never written over. */
  readonly #name = new Uint8Array(OBJECT_PATH_SIZE + 1);
  readonly #statx = new Uint8Array(STATX_SIZE);
  readonly #view = new DataView(this.#statx.buffer);
  #hasVerity: boolean;
  #canClone = true;

  /** @param verify Digests an object before it is said to be there. */
  constructor(directory: Fd, root: Uint8Array, verify: boolean) {
    this.directory = directory;
    this.root = root;
    this.#verify = verify;
    this.#hasVerity = verityRefusal(directory) === undefined;
  }

  /**
   * Tells whether an object is there.
   *
   * @throws {RangeError} If what stands under its name is not a regular file of its size or, where asked to
   * verify, not of its digest.
   */
  has(digest: Uint8Array, size: number): boolean {
    const { linux, number } = this.directory;
    const name = this.#name;
    writeObjectPath(name, digest);
    const result = linux.retry(() =>
      linux.statx(number, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, this.#statx)
    );
    if (result === -ERRNO.ENOENT) return false;
    if (result < 0) throw this.error(-result, "statx", "look for", objectPath(digest));
    const kind = kindOfMode(this.#view.getUint16(AT.mode, true));
    const found = u64.read(this.#view, AT.size);
    if (kind === "regular" && found === size) {
      if (this.#verify) this.#check(digest, size);
      return true;
    }
    const state = kind === "regular"
      ? `${found} bytes, expected ${size}`
      : `a ${kind} file, expected a regular one`;
    throw this.#wrong(objectPath(digest), state);
  }

  /** Opens an object; undefined if it is not there. */
  open(digest: Uint8Array): Fd | undefined {
    const { linux } = this.directory;
    const path = objectPath(digest);
    try {
      return Fd.open(linux, utf8(path), {
        flags: O_RDONLY | linux.flags.O_NOFOLLOW,
        at: this.directory,
        shown: this.shown(path),
      });
    } catch (error) {
      if (error instanceof SyscallError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /**
   * Begins an object that is not there yet.
   *
   * @param path Its path in the store, for messages.
   * @throws {SyscallError} If no file can be created.
   */
  createDraft(path: string = "new object"): UnnamedFile {
    return UnnamedFile.create(this.directory, 0o600, this.shown(path));
  }

  /**
   * Begins an object with the contents of a file, sharing its blocks.
   *
   * @returns Undefined where the file system shares no blocks.
   */
  cloneDraft(from: Fd): UnnamedFile | undefined {
    if (!this.#canClone) return undefined;
    const draft = this.createDraft();
    const { linux, number } = draft.file;
    const result = linux.retry(() => linux.libc.ioctl_int(number, FICLONE, from.number));
    if (result === 0) return draft;
    draft[Symbol.dispose]();
    // Of one file it may be a single reason of its own; most others are of the file system.
    if (result !== -ERRNO.EINVAL) this.#canClone = false;
    return undefined;
  }

  /** Takes over a draft that another thread has made and handed out. */
  adoptDraft(handle: DraftHandle): UnnamedFile {
    return UnnamedFile.adopt(this.directory, handle, this.shown("new object"));
  }

  /** What another thread needs to fill the same store. */
  get shared(): { readonly number: number; readonly path: Uint8Array; verifyObjects: boolean } {
    return { number: this.directory.number, path: this.root, verifyObjects: this.#verify };
  }

  /** Gives a draft that has its contents an object's mode and, where there is any, fs-verity. */
  completeDraft(draft: UnnamedFile): void {
    draft.file.chmod(OBJECT_MODE);
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

  /** The error of a call about a path in the directory. */
  error(errno: number, syscall: string, action: string, path: string): SyscallError {
    return new SyscallError(errno, { syscall, action, subject: this.shown(path) });
  }

  /** A path in the directory as messages show it. */
  shown(path: string): Uint8Array<ArrayBuffer> {
    return joinPath(this.root, utf8(path));
  }

  #check(digest: Uint8Array, size: number): void {
    using object = this.open(digest);
    if (object?.size === size && isObject(object, digest, size)) return;
    throw this.#wrong(objectPath(digest), "other contents than its name says");
  }

  #wrong(path: string, state: string): RangeError {
    return new RangeError(
      `Cannot use object "${new TextDecoder().decode(this.shown(path))}": ${state}`,
    );
  }
}

/** Tells whether a file has a digest: the kernel knows where it has fs-verity, else it is read. */
function isObject(file: Fd, digest: Uint8Array, size: number): boolean {
  const measured = measureVerity(file);
  // One with other parameters is another digest of the same contents.
  return measured !== undefined && equalBytes(measured.digest, digest) ||
    equalBytes(hashFile(file, size), digest);
}

/**
 * The directory of an object store: what is in it, and files on their way into it.
 *
 * Makes objects complete up to their names: contents, mode, fs-verity. Each thread that fills a store has
 * one of these over the same open directory; giving names is left to one of them, in `object_store.ts`.
 *
 * @module
 */

import { UnusableStoreError } from "./unusable_store_error.ts";
import { quote, utf8 } from "../../lib/bytes/text.ts";
import { Digest } from "../../lib/digest/digest.ts";
import { HASH_ALGORITHMS, type HashAlgorithm } from "../../lib/digest/hasher.ts";
import {
  objectPath,
  objectPathSize,
  shardOf,
  writeObjectPath,
} from "../../lib/digest/object_path.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { ERRNO, isForbidden, SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import { tryIoctlNumber, tryOpen } from "../sys/file_calls.ts";
import { tryMakeDirectory } from "../sys/name_calls.ts";
import { type FileStat, StatBuffer } from "../sys/stat.ts";
import {
  enableVerity,
  isNoVerity,
  measureVerity,
  type Sealing,
  verityRefusal,
} from "../files/fsverity.ts";
import { hashFile } from "../../lib/digest/hash_file.ts";
import { type CString, cString, joinPath } from "../sys/path.ts";
import { FICLONE, O_RDONLY } from "../sys/uapi.ts";
import { type DraftHandle, UnnamedFile } from "../files/unnamed_file.ts";

/** What is asked of the objects of a store. */
export interface ObjectOptions {
  /** Digests an object that is there before it is taken for the one of its name. Default false. */
  readonly verifyObjects?: boolean;
  /** Turns fs-verity on for objects that are there, too. Without it, just for new ones that can have it. */
  readonly seal?: Sealing | undefined;
}

const OBJECT_MODE = 0o644;
const PERMISSIONS = 0o7777;
const DIRECTORY_MODE = 0o755;

/** Looks into an open directory of objects, and makes drafts of new ones. Does not close it. */
export class ObjectDirectory {
  /** The directory itself. */
  readonly directory: Fd;
  /** Its path, for messages. */
  readonly root: Uint8Array;
  readonly #options: ObjectOptions;
  /** Paths of objects that are looked for, by algorithm; the NUL behind each is never written over. */
  readonly #names = {
    sha256: nameBuffer("sha256"),
    sha512: nameBuffer("sha512"),
  };
  readonly #stat = new StatBuffer();
  /** By the first byte of their digests, the directories of objects that have been found in order. */
  readonly #sound = new Uint8Array(256);
  readonly #trusted: readonly number[];
  #hasVerity: boolean;
  #canClone = true;
  /** Whether drafts get the mode of objects when they are made, as the first one tells: a umask may take some of it. */
  #haveMode: boolean | undefined;

  /** Looks at nothing but the directory itself yet. */
  constructor(directory: Fd, root: Uint8Array, options: ObjectOptions = {}) {
    this.directory = directory;
    this.root = root;
    this.#options = options;
    this.#trusted = [0, directory.linux.userId(), directory.stat().uid];
    this.#hasVerity = options.seal === "require" || verityRefusal(directory) === undefined;
  }

  /**
   * Tells whether an object is there.
   *
   * @returns False also if something else stands under its name: another kind of file, one of another size
   * or, where that is looked at, of another digest.
   * @throws {UnusableStoreError} If the directory it would be in is a link, or a stranger's.
   * @throws {SyscallError} If it must have fs-verity and cannot.
   */
  has(digest: Digest, size: number): boolean {
    return this.#find(digest, size) === true;
  }

  /** What stands under the name of an object in its place, in words for a message. */
  wrongState(digest: Digest, size: number): string | undefined {
    const found = this.#find(digest, size);
    return typeof found === "string" ? found : undefined;
  }

  /** True or false if it is there or not, or what is there instead. */
  #find(digest: Digest, size: number): boolean | string {
    if (!this.#hasShard(digest)) return false;
    const name = this.#names[digest.algorithm];
    writeObjectPath(name, digest.bytes);
    const result = this.#stat.tryName(this.directory, name);
    if (result === -ERRNO.ENOENT) return false;
    if (result < 0) throw this.error(-result, "statx", "look for", objectPath(digest));
    const kind = kindOfMode(this.#stat.mode);
    if (kind !== "regular") return `a ${kind} file`;
    const found = this.#stat.size;
    if (found !== size) return `${found} bytes where ${size} were expected`;
    const { verifyObjects, seal } = this.#options;
    if (verifyObjects !== true && seal === undefined) return true;
    return this.#isSound(digest, size) ? true : "other contents than its name says";
  }

  /**
   * Makes sure that the directory of an object is one, and no stranger's: by a link there, objects would
   * come from and go to another place.
   *
   * @returns Whether it is there.
   */
  #hasShard(digest: Digest): boolean {
    const byte = digest.bytes[0]!;
    if (this.#sound[byte] === 1) return true;
    const shard = shardOf(digest);
    const result = this.#stat.tryName(this.directory, cString(utf8(shard)));
    if (result === -ERRNO.ENOENT) return false;
    if (result < 0) throw this.error(-result, "statx", "look into", shard);
    this.#checkShard(shard, this.#stat);
    this.#sound[byte] = 1;
    return true;
  }

  /**
   * Opens a directory of objects: itself, and no other place by a link.
   *
   * @returns Undefined if it is missing.
   * @throws {UnusableStoreError} If it is a link, or a stranger's.
   */
  openShard(name: string, flags: number = O_RDONLY): Fd | undefined {
    const { linux } = this.directory;
    const { O_DIRECTORY, O_NOFOLLOW } = linux.flags;
    const path = cString(utf8(name));
    const number = tryOpen(this.directory, path, flags | O_DIRECTORY | O_NOFOLLOW);
    if (number === -ERRNO.ENOENT) return undefined;
    if (number < 0) throw this.error(-number, "openat", "open directory", name);
    const shard = new Fd(linux, number, this.shown(name));
    try {
      this.#checkShard(name, shard.stat());
      return shard;
    } catch (error) {
      shard.close();
      throw error;
    }
  }

  /**
   * As {@linkcode openShard}, of a directory that is made if it is missing.
   *
   * @throws {SyscallError} If it cannot be made.
   */
  makeShard(name: string, flags: number): Fd {
    const found = this.openShard(name, flags);
    if (found !== undefined) return found;
    const made = tryMakeDirectory(this.directory, cString(utf8(name)), DIRECTORY_MODE);
    if (made < 0 && made !== -ERRNO.EEXIST) {
      throw this.error(-made, "mkdirat", "create directory", name);
    }
    const shard = this.openShard(name, flags);
    if (shard !== undefined) return shard;
    throw this.error(ERRNO.ENOENT, "openat", "open directory", name);
  }

  /** @throws {UnusableStoreError} If what has been found in the store is no directory for objects. */
  #checkShard(name: string, { mode, uid }: Pick<FileStat, "mode" | "uid">): void {
    const kind = kindOfMode(mode);
    if (kind !== "directory") {
      throw this.#unusable(name, `a ${kind ?? "strange"} file, expected a directory`);
    }
    if (this.#trusted.includes(uid)) return;
    throw this.#unusable(
      name,
      `it belongs to user ${uid}, expected one of ${[...new Set(this.#trusted)].join(", ")}`,
    );
  }

  /** Opens an object; undefined if it is not there. */
  open(digest: Digest): Fd | undefined {
    if (!this.#hasShard(digest)) return undefined;
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
    return UnnamedFile.create(this.directory, OBJECT_MODE, this.shown(path));
  }

  /** Begins an object; undefined in a store that cannot be written. */
  tryDraft(): UnnamedFile | undefined {
    try {
      return this.createDraft();
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }

  /**
   * Begins an object with the contents of a file, sharing its blocks.
   *
   * @returns Undefined where the file system shares no blocks, or nothing can be made: nothing may need to.
   */
  cloneDraft(from: Fd): UnnamedFile | undefined {
    if (!this.#canClone) return undefined;
    const draft = this.tryDraft();
    if (draft === undefined) {
      this.#canClone = false;
      return undefined;
    }
    const result = tryIoctlNumber(draft.file, FICLONE, from.number);
    if (result === 0) return draft;
    draft[Symbol.dispose]();
    // Of one file it may be a single reason of its own; most others are of the file system.
    if (result !== -ERRNO.EINVAL) this.#canClone = false;
    return undefined;
  }

  /** Takes over a draft that another thread has made and handed out. */
  draftOf(handle: DraftHandle): UnnamedFile {
    return UnnamedFile.fromHandle(this.directory, handle, this.shown("new object"));
  }

  /** What another thread needs to fill the same store. */
  get shared(): { readonly number: number; readonly path: Uint8Array } & ObjectOptions {
    return { number: this.directory.number, path: this.root, ...this.#options };
  }

  /** Gives a draft that has its contents the mode of objects and, where there is any, fs-verity. */
  completeDraft(draft: UnnamedFile, algorithm: HashAlgorithm): void {
    this.#haveMode ??= (draft.file.stat().mode & PERMISSIONS) === OBJECT_MODE;
    if (!this.#haveMode) draft.file.chmod(OBJECT_MODE);
    if (!this.#hasVerity) return;
    try {
      draft.reopenForReading();
      enableVerity(draft.file, { algorithm });
    } catch (error) {
      if (!(error instanceof SyscallError) || this.#options.seal === "require") throw error;
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

  /** Looks at an object that is there for what is asked of its contents and its fs-verity. */
  #isSound(digest: Digest, size: number): boolean {
    using object = this.open(digest);
    if (object?.size !== size) return false;
    const { seal } = this.#options;
    const measured = measureVerity(object);
    if (measured instanceof Digest && measured.equals(digest)) return true;
    // fs-verity by other parameters is another digest of the same contents, which no mount would take.
    if (measured !== undefined && seal !== undefined) return false;
    const { algorithm } = digest;
    const matches = hashFile(object, { limit: size, algorithm }).digest().equals(digest);
    if (seal === undefined || !matches) return matches;
    try {
      enableVerity(object, { algorithm });
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      // Another process may have come first.
      if (seal === "require" && error.errno !== ERRNO.EEXIST) throw error;
    }
    return true;
  }

  #unusable(path: string, state: string): UnusableStoreError {
    return new UnusableStoreError(
      `Cannot use ${quote(this.shown(path))} in an object store: ${state}`,
    );
  }
}

/** Room for the path of an object and the NUL behind it. */
function nameBuffer(algorithm: HashAlgorithm): CString {
  return new Uint8Array(objectPathSize(HASH_ALGORITHMS[algorithm].digestSize) + 1) as CString;
}

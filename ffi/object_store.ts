/**
 * The object store on disk: a directory of files named by their fs-verity digests.
 *
 * An object gets its name when its contents are complete, have been digested on their way there, and are
 * on the disk. So a name never stands for other or partial contents, whatever is killed, fills up or
 * crashes, and any number of processes may fill one store.
 *
 * Waiting for the disk takes as long for one object as for a thousand, so objects wait for their names
 * together, without any or under temporary ones.
 *
 * @see composefs `mkcomposefs`, `--digest-store`
 *
 * @module
 */

import { equalBytes } from "../lib/bytes/compare.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { fsVerityDigest } from "../lib/fsverity/digest.ts";
import { objectPath } from "../lib/store/object_path.ts";
import type { ObjectStore } from "../lib/store/object_store.ts";
import type { SourceFile } from "../lib/tree/source.ts";
import { ERRNO } from "./errno.ts";
import { Fd } from "./fd.ts";
import { hashFile } from "./hash_file.ts";
import { filesForDrafts } from "./limits.ts";
import type { Linux } from "./linux.ts";
import { makeDirectories } from "./make_directories.ts";
import { openDirectory } from "./place.ts";
import { ObjectDirectory } from "./object_directory.ts";
import { cString } from "./path.ts";
import { isLocal, syncFileSystem } from "./sync.ts";
import { O_RDONLY } from "./uapi.ts";
import { removeLeftovers } from "./temporary.ts";
import type { UnnamedFile } from "./unnamed_file.ts";
import { resize, writeNonZero } from "./write_contents.ts";

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
  const directory = openDirectory(linux, root, "open");
  removeLeftovers(directory);
  return new DirectoryStore(new ObjectDirectory(directory, root, options.verifyObjects ?? false));
}

/** Bytes that wait for the disk at most. */
const MAX_WAITING_BYTES = 2 ** 28;
/** Objects that wait at most, if the process may have that many open files. */
const MAX_WAITING = 4096;

const DIRECTORY_MODE = 0o755;

/** An object that waits for its name. */
interface Waiting {
  readonly draft: UnnamedFile;
  readonly digest: Uint8Array;
  readonly size: number;
}

/**
 * A directory of objects. Objects that were put have their names after `flush`, and possibly before.
 * Dispose of it, or declare it with `using`: what has not been flushed by then may be gone.
 */
export class DirectoryStore implements ObjectStore, Disposable {
  /** The directory, for others that make drafts for this store. */
  readonly objects: ObjectDirectory;
  /** Drafts that wait for their names at most. Half as many may be on their way here. */
  readonly maxWaiting: number;
  readonly #isLocal: boolean;
  readonly #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  /** Two-digit directories that got a new name, to be made to last by `flush`. */
  readonly #changed = new Set<string>();

  /** Takes over the open directory. */
  constructor(objects: ObjectDirectory) {
    this.objects = objects;
    this.#isLocal = isLocal(objects.directory);
    this.maxWaiting = Math.min(MAX_WAITING, filesForDrafts(objects.directory.linux));
  }

  has(digest: Uint8Array, size: number): boolean {
    const waiting = this.#waiting.size === 0 ? undefined : this.#waiting.get(objectPath(digest));
    return waiting?.size === size || this.objects.has(digest, size);
  }

  put(digest: Uint8Array, size: number, contents: Uint8Array<ArrayBuffer> | SourceFile): void {
    if (this.has(digest, size)) return;
    const path = objectPath(digest);
    const draft = this.objects.createDraft(path);
    try {
      if (!equalBytes(fill(draft.file, size, contents), digest)) {
        throw new RangeError(
          `Cannot store object "${path}": the file it was made of changed while it was read`,
        );
      }
      this.objects.completeDraft(draft);
    } catch (error) {
      draft[Symbol.dispose]();
      throw error;
    }
    this.adopt(draft, digest, size);
  }

  open(digest: Uint8Array): Fd | undefined {
    if (this.#waiting.has(objectPath(digest))) this.#publishAll();
    return this.objects.open(digest);
  }

  /** Takes over the complete draft of an object, which gets its name in time. */
  adopt(draft: UnnamedFile, digest: Uint8Array, size: number): void {
    const path = objectPath(digest);
    if (this.#waiting.has(path)) {
      draft[Symbol.dispose]();
      return;
    }
    this.#waiting.set(path, { draft, digest, size });
    this.#waitingBytes += size;
    if (this.#waiting.size >= this.maxWaiting || this.#waitingBytes >= MAX_WAITING_BYTES) {
      this.#publishAll();
    }
  }

  /**
   * Gives all objects put so far their names, and makes these survive a crash of the machine.
   *
   * @throws {SyscallError} If the disk does not take them.
   */
  flush(): void {
    this.#publishAll();
    if (this.#changed.size === 0) return;
    const { directory } = this.objects;
    if (this.#isLocal) {
      syncFileSystem(directory);
    } else {
      const flags = O_RDONLY | directory.linux.flags.O_DIRECTORY;
      for (const name of this.#changed) {
        using child = Fd.open(directory.linux, utf8(name), { flags, at: directory });
        child.sync();
      }
      directory.sync();
    }
    this.#changed.clear();
  }

  [Symbol.dispose](): void {
    for (const { draft } of this.#waiting.values()) draft[Symbol.dispose]();
    this.#waiting.clear();
    this.objects.directory.close();
  }

  #publishAll(): void {
    if (this.#waiting.size === 0) return;
    if (this.#isLocal) syncFileSystem(this.objects.directory);
    else for (const { draft } of this.#waiting.values()) draft.file.sync();
    for (const [path, { draft, digest, size }] of this.#waiting) {
      this.#publish(draft, path, digest, size);
      this.#waiting.delete(path);
      draft[Symbol.dispose]();
    }
    this.#waitingBytes = 0;
  }

  #publish(draft: UnnamedFile, path: string, digest: Uint8Array, size: number): void {
    const target = utf8(path);
    let errno = draft.publish(target);
    if (errno === ERRNO.ENOENT) {
      this.#makeDirectory(path.slice(0, 2));
      errno = draft.publish(target);
    }
    if (errno === ERRNO.EEXIST && this.objects.has(digest, size)) return;
    if (errno !== 0) throw this.objects.error(errno, "linkat", "name object", path);
    this.#changed.add(path.slice(0, 2));
  }

  #makeDirectory(name: string): void {
    const { linux, number } = this.objects.directory;
    const path = cString(utf8(name));
    const result = linux.retry(() => linux.libc.mkdirat(number, path, DIRECTORY_MODE));
    if (result < 0 && result !== -ERRNO.EEXIST) {
      throw this.objects.error(-result, "mkdirat", "create directory", name);
    }
  }
}

/** Fills an empty file; returns the digest of what is in it then. */
function fill(
  file: Fd,
  size: number,
  contents: Uint8Array<ArrayBuffer> | SourceFile,
): Uint8Array<ArrayBuffer> {
  resize(file, size);
  if (!(contents instanceof Uint8Array)) {
    return hashFile(contents, size, (chunk, position) => writeNonZero(file, chunk, position));
  }
  writeNonZero(file, contents, 0);
  return fsVerityDigest(contents);
}

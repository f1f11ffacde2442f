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

import { UnusableStoreError } from "./unusable_store_error.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import type { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { objectPath, shardOf } from "../../lib/digest/object_path.ts";
import { HashedDraft } from "../../lib/objects/hashed_draft.ts";
import type { ObjectDraft, ObjectStore, StoredObject } from "../../lib/objects/object_store.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import { measureVerity } from "../files/fsverity.ts";
import { filesForDrafts } from "../process/limits.ts";
import type { Linux } from "../sys/linux.ts";
import { makeDirectories } from "../files/make_directories.ts";
import { openDirectory } from "../files/place.ts";
import type { DraftNamer, WaitingObject } from "./draft_namer.ts";
import { ObjectDirectory, type ObjectOptions } from "./object_directory.ts";
import { cString } from "../sys/path.ts";
import { isLocal } from "../files/file_system.ts";
import { sync, syncFileSystem } from "../sys/file_calls.ts";
import { tryRemove } from "../sys/name_calls.ts";
import { O_PATH, O_RDONLY } from "../sys/uapi.ts";
import { removeLeftovers } from "../files/temporary.ts";
import type { UnnamedFile } from "../files/unnamed_file.ts";
import { listObjects } from "./_list_objects.ts";
import { ShardCursor } from "./shard_cursor.ts";
import { StoreTarget } from "./_store_target.ts";

/** How a store is opened. */
export interface OpenObjectStoreOptions extends ObjectOptions {
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
  const { create = true, ...objects } = options;
  if (create) makeDirectories(linux, root);
  const directory = openDirectory(linux, root, "open");
  removeLeftovers(directory);
  return new DirectoryStore(new ObjectDirectory(directory, root, objects));
}

/** Bytes that wait for the disk at most. */
const MAX_WAITING_BYTES = 2 ** 28;
/** Objects that wait at most, if the process may have that many open files. */
const MAX_WAITING = 4096;

/** Where others give names: objects and bytes that they are handed at a time. */
const BATCH = 1024;
const BATCH_BYTES = 2 ** 26;

/** An object that has been put in place of something else. */
export interface Repair {
  /** Its path, that of the store included. */
  readonly path: Uint8Array;
  /** What stood under its name. */
  readonly found: string;
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
  readonly #isLasting: boolean;
  readonly #isLocal: boolean;
  /** By their paths. */
  readonly #waiting = new Map<string, WaitingObject>();
  #waitingBytes = 0;
  #namer: DraftNamer | undefined;
  /** Those that the namer is at. */
  readonly #handed = new Map<string, WaitingObject>();
  #handedBytes = 0;
  /** Two-digit directories that got a new name, to be made to last by `flush`. */
  readonly #changed = new Set<string>();
  readonly #repairs: Repair[] = [];
  #hasVerity: boolean | undefined;
  #addedObjects = 0;
  #addedBytes = 0;

  /**
   * Takes over the open directory.
   *
   * @param isLasting Whether its objects are to be there after a crash of the machine.
   */
  constructor(objects: ObjectDirectory, isLasting = true) {
    this.objects = objects;
    this.#isLasting = isLasting;
    this.#isLocal = isLocal(objects.directory);
    this.maxWaiting = Math.min(MAX_WAITING, filesForDrafts(objects.directory.linux));
  }

  /** What stood under the name of an object and was none, and has been replaced by it so far. */
  get repairs(): readonly Repair[] {
    return this.#repairs;
  }

  /** Whether new objects got fs-verity, as the first of them tells; undefined if there was none so far. */
  get hasVerity(): boolean | undefined {
    return this.#hasVerity;
  }

  /** What has got a name in the store so far that was not there. */
  get added(): { readonly objects: number; readonly bytes: number } {
    return { objects: this.#addedObjects, bytes: this.#addedBytes };
  }

  has(digest: Digest, size: number): boolean {
    return this.#findWaiting(digest)?.size === size || this.objects.has(digest, size);
  }

  open(digest: Digest): Fd | undefined {
    if (this.#findWaiting(digest) !== undefined) this.#publishAll();
    return this.objects.open(digest);
  }

  draft(algorithm: HashAlgorithm = "sha256"): ObjectDraft {
    return new HashedDraft(new StoreTarget(this), algorithm);
  }

  *list(): Generator<StoredObject> {
    this.#publishAll();
    yield* listObjects(this.objects);
  }

  remove(digest: Digest): boolean {
    this.#publishAll();
    const name = shardOf(digest);
    using shard = this.objects.openShard(name, O_PATH);
    if (shard === undefined) return false;
    const path = objectPath(digest);
    const result = tryRemove(shard, cString(utf8(path.slice(name.length + 1))));
    if (result === -ERRNO.ENOENT) return false;
    if (result < 0) throw this.objects.error(-result, "unlinkat", "remove object", path);
    this.#changed.add(name);
    return true;
  }

  /**
   * Has drafts named by somebody else from now on; by nobody else if absent, when what the last one was at is done
   * again here.
   */
  nameBy(namer: DraftNamer | undefined): void {
    this.#namer = namer;
    for (const [path, object] of this.#handed) this.#waiting.set(path, object);
    this.#waitingBytes += this.#handedBytes;
    this.#handed.clear();
    this.#handedBytes = 0;
  }

  /** Takes over the complete draft of an object, which gets its name in time. */
  addDraft(draft: UnnamedFile, digest: Digest, size: number): void {
    const path = objectPath(digest);
    if (this.#waiting.has(path) || this.#handed.has(path)) {
      draft[Symbol.dispose]();
      return;
    }
    this.#waiting.set(path, { draft, digest, size });
    this.#waitingBytes += size;
    const namer = this.#canHandOver(draft) ? this.#namer : undefined;
    const most = namer === undefined ? this.maxWaiting : Math.min(BATCH, this.maxWaiting >> 2);
    const mostBytes = namer === undefined ? MAX_WAITING_BYTES : BATCH_BYTES;
    if (this.#waiting.size < most && this.#waitingBytes < mostBytes) return;
    // A namer that does not keep up is not given more than may wait.
    const isBehind = this.#handed.size + 2 * most > this.maxWaiting ||
      this.#handedBytes + this.#waitingBytes > MAX_WAITING_BYTES;
    if (namer === undefined || isBehind) this.#publishWaiting();
    else this.#handOver(namer);
  }

  /**
   * Gives all objects put so far their names, and makes these survive a crash of the machine.
   *
   * @throws {SyscallError} If the disk does not take them.
   */
  flush(): void {
    this.#publishAll();
    if (this.#changed.size === 0 || !this.#isLasting) return;
    const { directory } = this.objects;
    if (this.#isLocal) {
      syncFileSystem(directory);
    } else {
      for (const name of this.#changed) {
        using shard = this.objects.makeShard(name, O_RDONLY);
        sync(shard);
      }
      directory.sync();
    }
    this.#changed.clear();
  }

  /**
   * Gives the objects put so far their names as far as possible, where something else has failed: on a full
   * disk, say, what is complete need not be made again.
   */
  keep(): void {
    try {
      this.#publishAll();
    } catch (error) {
      // What has failed first matters more.
      if (!(error instanceof SyscallError || error instanceof UnusableStoreError)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.nameBy(undefined);
    for (const { draft } of this.#waiting.values()) draft[Symbol.dispose]();
    this.#waiting.clear();
    this.objects.directory.close();
  }

  #findWaiting(digest: Digest): WaitingObject | undefined {
    if (this.#waiting.size + this.#handed.size === 0) return undefined;
    const path = objectPath(digest);
    return this.#waiting.get(path) ?? this.#handed.get(path);
  }

  /** Others name what has no name yet, and they bring it to the disk all at once. */
  #canHandOver(draft: UnnamedFile): boolean {
    return !draft.hasName && (this.#isLocal || !this.#isLasting);
  }

  #handOver(namer: DraftNamer): void {
    const paths = [...this.#waiting.keys()].sort();
    for (const path of paths) this.#handed.set(path, this.#waiting.get(path)!);
    this.#handedBytes += this.#waitingBytes;
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#hasVerity ??= measureVerity(this.#handed.get(paths[0]!)!.draft.file) !== undefined;
    if (!this.#isLasting) {
      this.#nameHanded(namer, paths);
      return;
    }
    namer.sync((isSynced) => {
      // Here it shows what is wrong.
      if (!isSynced) syncFileSystem(this.objects.directory);
      this.#nameHanded(namer, paths);
    });
  }

  #nameHanded(namer: DraftNamer, paths: readonly string[]): void {
    for (let start = 0; start < paths.length; start += namer.maxDrafts) {
      const some = paths.slice(start, start + namer.maxDrafts);
      namer.name(
        some.map((path) => this.#handed.get(path)!),
        (isNamed) => this.#takeNamed(some, isNamed),
      );
    }
  }

  /** Closes the drafts that have been named; the others may have names already, or cannot get any. */
  #takeNamed(paths: readonly string[], isNamed: readonly boolean[]): void {
    using shards = new ShardCursor(this.objects);
    for (const [index, path] of paths.entries()) {
      const object = this.#handed.get(path)!;
      if (isNamed[index] === true) this.#count(object);
      else this.#publish(object, path, shards.at(object.digest));
      this.#finish(object);
      this.#handed.delete(path);
      this.#handedBytes -= object.size;
    }
  }

  /** Has nothing more to do with an object that has its name. */
  #finish({ draft, digest }: WaitingObject): void {
    this.#changed.add(shardOf(digest));
    draft[Symbol.dispose]();
  }

  #publishAll(): void {
    this.#namer?.finish();
    this.#publishWaiting();
  }

  #publishWaiting(): void {
    if (this.#waiting.size === 0) return;
    if (this.#isLasting) this.#syncWaiting();
    using shards = new ShardCursor(this.objects);
    for (const path of [...this.#waiting.keys()].sort()) {
      const object = this.#waiting.get(path)!;
      this.#publish(object, path, shards.at(object.digest));
      this.#waiting.delete(path);
      this.#finish(object);
    }
    this.#waitingBytes = 0;
  }

  #syncWaiting(): void {
    if (this.#isLocal) syncFileSystem(this.objects.directory);
    else for (const { draft } of this.#waiting.values()) draft.file.sync();
  }

  #publish(object: WaitingObject, path: string, shard: Fd): void {
    const { draft, digest, size } = object;
    this.#hasVerity ??= measureVerity(draft.file) !== undefined;
    const name = utf8(path.slice(shardOf(digest).length + 1));
    let [syscall, result] = ["linkat", draft.tryPublish(name, shard)];
    if (result === -ERRNO.EEXIST) {
      const found = this.objects.wrongState(digest, size);
      if (found === undefined) return;
      [syscall, result] = ["renameat", draft.tryReplace(name, shard)];
      if (result === 0) this.#repairs.push({ path: this.objects.shown(path), found });
    }
    if (result < 0) throw this.objects.error(-result, syscall, "name object", path);
    this.#count(object);
  }

  #count({ size }: WaitingObject): void {
    this.#addedObjects++;
    this.#addedBytes += size;
  }
}

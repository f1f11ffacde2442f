/**
 * Reads the files of a tree on several threads, while the tree is still being scanned.
 *
 * @module
 */

import {
  type Contents,
  ContentTable,
  INLINE_THRESHOLD,
  joinDigests,
} from "../../lib/composefs/contents.ts";
import {
  changedError,
  checkAlgorithms,
  type FileReader,
  wrongLength,
} from "../../lib/composefs/file_reader.ts";
import { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { DigestCache } from "../../lib/objects/digest_cache.ts";
import { joinName } from "../../lib/tree/scan.ts";
import type { SourceEntry } from "../../lib/tree/source.ts";
import type { Fd } from "../files/fd.ts";
import { UnnamedFile } from "../files/unnamed_file.ts";
import type { ObjectDirectory } from "../objects/object_directory.ts";
import type { DirectoryStore } from "../objects/object_store.ts";
import type { Linux } from "../sys/linux.ts";
import type { DirectoryTree } from "../tree/source_tree.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import { LargeFile } from "./_large_file.ts";
import { MAX_WHOLE_FILE } from "./_piece_hasher.ts";
import type { ThreadOptions } from "./thread_options.ts";
import { ThreadedNamer } from "./_threaded_namer.ts";
import { ThreadPool } from "./thread_pool.ts";

/** How a tree's files are read. */
export interface TreeReaderOptions extends ThreadOptions {
  /** By what files are digested; SHA-256 if absent. With a store it must be one. */
  readonly algorithms?: readonly HashAlgorithm[];
  /** Where files above 64 bytes are put. Without one they are only digested. */
  readonly store?: DirectoryStore;
  /** Digests known of earlier runs, by the same algorithms; those that are found are added. */
  readonly cache?: DigestCache;
  /** Takes its digests for those of files as they are; else files are read all the same. Default true. */
  readonly believeCache?: boolean;
  /** Told how many bytes have been read, and of how many once all files are known. */
  readonly onRead?: (done: number, total?: number) => void;
}

/** A large file on its way. */
interface LargeReading {
  readonly row: number;
  readonly size: number;
  readonly from: Fd;
  readonly draft: UnnamedFile | undefined;
  /** Its digest, if it is being read again to be stored. */
  readonly expected?: Digest;
}

/** Reads files of one tree. Dispose of it, or declare it with `using`. */
export class TreeReader implements FileReader, Disposable {
  readonly #tree: DirectoryTree;
  readonly #algorithms: readonly HashAlgorithm[];
  readonly #store: DirectoryStore | undefined;
  readonly #cache: DigestCache | undefined;
  readonly #believesCache: boolean;
  readonly #onRead: TreeReaderOptions["onRead"];
  readonly #pool: ThreadPool;
  readonly #table: ContentTable;
  /** Fingerprints of files on their way, by row. */
  readonly #fingerprints = new Map<number, number>();
  readonly #large = new Map<number, LargeReading>();
  /** Whether the last object that was looked for was there: so may be the next. */
  #expectsPresent = false;
  #hasNamedDraft = false;
  /** How many files did not need to be read, and how many did. */
  #known = 0;
  #toRead = 0;
  #done = 0;
  #total = 0;
  #knowsTotal = false;

  constructor(linux: Linux, tree: DirectoryTree, options: TreeReaderOptions) {
    const { algorithms = ["sha256"], store, cache, believeCache = true, onRead, ...threads } =
      options;
    checkAlgorithms(algorithms, store !== undefined);
    this.#tree = tree;
    this.#algorithms = algorithms;
    this.#store = store;
    this.#cache = cache;
    this.#believesCache = believeCache;
    this.#onRead = onRead;
    this.#table = new ContentTable(algorithms);
    this.#pool = new ThreadPool(linux, {
      kind: "tree",
      algorithms,
      root: tree.shared,
      ...(store === undefined ? {} : { store: store.objects.shared }),
    }, {
      ...threads,
      // Each may come with a draft.
      ...(store === undefined ? {} : { maxFiles: Math.max(1, store.maxWaiting >> 1) }),
      loss: () => ({
        leavesFiles: this.#hasNamedDraft,
        isMostlyDone: this.#known >= this.#toRead,
      }),
      readsAgain: true,
      onFile: (row, result) => this.#finishSmall(row, result),
      onPiece: (bytes) => this.#progress(bytes),
      onLargeFile: (file) => this.#finishLarge(file),
    });
    if (threads.threads > 1) store?.nameBy(new ThreadedNamer(this.#pool));
  }

  add({ name, size, fingerprint }: SourceEntry, directory: Uint8Array): number {
    const row = this.#table.add(size);
    if (size === 0) return row;
    this.#total += size;
    if (fingerprint !== undefined && this.#fillFromCache(row, size, fingerprint)) {
      this.#known++;
      this.#progress(size);
      return row;
    }
    this.#toRead++;
    if (size > MAX_WHOLE_FILE) this.#beginLarge(row, size, joinName(directory, name));
    else this.#pool.addFile(row, size, name, directory);
    return row;
  }

  // deno-lint-ignore require-await -- the port is for readers that wait, too
  async finish(): Promise<Contents> {
    this.#knowsTotal = true;
    this.#progress(0);
    this.#pool.finish();
    return this.#table.complete();
  }

  [Symbol.dispose](): void {
    this.#pool.stop((result) => this.#draftOf(result)?.[Symbol.dispose]());
    this.#store?.nameBy(undefined);
    for (const { from, draft } of this.#large.values()) {
      from.close();
      draft?.[Symbol.dispose]();
    }
    this.#large.clear();
  }

  /** Fills in a row with what is known of a file without reading it; tells whether that is possible. */
  #fillFromCache(row: number, size: number, fingerprint: number): boolean {
    const cache = this.#cache;
    // Files that are kept in the image have no digest.
    if (cache === undefined || size <= INLINE_THRESHOLD) return false;
    const digests = this.#believesCache ? cache.get(fingerprint) : undefined;
    if (digests !== undefined) {
      const store = this.#store;
      if (store === undefined || store.has(new Digest(this.#algorithms[0]!, digests), size)) {
        this.#table.fill(row, digests);
        return true;
      }
    }
    this.#fingerprints.set(row, fingerprint);
    return false;
  }

  #finishSmall(row: number, result: FileResult): void {
    const { state, bytes } = result;
    const size = this.#table.size(row);
    if (state === FILE_STATE.inline) this.#table.fill(row, bytes);
    else this.#keepDigests(row, bytes);
    const draft = this.#draftOf(result);
    if (draft !== undefined) this.#store!.addDraft(draft, this.#digest(row), size);
    if (state !== FILE_STATE.inline) this.#expectsPresent = state === FILE_STATE.digested;
    this.#progress(size);
  }

  /** Keeps the digests of a file that has been read. */
  #keepDigests(row: number, digests: Uint8Array): void {
    this.#table.fill(row, digests);
    const fingerprint = this.#fingerprints.get(row);
    if (fingerprint === undefined) return;
    this.#fingerprints.delete(row);
    this.#cache!.set(fingerprint, digests);
  }

  /** What an object is named by. */
  #digest(row: number): Digest {
    return this.#table.digest(row, this.#algorithms[0]!);
  }

  #draftOf({ draft }: FileResult): UnnamedFile | undefined {
    return draft && this.#store?.objects.draftOf(draft);
  }

  #beginLarge(row: number, size: number, path: Uint8Array): void {
    const from = this.#tree.open(path);
    let draft: UnnamedFile | undefined;
    try {
      if (from.size !== size) throw wrongLength(from.shown, from.size, size);
      // In a store that cannot be written, it may be there.
      if (!this.#expectsPresent) draft = this.#beginDraft(from, (objects) => objects.tryDraft());
    } catch (error) {
      from.close();
      throw error;
    }
    this.#addLarge({ row, size, from, draft });
  }

  /** A draft that holds the file's contents already, or is to get them. */
  #beginDraft(
    from: Fd,
    create: (objects: ObjectDirectory) => UnnamedFile | undefined,
  ): UnnamedFile | undefined {
    const objects = this.#store?.objects;
    const draft = objects && (objects.cloneDraft(from) ?? create(objects));
    this.#hasNamedDraft ||= draft?.hasName ?? false;
    return draft;
  }

  #addLarge(reading: LargeReading): void {
    const { row, size, from, draft } = reading;
    this.#large.set(row, reading);
    const isClone = draft !== undefined && draft.file.size > 0;
    this.#pool.addLargeFile(
      new LargeFile({
        number: row,
        from: isClone ? draft.file : from,
        size,
        algorithms: this.#algorithms,
        ...(draft === undefined || isClone ? {} : { to: draft.file }),
      }),
    );
  }

  #finishLarge(large: LargeFile): void {
    const reading = this.#large.get(large.number)!;
    const { row, size, from, draft, expected } = reading;
    const digests = large.finish();
    const found = from.stat().size;
    if (found !== size) throw wrongLength(from.shown, found, size);
    const store = this.#store;
    const digest = digests[0]!;
    if (expected === undefined) {
      this.#keepDigests(row, joinDigests(digests));
    } else if (!digest.equals(expected)) {
      throw changedError(from.shown, "other contents than were expected");
    }
    this.#expectsPresent = store?.has(digest, size) ?? false;
    if (store !== undefined && draft === undefined && !this.#expectsPresent) {
      const copy = this.#beginDraft(from, (objects) => objects.createDraft());
      this.#addLarge({ ...reading, draft: copy, expected: digest });
      return;
    }
    if (draft !== undefined && !this.#expectsPresent) {
      store!.objects.completeDraft(draft, digest.algorithm);
      store!.addDraft(draft, digest, size);
    } else {
      draft?.[Symbol.dispose]();
    }
    from.close();
    this.#large.delete(row);
  }

  #progress(bytes: number): void {
    this.#done += bytes;
    this.#onRead?.(this.#done, this.#knowsTotal ? this.#total : undefined);
  }
}

/**
 * Reads the files of a tree on several threads, while the tree is still being scanned.
 *
 * @module
 */

import {
  changedError,
  completeContent,
  ContentMaker,
  EMPTY,
  type FileReader,
  INLINE_THRESHOLD,
  wrongLength,
} from "../../lib/composefs/contents.ts";
import type { DigestCache } from "../../lib/objects/digest_cache.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import type { Source } from "../../lib/tree/scan.ts";
import type { Content } from "../../lib/tree/tree.ts";
import { Digest } from "../../lib/digest/digest.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import { Crew, type ThreadOptions } from "./crew.ts";
import type { Fd } from "../files/fd.ts";
import { LargeFile } from "./_large_file.ts";
import type { Linux } from "../sys/linux.ts";
import type { ObjectDirectory } from "../objects/object_directory.ts";
import type { DirectoryStore } from "../objects/object_store.ts";
import type { DirectoryTree } from "../tree/source_tree.ts";
import { MAX_WHOLE_FILE } from "./_span_work.ts";
import { UnnamedFile } from "../files/unnamed_file.ts";

/** How a tree's files are read. */
export interface TreeReaderOptions extends ThreadOptions {
  /** By what files are digested. SHA-256 if absent. */
  readonly algorithm?: HashAlgorithm;
  /** Where files above 64 bytes are put. Without one they are only digested. */
  readonly store?: DirectoryStore;
  /** Digests known of earlier runs; those that are found are added. */
  readonly cache?: DigestCache;
  /** Takes its digests for those of files as they are; else files are read all the same. Default true. */
  readonly believeCache?: boolean;
  /** Told how many bytes have been read, of how many that are known of so far. */
  readonly onRead?: (done: number, total: number) => void;
}

/** A file on its way, and the contents that it is to complete. */
interface Reading {
  readonly file: Source;
  readonly content: Content;
}

/** A large one. */
interface Pending extends Reading {
  readonly from: Fd;
  readonly draft: UnnamedFile | undefined;
  /** Its digest, if it is being read again to be stored. */
  readonly expected?: Digest;
}

/** Reads files of one tree. Dispose of it, or declare it with `using`. */
export class TreeReader implements FileReader, Disposable {
  readonly #tree: DirectoryTree;
  readonly #algorithm: HashAlgorithm;
  readonly #store: DirectoryStore | undefined;
  readonly #cache: DigestCache | undefined;
  readonly #believesCache: boolean;
  readonly #onRead: TreeReaderOptions["onRead"];
  readonly #crew: Crew;
  readonly #contents = new ContentMaker();
  readonly #files: Reading[] = [];
  readonly #pending = new Map<number, Pending>();
  /** Whether the last object that was looked for was there: so may be the next. */
  #expectsPresent = false;
  #hasNamedDraft = false;
  /** How many files did not need to be read. */
  #recalled = 0;
  #nextNumber = 0;
  #done = 0;
  #total = 0;

  constructor(linux: Linux, tree: DirectoryTree, options: TreeReaderOptions) {
    const { algorithm = "sha256", store, cache, believeCache = true, onRead, ...rest } = options;
    const { beforeThreads, ...threads } = rest;
    this.#algorithm = algorithm;
    this.#tree = tree;
    this.#store = store;
    this.#cache = cache;
    this.#believesCache = believeCache;
    this.#onRead = onRead;
    this.#crew = new Crew(linux, {
      kind: "tree",
      algorithm,
      root: tree.shared,
      ...(store === undefined ? {} : { store: store.objects.shared }),
    }, {
      ...threads,
      // Each may come with a draft.
      ...(store === undefined ? {} : { maxFiles: Math.max(1, store.maxWaiting >> 1) }),
      beforeThreads: () => {
        if (this.#mayBeginAnew()) beforeThreads?.();
      },
      onFile: (number, result) => this.#take(this.#files[number]!, result),
      onPiece: (bytes) => this.#progress(bytes),
      onLargeFile: (file) => this.#finishLarge(file),
    });
  }

  add(file: Source): Content {
    this.#total += file.size;
    const known = this.#recall(file);
    if (known !== undefined) {
      this.#recalled++;
      this.#progress(file.size);
      return known;
    }
    const content = this.#contents.pending(file.size, this.#algorithm);
    if (file.size > MAX_WHOLE_FILE) {
      this.#beginLarge({ file, content });
    } else {
      this.#files.push({ file, content });
      this.#crew.addFile(this.#files.length - 1, file.path, file.size);
    }
    return content;
  }

  /** Whether little is lost if the process ends now and another one does its work. */
  #mayBeginAnew(): boolean {
    // A draft that has a temporary name would stay behind. And where most files are known already, it is
    // the scan that takes the time, and most of it may be over.
    return !this.#hasNamedDraft && this.#recalled < this.#files.length;
  }

  /** What is known of a file without reading it. */
  #recall({ size, fingerprint }: Source): Content | undefined {
    if (size === 0) return EMPTY;
    // Files that are kept in the image have no digest.
    if (fingerprint === undefined || size <= INLINE_THRESHOLD) return undefined;
    if (!this.#believesCache) return undefined;
    const known = this.#cache?.get(fingerprint);
    if (known === undefined) return undefined;
    const digest = new Digest(this.#algorithm, known);
    return this.#store?.has(digest, size) === false
      ? undefined
      : this.#contents.external(size, digest);
  }

  /** Notes the digest of a file that has been read. */
  #settle({ file, content }: Reading, { bytes }: Digest): void {
    completeContent(content, bytes);
    if (file.fingerprint !== undefined) this.#cache?.set(file.fingerprint, bytes);
  }

  // deno-lint-ignore require-await -- the port is for readers that wait, too
  async finish(): Promise<void> {
    this.#crew.finish();
  }

  [Symbol.dispose](): void {
    this.#crew.stop((result) => this.#adopt(result)?.[Symbol.dispose]());
    for (const { from, draft } of this.#pending.values()) {
      from.close();
      draft?.[Symbol.dispose]();
    }
    this.#pending.clear();
  }

  #take(reading: Reading, found: FileResult): void {
    const { path, size } = reading.file;
    // Read here, it shows its error; or it can be read now.
    const result = found.state === FILE_STATE.failed
      ? this.#crew.runner.files.read(new Uint8Array(path), size)
      : found;
    const { state, bytes } = result;
    const draft = this.#adopt(result);
    if (state === FILE_STATE.inline) {
      completeContent(reading.content, bytes);
    } else {
      const digest = new Digest(this.#algorithm, bytes);
      if (draft !== undefined) this.#store!.adopt(draft, digest, size);
      this.#settle(reading, digest);
      this.#expectsPresent = state === FILE_STATE.digested;
    }
    this.#progress(size);
  }

  #adopt({ draft }: FileResult): UnnamedFile | undefined {
    return draft && this.#store?.objects.adoptDraft(draft);
  }

  #beginLarge({ file, content }: Reading): void {
    const from = this.#tree.open(file.path);
    let draft: UnnamedFile | undefined;
    try {
      if (from.size !== file.size) throw wrongLength(from.shown, from.size, file.size);
      // In a store that cannot be written, it may be there.
      if (!this.#expectsPresent) draft = this.#beginDraft(from, (objects) => objects.tryDraft());
    } catch (error) {
      from.close();
      throw error;
    }
    this.#postLarge({ file, content, from, draft });
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

  #postLarge(pending: Pending): void {
    const { file, from, draft } = pending;
    const number = this.#nextNumber++;
    this.#pending.set(number, pending);
    const isClone = draft !== undefined && draft.file.size > 0;
    this.#crew.addLargeFile(
      new LargeFile({
        number,
        from: isClone ? draft.file : from,
        size: file.size,
        algorithm: this.#algorithm,
        ...(draft === undefined || isClone ? {} : { to: draft.file }),
      }),
    );
  }

  #finishLarge(large: LargeFile): void {
    const pending = this.#pending.get(large.number)!;
    const { file, from, draft, expected } = pending;
    const digest = large.finish();
    const { size } = from.stat();
    if (size !== file.size) throw wrongLength(from.shown, size, file.size);
    const store = this.#store;
    if (expected !== undefined && !digest.equals(expected)) {
      throw changedError(from.shown, "other contents than were expected");
    }
    this.#settle(pending, digest);
    this.#expectsPresent = store?.has(digest, file.size) ?? false;
    if (store !== undefined && draft === undefined && !this.#expectsPresent) {
      const copy = this.#beginDraft(from, (objects) => objects.createDraft());
      this.#pending.delete(large.number);
      this.#postLarge({ ...pending, draft: copy, expected: digest });
      return;
    }
    if (draft !== undefined && !this.#expectsPresent) {
      store!.objects.completeDraft(draft, this.#algorithm);
      store!.adopt(draft, digest, file.size);
    } else {
      draft?.[Symbol.dispose]();
    }
    from.close();
    this.#pending.delete(large.number);
  }

  #progress(bytes: number): void {
    this.#done += bytes;
    this.#onRead?.(this.#done, this.#total);
  }
}

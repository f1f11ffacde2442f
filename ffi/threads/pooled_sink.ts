/**
 * Contents that come by themselves, digested and stored by several threads while more come.
 *
 * This thread puts them into memory that all share, small ones behind each other, large ones in pieces, and the
 * others take them from there. When that memory is full, this thread lends a hand.
 *
 * @module
 */

import type { ContentSink, ContentStream } from "../../lib/composefs/content_sink.ts";
import {
  type Contents,
  ContentTable,
  INLINE_THRESHOLD,
  joinDigests,
} from "../../lib/composefs/contents.ts";
import { checkAlgorithms } from "../../lib/composefs/file_reader.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import type { HashAlgorithm } from "../../lib/digest/hasher.ts";
import type { DirectoryStore } from "../objects/object_store.ts";
import type { Linux } from "../sys/linux.ts";
import { contentPath } from "./_content_task.ts";
import { FILE_STATE, type FileResult } from "./_file_job.ts";
import { IncomingFile } from "./_incoming_file.ts";
import { PIECE_SIZE } from "./_piece_hasher.ts";
import { type Block, SharedBlocks, sharedSize } from "./_shared_blocks.ts";
import type { ThreadOptions } from "./thread_options.ts";
import { ThreadedNamer } from "./_threaded_namer.ts";
import { ThreadPool } from "./thread_pool.ts";

/** How contents are taken. */
export interface PooledSinkOptions extends ThreadOptions {
  /** By what files are digested; SHA-256 if absent. With a store it must be one. */
  readonly algorithms?: readonly HashAlgorithm[];
  /** Where files above 64 bytes are put. Without one they are only digested. */
  readonly store?: DirectoryStore;
  /** How many streams there are at a time at most. */
  readonly streams: number;
  /** Told how many bytes of files have been digested. */
  readonly onRead?: (done: number) => void;
}

/** Blocks of memory beside the two that a stream may have open. */
const BLOCKS = 2;

/** Files begin at multiples of this many bytes: zeros are looked for word by word. */
const FILE_ALIGNMENT = 8;

/** Takes contents. Dispose of it, or declare it with `using`. */
export class PooledSink implements ContentSink, Disposable {
  readonly #algorithms: readonly HashAlgorithm[];
  readonly #store: DirectoryStore | undefined;
  readonly #onRead: PooledSinkOptions["onRead"];
  readonly #table: ContentTable;
  readonly #pool: ThreadPool;
  readonly #blocks: SharedBlocks;
  /** Where the files are that are on their way, by row. */
  readonly #places = new Map<number, Block>();
  readonly #large = new Set<IncomingFile>();
  #done = 0;

  constructor(linux: Linux, options: PooledSinkOptions) {
    const { algorithms = ["sha256"], store, streams, onRead, ...threads } = options;
    checkAlgorithms(algorithms, store !== undefined);
    this.#algorithms = algorithms;
    this.#store = store;
    this.#onRead = onRead;
    this.#table = new ContentTable(algorithms);
    this.#pool = new ThreadPool(linux, {
      kind: "contents",
      algorithms,
      ...(store === undefined ? {} : { store: store.objects.shared }),
    }, {
      ...threads,
      sharedBytes: sharedSize(BLOCKS + 2 * streams),
      ...(store === undefined ? {} : { maxFiles: Math.max(1, store.maxWaiting >> 1) }),
      readsAgain: true,
      onFile: (row, result) => this.#finishSmall(row, result),
    });
    if (threads.threads > 1) store?.nameBy(new ThreadedNamer(this.#pool));
    const memory = this.#pool.shared!;
    const address = linux.addressOf(
      new Uint8Array(memory) as Uint8Array as Uint8Array<ArrayBuffer>,
    );
    this.#blocks = new SharedBlocks(memory, address);
  }

  /** Told how many bytes are going to come at least: if they are many, the other threads start now. */
  expectBytes(bytes: number): void {
    this.#pool.expectBytes(bytes);
  }

  stream(): ContentStream {
    return new SinkStream({
      table: this.#table,
      blocks: this.#blocks,
      takeBlock: () => this.#takeBlock(),
      addFile: (row, size, block, start) => this.#addFile(row, size, block, start),
      addLarge: (row, size) => this.#addLarge(row, size),
      onInline: (size) => this.#progress(size),
    });
  }

  endStreams(): void {
    this.#pool.submit();
  }

  // deno-lint-ignore require-await -- the port is for sinks that wait, too
  async finish(): Promise<Contents> {
    this.#pool.finish();
    this.#finishLarge();
    this.#store?.flush();
    return this.#table.complete();
  }

  [Symbol.dispose](): void {
    this.#pool.stop((result) => this.#draftOf(result)?.[Symbol.dispose]());
    this.#store?.nameBy(undefined);
    for (const file of this.#large) file[Symbol.dispose]();
    this.#large.clear();
  }

  #takeBlock(): Block {
    this.#finishLarge();
    const free = this.#blocks.take();
    if (free !== undefined) return free;
    // What waits for others to make up a job is what keeps the blocks.
    this.#pool.submit();
    let block: Block | undefined;
    this.#pool.workUntil(() => (block = this.#blocks.take()) !== undefined);
    return block!;
  }

  #addFile(row: number, size: number, block: Block, start: number): void {
    block.pending++;
    this.#places.set(row, block);
    this.#pool.addFile(row, size, contentPath(start));
  }

  #addLarge(row: number, size: number): IncomingFile {
    const context = {
      pool: this.#pool,
      blocks: this.#blocks,
      takeBlock: () => this.#takeBlock(),
    };
    const file = new IncomingFile(context, row, size, this.#algorithms, this.#store?.objects);
    this.#large.add(file);
    return file;
  }

  #finishSmall(row: number, result: FileResult): void {
    this.#table.fill(row, result.bytes);
    const block = this.#places.get(row)!;
    this.#places.delete(row);
    this.#blocks.done(block);
    const size = this.#table.size(row);
    const draft = this.#draftOf(result);
    if (draft !== undefined) {
      this.#store!.addDraft(draft, this.#table.digest(row, this.#algorithms[0]!), size);
    }
    this.#progress(size);
  }

  #draftOf({ state, draft }: FileResult) {
    return state === FILE_STATE.drafted && draft !== undefined
      ? this.#store?.objects.draftOf(draft)
      : undefined;
  }

  /** Completes the large files all of whose pieces are done. */
  #finishLarge(): void {
    const store = this.#store;
    for (const file of this.#large) {
      if (!file.isComplete) continue;
      this.#large.delete(file);
      const { digests, draft } = file.finish(store?.objects);
      this.#table.fill(file.row, joinDigests(digests));
      if (draft !== undefined) {
        if (store!.has(digests[0]!, file.size)) draft[Symbol.dispose]();
        else store!.addDraft(draft, digests[0]!, file.size);
      }
      this.#progress(file.size);
    }
  }

  #progress(bytes: number): void {
    this.#done += bytes;
    this.#onRead?.(this.#done);
  }
}

/** What a stream needs of its sink. */
interface StreamContext {
  readonly table: ContentTable;
  readonly blocks: SharedBlocks;
  takeBlock(): Block;
  /** Has a file digested that is whole in a block. */
  addFile(row: number, size: number, block: Block, start: number): void;
  addLarge(row: number, size: number): IncomingFile;
  onInline(size: number): void;
}

/** One file after the other, small ones side by side in a block. */
class SinkStream implements ContentStream {
  readonly #context: StreamContext;
  readonly #inline = new Uint8Array(INLINE_THRESHOLD);
  #row = 0;
  #size = 0;
  #large: IncomingFile | undefined;
  /** Where the file goes, if it is not large. */
  #room: Uint8Array = this.#inline;
  /** Up to where it has come. */
  #filled = 0;
  #block: Block | undefined;
  /** Where in the block the file begins, and where there is room for the next. */
  #start = 0;
  #next = 0;

  constructor(context: StreamContext) {
    this.#context = context;
  }

  begin(size: number): number {
    this.#row = this.#context.table.add(size);
    this.#size = size;
    this.#filled = 0;
    if (size <= INLINE_THRESHOLD) this.#room = this.#inline.subarray(0, size);
    else if (size <= PIECE_SIZE) this.#place(size);
    else this.#large = this.#context.addLarge(this.#row, size);
    return this.#row;
  }

  write(bytes: Uint8Array, position: number): void {
    if (this.#large !== undefined) {
      this.#large.write(bytes, position);
      return;
    }
    if (position > this.#filled) this.#room.fill(0, this.#filled, position);
    this.#room.set(bytes, position);
    this.#filled = position + bytes.length;
  }

  end(): void {
    if (this.#large !== undefined) {
      this.#large.end();
      this.#large = undefined;
      return;
    }
    this.#room.fill(0, this.#filled);
    const size = this.#size;
    if (size === 0) return;
    if (size > INLINE_THRESHOLD) {
      const block = this.#block!;
      this.#context.addFile(this.#row, size, block, block.start + this.#start);
    } else {
      this.#context.table.fill(this.#row, this.#room);
      this.#context.onInline(size);
    }
  }

  close(): void {
    if (this.#block !== undefined) this.#context.blocks.close(this.#block);
    this.#block = undefined;
  }

  /** Finds room for a file of up to a block. */
  #place(size: number): void {
    if (this.#block === undefined || this.#next + size > PIECE_SIZE) {
      this.close();
      this.#block = this.#context.takeBlock();
      this.#next = 0;
    }
    this.#start = this.#next;
    this.#next = alignUp(this.#start + size, FILE_ALIGNMENT);
    this.#room = this.#block.bytes.subarray(this.#start, this.#start + size);
  }
}

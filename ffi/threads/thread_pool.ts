/**
 * Several threads that read files, this one among them.
 *
 * Files are submitted to a queue that all threads share (`_job_queue.ts`); small ones many to a job, large ones
 * cut into pieces. This thread takes jobs too, whenever it would have to wait. The other threads are
 * started only when there is work for them: one takes as long to start as hundreds of files to read.
 *
 * @module
 */

import {
  FILE_STATE,
  FileJobWriter,
  type FileResult,
  MAX_JOB_PATH,
  pathLength,
  readJobFile,
  readResult,
} from "./_file_job.ts";
import { joinName } from "../../lib/tree/scan.ts";
import { JobQueue } from "./_job_queue.ts";
import { type PieceJob, readPieceHashes, writePieceJob } from "./_piece_job.ts";
import type { LargeFile } from "./_large_file.ts";
import type { Linux } from "../sys/linux.ts";
import { JobRunner } from "./thread.ts";
import { Workers, type WorkersOptions } from "./_workers.ts";
import type { PoolTask } from "./pool_task.ts";

/** How a pool works. */
export interface ThreadPoolOptions extends WorkersOptions {
  /** How many files may be on their way at a time. Default: as many as jobs can hold. */
  readonly maxFiles?: number;
  /**
   * Told what became of a file, by the number it was given; the result's bytes are valid during the call. Adds
   * no files itself.
   */
  readonly onFile: (number: number, result: FileResult) => void;
  /** Reads a file that could not be read once more here, where its error shows: unless it can be read now. */
  readonly readsAgain?: boolean;
  /** Told of each piece of a large file. */
  readonly onPiece?: (bytes: number) => void;
  /** Told when all pieces of a large file have been hashed. May add large files. */
  readonly onLargeFile?: (file: LargeFile) => void;
  /** Bytes of memory that all threads share, for pieces that are read into it. Default 0. */
  readonly sharedBytes?: number;
}

/**
 * Slots of a queue with several threads: enough for each that none runs dry while this one has other work,
 * which is to say, 10 milliseconds' worth or more.
 */
const SLOTS_PER_THREAD = 8;
const MAX_SLOTS = 64;

/** What it costs to open, read and close a file, told in bytes that could be hashed meanwhile. */
const FILE_COST = 16_384;
/** Cost of a job at most, if it is not a single file: 2 to 3 milliseconds. */
const JOB_COST = 3 << 20;

const WAIT_MILLISECONDS = 100;
/** How long threads that are told to stop may finish what they are at. */
const STOP_MILLISECONDS = 10_000;

const NO_DIRECTORY = new Uint8Array();

/** Work beside the files, which those who are told of files may ask for. */
export interface Chore {
  /** Writes the job. */
  write(job: DataView<SharedArrayBuffer>): void;
  /** Reads what became of it. */
  take(job: DataView<SharedArrayBuffer>): void;
}

/** What was submitted in a slot. */
type Submitted =
  | { readonly kind: "chore"; readonly chore: Chore }
  | { readonly kind: "files"; readonly numbers: readonly number[]; told: number }
  | { readonly kind: "piece"; readonly take: (hashes: Uint8Array | undefined) => void };

/** Reads files. Dispose of it, or declare it with `using`. */
export class ThreadPool implements Disposable {
  readonly #linux: Linux;
  readonly #task: PoolTask;
  readonly #options: ThreadPoolOptions;
  readonly #queue: JobQueue;
  readonly #filesPerJob: number;
  readonly #submitted = new Map<number, Submitted>();
  readonly #workers: Workers;
  /** Those that wait for slots. */
  readonly #chores: Chore[] = [];
  /** Made when it is needed: it comes with megabytes of buffers. */
  #runner: JobRunner | undefined;
  #shared: SharedArrayBuffer | undefined;
  #draft: { slot: number; writer: FileJobWriter; numbers: number[]; cost: number } | undefined;
  #cost = 0;

  /** Begins on this thread alone. */
  constructor(linux: Linux, task: PoolTask, options: ThreadPoolOptions) {
    this.#linux = linux;
    this.#task = task;
    this.#options = options;
    const { threads, maxFiles = Infinity } = options;
    const slots = threads === 1 ? 1 : Math.min(SLOTS_PER_THREAD * threads, MAX_SLOTS, maxFiles);
    this.#queue = JobQueue.create(slots);
    this.#filesPerJob = Math.max(1, Math.floor(maxFiles / slots));
    const { memory } = this.#queue;
    this.#workers = new Workers(options, () => ({ memory, task, shared: this.shared }));
    if (options.startAtOnce) this.#workers.start();
  }

  /** This thread's own work, by which what failed elsewhere is done again, for its error. */
  get runner(): JobRunner {
    return this.#runner ??= new JobRunner(this.#linux, this.#task, this.shared);
  }

  /** What pieces are read into; made when it is first asked for. */
  get shared(): SharedArrayBuffer | undefined {
    const { sharedBytes } = this.#options;
    if (sharedBytes === undefined) return undefined;
    return this.#shared ??= new SharedArrayBuffer(sharedBytes);
  }

  /** Told how many files are going to be added at least: if they are many, the other threads start now. */
  expectFiles(count: number): void {
    this.#workers.startFor(count * FILE_COST);
  }

  /** Told how many bytes of pieces are going to be added at least. */
  expectBytes(bytes: number): void {
    this.#workers.startFor(bytes);
  }

  /**
   * Has a file of up to `MAX_WHOLE_FILE` bytes read.
   *
   * @param directory Path of the directory that it is in; if absent, `name` is a path of its own.
   */
  addFile(
    number: number,
    size: number,
    name: Uint8Array,
    directory: Uint8Array = NO_DIRECTORY,
  ): void {
    if (pathLength(name, directory) > MAX_JOB_PATH) {
      this.#options.onFile(number, this.runner.files.read(joinName(directory, name), size));
      return;
    }
    let draft = this.#draft ??= this.#beginFiles();
    if (!draft.writer.add(size, name, directory)) {
      this.#submitFiles();
      draft = this.#draft = this.#beginFiles();
      draft.writer.add(size, name, directory);
    }
    draft.numbers.push(number);
    draft.cost += size + FILE_COST;
    if (draft.cost >= JOB_COST || draft.numbers.length >= this.#filesPerJob) this.#submitFiles();
  }

  /** Has all pieces of a large file hashed and, if it has a copy, copied. */
  addLargeFile(file: LargeFile): void {
    this.#submitFiles();
    for (const piece of file.pieces((bytes) => this.#options.onPiece?.(bytes))) {
      const job = {
        ...piece,
        from: file.from.number,
        ...(file.to === undefined ? {} : { to: file.to.number }),
      };
      this.addPiece(job, (hashes) => {
        file.take(job.position, hashes ?? file.hashAgain(this.runner.pieces, job));
        this.#options.onPiece?.(job.length);
        if (file.isComplete) this.#options.onLargeFile?.(file);
      });
      if (this.#workers.count > 0 && file.isLongCopy) this.#workers.startExtra();
    }
  }

  /**
   * Has a piece of a file read and hashed.
   *
   * @param take Told the hashes, or nothing if the piece could not be read: whoever has the file finds out why.
   */
  addPiece(piece: PieceJob, take: (hashes: Uint8Array | undefined) => void): void {
    const slot = this.#acquire();
    writePieceJob(this.#queue.job(slot), piece);
    this.#submit(slot, { kind: "piece", take }, piece.length);
  }

  /** Has work done beside the files, as soon as there is a slot. */
  addChore(chore: Chore): void {
    this.#chores.push(chore);
  }

  /** Lets the threads begin with the files that wait for others to make up a job. */
  submit(): void {
    this.#submitFiles();
  }

  /** Lends a hand until something is so that what was added leads to. */
  workUntil(isSo: () => boolean): void {
    while (!isSo()) {
      const done = this.#queue.doneCount();
      if (!this.#collectAll() && !this.#takeOne()) this.#wait(done);
    }
  }

  /**
   * Waits until all that was added has been read, lending a hand.
   *
   * @throws What `onFile` and `onLargeFile` throw.
   */
  finish(): void {
    while (true) {
      this.#submitFiles();
      const done = this.#queue.doneCount();
      if (this.#collectAll()) continue;
      if (this.#submitted.size + this.#chores.length === 0) return;
      if (!this.#takeOne()) this.#wait(done);
    }
  }

  /** Stops all threads. Results that nobody has been told of are handed to `discard`. */
  stop(discard: (result: FileResult) => void): void {
    for (let slot = this.#queue.take(); slot !== undefined; slot = this.#queue.take()) {
      this.#submitted.delete(slot);
    }
    this.#queue.close();
    const end = performance.now() + STOP_MILLISECONDS;
    while (this.#queue.threadCount() > 0 && performance.now() < end) {
      this.#queue.waitForThreads(WAIT_MILLISECONDS);
    }
    for (const [slot, submitted] of this.#submitted) {
      if (submitted.kind !== "files" || !this.#queue.isDone(slot)) continue;
      while (submitted.told < submitted.numbers.length) {
        discard(readResult(this.#queue.job(slot), submitted.told++));
      }
    }
    this.#submitted.clear();
    this.#workers.terminate();
    this.#runner?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.stop(() => {});
  }

  #beginFiles() {
    const slot = this.#acquire();
    return { slot, writer: new FileJobWriter(this.#queue.job(slot)), numbers: [], cost: 0 };
  }

  #submitFiles(): void {
    const draft = this.#draft;
    if (draft === undefined) return;
    this.#draft = undefined;
    draft.writer.finish();
    this.#submit(draft.slot, { kind: "files", numbers: draft.numbers, told: 0 }, draft.cost);
  }

  #submit(slot: number, submitted: Submitted, cost: number): void {
    this.#submitted.set(slot, submitted);
    this.#queue.submit(slot);
    this.#cost += cost;
    this.#workers.startFor(this.#cost);
  }

  /** A free slot that is not being written into. */
  #acquire(): number {
    this.#collectAll();
    let slot = this.#queue.findFree();
    if (slot !== undefined) return slot;
    // The one that is being written into may be all there are.
    this.#submitFiles();
    this.workUntil(() => (slot = this.#queue.findFree()) !== undefined);
    return slot!;
  }

  #takeOne(): boolean {
    const slot = this.#queue.take();
    if (slot === undefined) return false;
    this.runner.run(this.#queue, slot);
    return true;
  }

  #wait(done: number): void {
    this.#linux.signals.check();
    if (this.#queue.threadCount() === 0) {
      throw new Error("Cannot read files: a thread has ended before its work was done");
    }
    this.#queue.waitForDone(done, WAIT_MILLISECONDS);
  }

  /** Tells of all that is done; tells whether there was anything. */
  #collectAll(): boolean {
    let any = false;
    for (let slot = this.#queue.findDone(); slot !== undefined; slot = this.#queue.findDone()) {
      any = true;
      const submitted = this.#submitted.get(slot)!;
      if (submitted.kind === "piece") this.#collectPiece(slot, submitted.take);
      else if (submitted.kind === "files") this.#collectFiles(slot, submitted);
      else this.#collectChore(slot, submitted.chore);
    }
    this.#submitChores();
    return any;
  }

  #submitChores(): void {
    while (this.#chores.length > 0) {
      const slot = this.#queue.findFree();
      if (slot === undefined) return;
      const chore = this.#chores.shift()!;
      chore.write(this.#queue.job(slot));
      this.#submit(slot, { kind: "chore", chore }, 0);
    }
  }

  #collectChore(slot: number, chore: Chore): void {
    try {
      chore.take(this.#queue.job(slot));
    } finally {
      this.#release(slot);
    }
  }

  /** The slot stays until all of its files have been told of: should one throw, the rest is discarded. */
  #collectFiles(slot: number, submitted: Submitted & { kind: "files" }): void {
    const job = this.#queue.job(slot);
    while (submitted.told < submitted.numbers.length) {
      const index = submitted.told++;
      let result = readResult(job, index);
      if (result.state === FILE_STATE.failed && this.#options.readsAgain) {
        const { path, size } = readJobFile(job, index);
        result = this.runner.files.read(path, size);
      }
      this.#options.onFile(submitted.numbers[index]!, result);
    }
    this.#release(slot);
  }

  #collectPiece(slot: number, take: (hashes: Uint8Array | undefined) => void): void {
    const hashes = readPieceHashes(this.#queue.job(slot));
    this.#release(slot);
    take(hashes);
  }

  #release(slot: number): void {
    this.#submitted.delete(slot);
    this.#queue.release(slot);
  }
}

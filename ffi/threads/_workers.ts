/**
 * The other threads of a pool.
 *
 * @module
 */

import type { PoolMessage } from "./thread.ts";
import { type Loss, NO_LOSS, type ThreadOptions } from "./thread_options.ts";

/** Cost of all work that is worth starting threads for, in bytes to hash: more than their start takes. */
const START_COST = 24 << 20;

/** 1 GiB on 2 CPUs: 1.05 s without, 0.95 with one, 0.87 with two (medians of 3; the disk alone 0.77). */
const EXTRA_THREADS = 2;

/** How threads are started. */
export interface WorkersOptions extends ThreadOptions {
  /** What `beforeThreads` is told. Default: nothing would be lost. */
  readonly loss?: () => Loss;
}

/** Threads that run a module and are told the same. */
export class Workers {
  readonly #options: WorkersOptions;
  readonly #message: () => PoolMessage;
  readonly #workers: Worker[] = [];

  /** Starts none yet. */
  constructor(options: WorkersOptions, message: () => PoolMessage) {
    this.#options = options;
    this.#message = message;
  }

  /** How many have been started. */
  get count(): number {
    return this.#workers.length;
  }

  /** Starts them if there is enough work for them, unless they have been. */
  startFor(cost: number): void {
    if (cost >= START_COST && this.count === 0) this.start();
  }

  /** Starts all but the thread that this is. They are here when they are: until then this one does the work. */
  start(): void {
    const { module, threads, beforeThreads, loss } = this.#options;
    if (module === undefined || threads === 1) return;
    beforeThreads?.(loss?.() ?? NO_LOSS);
    for (let i = 1; i < threads; i++) this.#add(module);
  }

  /** Starts a few threads more than there are CPUs, for work that waits for the disk half of its time. */
  startExtra(): void {
    const { module, threads } = this.#options;
    if (module === undefined) return;
    for (let missing = threads - 1 + EXTRA_THREADS - this.count; missing > 0; missing--) {
      this.#add(module);
    }
  }

  /** Ends all of them, whatever they are at. */
  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  /** One that cannot start takes no job; the others do them all. */
  #add(module: string): void {
    const worker = newWorker(module);
    if (worker === undefined) return;
    worker.addEventListener("error", (event) => event.preventDefault());
    worker.postMessage(this.#message());
    this.#workers.push(worker);
  }
}

/** A thread, undefined where there can be no more of them: Bun says so when it makes one. */
function newWorker(module: string): Worker | undefined {
  try {
    return new Worker(module, { type: "module" });
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

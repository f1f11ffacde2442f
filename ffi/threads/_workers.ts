/**
 * The other threads of a pool.
 *
 * @module
 */

import type { PoolMessage } from "./thread.ts";

/** Threads that run a module and are told the same. */
export class Workers {
  readonly #workers: Worker[] = [];

  /** How many have been started. */
  get count(): number {
    return this.#workers.length;
  }

  /** Starts one. One that cannot start takes no job; the others do them all. */
  start(module: string, message: PoolMessage): void {
    const worker = newWorker(module);
    if (worker === undefined) return;
    worker.addEventListener("error", (event) => event.preventDefault());
    worker.postMessage(message);
    this.#workers.push(worker);
  }

  /** Ends all of them, whatever they are at. */
  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
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

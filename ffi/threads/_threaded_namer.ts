/**
 * Names for drafts by the threads of a pool.
 *
 * @module
 */

import type { DraftNamer, WaitingObject } from "../objects/draft_namer.ts";
import { isSyncDone, MAX_DRAFTS, readNamed, writeNamesJob, writeSyncJob } from "./_draft_job.ts";
import type { Chore, ThreadPool } from "./thread_pool.ts";

/** Has threads whose task has a store name its drafts. */
export class ThreadedNamer implements DraftNamer {
  readonly maxDrafts = MAX_DRAFTS;
  readonly #pool: ThreadPool;
  #open = 0;

  constructor(pool: ThreadPool) {
    this.#pool = pool;
  }

  sync(onDone: (isSynced: boolean) => void): void {
    this.#add(writeSyncJob, (job) => onDone(isSyncDone(job)));
  }

  name(objects: readonly WaitingObject[], onDone: (isNamed: readonly boolean[]) => void): void {
    this.#add((job) => writeNamesJob(job, objects), (job) => onDone(readNamed(job)));
  }

  finish(): void {
    if (this.#open > 0) this.#pool.workUntil(() => this.#open === 0);
  }

  #add(write: Chore["write"], take: Chore["take"]): void {
    this.#open++;
    this.#pool.addChore({
      write,
      take: (job) => {
        this.#open--;
        take(job);
      },
    });
  }
}

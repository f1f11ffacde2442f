/**
 * A thread of a pool: waits for its task, then works on what is submitted until there is no more.
 *
 * @see thread_pool.ts
 *
 * @module
 */

import { runFileJob } from "./_file_job.ts";
import { runNamesJob, runSyncJob } from "./_draft_job.ts";
import { JOB_KIND, jobKind, JobQueue } from "./_job_queue.ts";
import { runPieceJob } from "./_piece_job.ts";
import { pieceHasher, startFileTask } from "./_file_task.ts";
import type { Linux } from "../sys/linux.ts";
import { InterruptedError } from "../sys/signals.ts";
import type { PieceHasher } from "./_piece_hasher.ts";
import type { FileTask, PoolTask } from "./pool_task.ts";

/** What a pool sends to each of its threads, once. */
export interface PoolMessage {
  readonly memory: SharedArrayBuffer;
  readonly task: PoolTask;
  /** What pieces of files are left in that are asked for. */
  readonly shared: SharedArrayBuffer | undefined;
}

/** All kinds of work, on one thread. */
export class JobRunner implements Disposable {
  /** What reads whole files. */
  readonly files: FileTask;
  /** What reads pieces of files. */
  readonly pieces: PieceHasher;

  /** Begins the work that a task says. */
  constructor(linux: Linux, task: PoolTask, shared: SharedArrayBuffer | undefined) {
    this.files = startFileTask(linux, task, shared);
    this.pieces = pieceHasher(linux, task, shared);
  }

  /** Closes what is kept open for the next file. */
  [Symbol.dispose](): void {
    this.files.close?.();
  }

  /** Works on a job that this thread has taken, and hands it back. */
  run(queue: JobQueue, slot: number): void {
    const job = queue.job(slot);
    try {
      switch (jobKind(job)) {
        case JOB_KIND.pieces:
          runPieceJob(job, (piece) => this.pieces.hash(piece), passOnInterruption);
          break;
        case JOB_KIND.sync:
          runSyncJob(job, this.files.objects!, passOnInterruption);
          break;
        case JOB_KIND.names:
          runNamesJob(job, this.files.objects!, passOnInterruption);
          break;
        default:
          runFileJob(job, (path, size) => this.files.read(path, size), passOnInterruption);
      }
    } finally {
      // Also if it is interrupted: the owner discards what has been made by then.
      queue.complete(slot);
    }
  }
}

/** A signal that asks the process to end is no failure of the file that was being read. */
function passOnInterruption(error: unknown): void {
  if (error instanceof InterruptedError) throw error;
}

/**
 * Makes the running worker a thread of the pool that sends it a message.
 *
 * @param openKernel Opens the kernel on this thread.
 */
export function runPoolThread(openKernel: () => Promise<Linux>): void {
  addEventListener("message", async (event) => {
    const { memory, task, shared } = (event as MessageEvent<PoolMessage>).data;
    const linux = await openKernel();
    const queue = new JobQueue(memory);
    queue.enter();
    try {
      using runner = new JobRunner(linux, task, shared);
      for (let slot = queue.takeNext(); slot !== undefined; slot = queue.takeNext()) {
        runner.run(queue, slot);
      }
    } finally {
      queue.leave();
    }
  }, { once: true });
}

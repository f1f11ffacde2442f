/**
 * A thread of a crew: waits for its order, then works on what is posted until there is no more.
 *
 * @see crew.ts
 *
 * @module
 */

import { runFileJob } from "./_file_job.ts";
import { JOB_KIND, JobBoard, jobKind } from "./_job_board.ts";
import { runSpanJob } from "./_span_job.ts";
import { spanWork, startWork } from "./_file_work.ts";
import type { Linux } from "../sys/linux.ts";
import { InterruptedError } from "../sys/signals.ts";
import type { SpanWork } from "./_span_work.ts";
import type { FileWork, WorkOrder } from "./work_order.ts";

/** What a crew sends to each of its threads, once. */
export interface CrewMessage {
  readonly memory: SharedArrayBuffer;
  readonly order: WorkOrder;
  /** What pieces of files are left in that are asked for. */
  readonly shared: SharedArrayBuffer | undefined;
}

/** Both kinds of work, on one thread. */
export class JobRunner implements Disposable {
  /** What reads whole files. */
  readonly files: FileWork;
  /** What reads pieces of files. */
  readonly spans: SpanWork;

  /** Begins the work that an order says. */
  constructor(linux: Linux, order: WorkOrder, shared: SharedArrayBuffer | undefined) {
    this.files = startWork(linux, order);
    this.spans = spanWork(linux, order, shared);
  }

  /** Closes what is kept open for the next file. */
  [Symbol.dispose](): void {
    this.files.close?.();
  }

  /** Works on a job that this thread has taken, and hands it back. */
  run(board: JobBoard, slot: number): void {
    const job = board.job(slot);
    try {
      if (jobKind(job) === JOB_KIND.spans) {
        runSpanJob(job, (piece) => this.spans.hash(piece), passOnInterruption);
      } else {
        runFileJob(job, (path, size) => this.files.read(path, size), passOnInterruption);
      }
    } finally {
      // Also if it is interrupted: the owner discards what has been made by then.
      board.complete(slot);
    }
  }
}

/** A signal that asks the process to end is no failure of the file that was being read. */
function passOnInterruption(error: unknown): void {
  if (error instanceof InterruptedError) throw error;
}

/**
 * Makes the running worker a thread of the crew that sends it a message.
 *
 * @param openKernel Opens the kernel on this thread.
 */
export function serveCrew(openKernel: () => Promise<Linux>): void {
  addEventListener("message", async (event) => {
    const { memory, order, shared } = (event as MessageEvent<CrewMessage>).data;
    const linux = await openKernel();
    const board = new JobBoard(memory);
    board.enter();
    try {
      using runner = new JobRunner(linux, order, shared);
      for (let slot = board.takeNext(); slot !== undefined; slot = board.takeNext()) {
        runner.run(board, slot);
      }
    } finally {
      board.leave();
    }
  }, { once: true });
}

/**
 * Work handed from one thread to others through shared memory.
 *
 * A queue has a fixed number of slots. Its owner writes a job into a free slot and submits it; any thread,
 * the owner's too, takes a submitted one, works on it in place, and marks it done; the owner collects what
 * is done and has the slot free again. So the memory does not grow with the work, and a full queue tells
 * the owner to lend a hand. What a job is, is `_file_job.ts`'s, `_piece_job.ts`'s and `_draft_job.ts`'s.
 *
 * All states are changed by Atomics, which also makes a slot's bytes visible to the thread that gets it.
 *
 * @module
 */

/** Bytes of a slot. */
export const SLOT_SIZE = 1 << 16;

/** What a job is: the first byte of its slot. */
export const JOB_KIND = { files: 1, pieces: 2, sync: 3, names: 4 } as const;

/** The kind of a job. */
export function jobKind(job: DataView): number {
  return job.getUint8(0);
}

/** Where a slot is in its round: one value of {@linkcode STATE}. */
const STATE = { free: 0, written: 1, submitted: 2, taken: 3, done: 4 } as const;

/** 32-bit words in front of the slots. */
const WORD = {
  /** Counts submissions: what threads without work wait on. */
  submissions: 0,
  /** Counts jobs done: what the owner waits on. */
  done: 1,
  /** 1 once nothing will be submitted any more. */
  closed: 2,
  /** Threads that are working for the owner. */
  threads: 3,
  states: 4,
} as const;

/** One thread's view of a queue. */
export class JobQueue {
  /** The memory to hand to other threads. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #slots: readonly DataView<SharedArrayBuffer>[];
  /** Where the last look for work ended: threads that begin at different places meet less. */
  #next = 0;

  /** Looks at the memory of another thread's queue. */
  constructor(memory: SharedArrayBuffer) {
    const count = Math.floor(memory.byteLength / (SLOT_SIZE + 4 * (WORD.states + 1)));
    const start = memory.byteLength - count * SLOT_SIZE;
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORD.states + count);
    this.#slots = Array.from(
      { length: count },
      (_, slot) => new DataView(memory, start + slot * SLOT_SIZE, SLOT_SIZE),
    );
  }

  /** Makes a queue with all slots free. */
  static create(slots: number): JobQueue {
    return new JobQueue(new SharedArrayBuffer(slots * (SLOT_SIZE + 4 * (WORD.states + 1))));
  }

  /** The bytes of a slot: the owner's while it is free or done, else of the thread that took it. */
  job(slot: number): DataView<SharedArrayBuffer> {
    return this.#slots[slot]!;
  }

  /** A slot to write a job into, undefined if none is free. */
  findFree(): number | undefined {
    const slot = this.#find(STATE.free);
    if (slot !== undefined) Atomics.store(this.#words, WORD.states + slot, STATE.written);
    return slot;
  }

  /** A slot whose job is done, undefined if there is none. */
  findDone(): number | undefined {
    return this.#find(STATE.done);
  }

  /** Tells whether a slot's job is done. */
  isDone(slot: number): boolean {
    return Atomics.load(this.#words, WORD.states + slot) === STATE.done;
  }

  /** Makes a slot free again. */
  release(slot: number): void {
    Atomics.store(this.#words, WORD.states + slot, STATE.free);
  }

  /** Lets any thread take the job that was written into a slot. */
  submit(slot: number): void {
    Atomics.store(this.#words, WORD.states + slot, STATE.submitted);
    Atomics.add(this.#words, WORD.submissions, 1);
    Atomics.notify(this.#words, WORD.submissions, 1);
  }

  /** Takes a submitted job; its slot, or undefined if there is none. */
  take(): number | undefined {
    const count = this.#slots.length;
    for (let i = 0; i < count; i++) {
      const slot = (this.#next + i) % count;
      const word = WORD.states + slot;
      if (
        Atomics.load(this.#words, word) === STATE.submitted &&
        Atomics.compareExchange(this.#words, word, STATE.submitted, STATE.taken) === STATE.submitted
      ) {
        this.#next = slot + 1;
        return slot;
      }
    }
    return undefined;
  }

  /** Takes a submitted job, waiting for one; undefined once the queue is closed and empty. */
  takeNext(): number | undefined {
    while (true) {
      const submissions = Atomics.load(this.#words, WORD.submissions);
      const slot = this.take();
      if (slot !== undefined) return slot;
      if (Atomics.load(this.#words, WORD.closed) !== 0) return undefined;
      Atomics.wait(this.#words, WORD.submissions, submissions);
    }
  }

  /** Hands a taken job back to the owner. */
  complete(slot: number): void {
    Atomics.store(this.#words, WORD.states + slot, STATE.done);
    Atomics.add(this.#words, WORD.done, 1);
    Atomics.notify(this.#words, WORD.done);
  }

  /** How many jobs have been done so far. To be asked before looking for one that is. */
  doneCount(): number {
    return Atomics.load(this.#words, WORD.done);
  }

  /** Waits until more jobs are done than `known`, or some time has passed. */
  waitForDone(known: number, milliseconds: number): void {
    Atomics.wait(this.#words, WORD.done, known, milliseconds);
  }

  /** Ends the work: threads stop once nothing is submitted any more. */
  close(): void {
    Atomics.store(this.#words, WORD.closed, 1);
    Atomics.add(this.#words, WORD.submissions, 1);
    Atomics.notify(this.#words, WORD.submissions);
  }

  /** Tells the owner that this thread begins. */
  enter(): void {
    Atomics.add(this.#words, WORD.threads, 1);
  }

  /** Tells the owner that this thread has ended. */
  leave(): void {
    Atomics.sub(this.#words, WORD.threads, 1);
    Atomics.notify(this.#words, WORD.threads);
  }

  /** How many threads work for the owner. */
  threadCount(): number {
    return Atomics.load(this.#words, WORD.threads);
  }

  /** Waits until a thread ends, or some time has passed. */
  waitForThreads(milliseconds: number): void {
    const threads = this.threadCount();
    if (threads > 0) Atomics.wait(this.#words, WORD.threads, threads, milliseconds);
  }

  #find(state: number): number | undefined {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      if (Atomics.load(this.#words, WORD.states + slot) === state) return slot;
    }
    return undefined;
  }
}

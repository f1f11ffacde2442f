import { assertEquals, assertNotEquals } from "@std/assert";
import { JobQueue, SLOT_SIZE } from "../../../ffi/threads/_job_queue.ts";

Deno.test("a job goes round: written, submitted, taken, done, free again", () => {
  const queue = JobQueue.create(1);
  const slot = queue.findFree()!;
  assertEquals(queue.findFree(), undefined);
  assertEquals(queue.take(), undefined);
  queue.submit(slot);
  assertEquals(queue.take(), slot);
  assertEquals(queue.take(), undefined);
  assertEquals(queue.findDone(), undefined);
  const before = queue.doneCount();
  queue.complete(slot);
  assertNotEquals(queue.doneCount(), before);
  assertEquals(queue.findDone(), slot);
  assertEquals(queue.isDone(slot), true);
  queue.release(slot);
  assertEquals(queue.isDone(slot), false);
  assertEquals(queue.findFree(), slot);
});

Deno.test("slots are apart and as large as they say", () => {
  const queue = JobQueue.create(3);
  const slots = [queue.findFree()!, queue.findFree()!, queue.findFree()!];
  assertEquals(new Set(slots).size, 3);
  assertEquals(queue.findFree(), undefined);
  for (const slot of slots) {
    assertEquals(queue.job(slot).byteLength, SLOT_SIZE);
    queue.job(slot).setUint8(0, slot + 1);
    queue.job(slot).setUint8(SLOT_SIZE - 1, slot + 1);
  }
  for (const slot of slots) {
    assertEquals(queue.job(slot).getUint8(0), slot + 1);
    assertEquals(queue.job(slot).getUint8(SLOT_SIZE - 1), slot + 1);
  }
});

Deno.test("another view of the memory is the same queue", () => {
  const queue = JobQueue.create(2);
  const other = new JobQueue(queue.memory);
  const slot = queue.findFree()!;
  queue.job(slot).setUint32(100, 12345);
  queue.submit(slot);
  assertEquals(other.take(), slot);
  assertEquals(queue.take(), undefined);
  assertEquals(other.job(slot).getUint32(100), 12345);
  other.complete(slot);
  assertEquals(queue.findDone(), slot);
});

Deno.test("a closed queue ends once it is empty", () => {
  const queue = JobQueue.create(2);
  const slot = queue.findFree()!;
  queue.submit(slot);
  queue.close();
  assertEquals(queue.takeNext(), slot);
  assertEquals(queue.takeNext(), undefined);
});

Deno.test("threads are counted while they work", () => {
  const queue = JobQueue.create(1);
  const thread = new JobQueue(queue.memory);
  assertEquals(queue.threadCount(), 0);
  thread.enter();
  assertEquals(queue.threadCount(), 1);
  queue.waitForThreads(1);
  thread.leave();
  assertEquals(queue.threadCount(), 0);
});

/** A thread that adds up what it is handed, until the queue is closed. */
const ADDER = `
  onmessage = async ({ data: { module, memory } }) => {
    const { JobQueue } = await import(module);
    const queue = new JobQueue(memory);
    queue.enter();
    postMessage("here");
    for (let slot = queue.takeNext(); slot !== undefined; slot = queue.takeNext()) {
      const job = queue.job(slot);
      job.setUint32(4, job.getUint32(0) + 1);
      queue.complete(slot);
    }
    queue.leave();
    postMessage("gone");
  };`;

Deno.test("every job is done exactly once, by whichever thread", async () => {
  const queue = JobQueue.create(4);
  const module = new URL("../../../ffi/threads/_job_queue.ts", import.meta.url).href;
  const url = URL.createObjectURL(new Blob([ADDER], { type: "text/javascript" }));
  const workers = [1, 2].map(() => new Worker(url, { type: "module" }));
  const told = (text: string) =>
    Promise.all(workers.map((worker) =>
      new Promise<void>((resolve) => {
        worker.addEventListener("message", ({ data }) => data === text && resolve());
      })
    ));
  const here = told("here");
  const gone = told("gone");
  for (const worker of workers) worker.postMessage({ module, memory: queue.memory });
  await here;

  const JOBS = 3000;
  const results: number[] = [];
  const collect = () => {
    for (let slot = queue.findDone(); slot !== undefined; slot = queue.findDone()) {
      results.push(queue.job(slot).getUint32(4));
      queue.release(slot);
    }
  };
  for (let job = 0; job < JOBS;) {
    const done = queue.doneCount();
    collect();
    const slot = queue.findFree();
    if (slot === undefined) {
      queue.waitForDone(done, 1000);
      continue;
    }
    queue.job(slot).setUint32(0, job++);
    queue.submit(slot);
  }
  while (results.length < JOBS) {
    const done = queue.doneCount();
    collect();
    if (results.length < JOBS) queue.waitForDone(done, 1000);
  }
  queue.close();
  await gone;
  for (const worker of workers) worker.terminate();
  URL.revokeObjectURL(url);
  results.sort((a, b) => a - b);
  assertEquals(results, Array.from({ length: JOBS }, (_, job) => job + 1));
});

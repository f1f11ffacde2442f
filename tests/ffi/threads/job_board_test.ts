import { assertEquals, assertNotEquals } from "@std/assert";
import { JobBoard, SLOT_SIZE } from "../../../ffi/threads/_job_board.ts";

Deno.test("a job goes round: written, posted, taken, done, free again", () => {
  const board = JobBoard.create(1);
  const slot = board.findFree()!;
  assertEquals(board.findFree(), undefined);
  assertEquals(board.take(), undefined);
  board.post(slot);
  assertEquals(board.take(), slot);
  assertEquals(board.take(), undefined);
  assertEquals(board.findDone(), undefined);
  const before = board.doneCount();
  board.complete(slot);
  assertNotEquals(board.doneCount(), before);
  assertEquals(board.findDone(), slot);
  assertEquals(board.isDone(slot), true);
  board.release(slot);
  assertEquals(board.isDone(slot), false);
  assertEquals(board.findFree(), slot);
});

Deno.test("slots are apart and as large as they say", () => {
  const board = JobBoard.create(3);
  const slots = [board.findFree()!, board.findFree()!, board.findFree()!];
  assertEquals(new Set(slots).size, 3);
  assertEquals(board.findFree(), undefined);
  for (const slot of slots) {
    assertEquals(board.job(slot).byteLength, SLOT_SIZE);
    board.job(slot).setUint8(0, slot + 1);
    board.job(slot).setUint8(SLOT_SIZE - 1, slot + 1);
  }
  for (const slot of slots) {
    assertEquals(board.job(slot).getUint8(0), slot + 1);
    assertEquals(board.job(slot).getUint8(SLOT_SIZE - 1), slot + 1);
  }
});

Deno.test("another view of the memory is the same board", () => {
  const board = JobBoard.create(2);
  const other = new JobBoard(board.memory);
  const slot = board.findFree()!;
  board.job(slot).setUint32(100, 12345);
  board.post(slot);
  assertEquals(other.take(), slot);
  assertEquals(board.take(), undefined);
  assertEquals(other.job(slot).getUint32(100), 12345);
  other.complete(slot);
  assertEquals(board.findDone(), slot);
});

Deno.test("a closed board ends once it is empty", () => {
  const board = JobBoard.create(2);
  const slot = board.findFree()!;
  board.post(slot);
  board.close();
  assertEquals(board.takeNext(), slot);
  assertEquals(board.takeNext(), undefined);
});

Deno.test("threads are counted while they work", () => {
  const board = JobBoard.create(1);
  const thread = new JobBoard(board.memory);
  assertEquals(board.threadCount(), 0);
  thread.enter();
  assertEquals(board.threadCount(), 1);
  board.waitForThreads(1);
  thread.leave();
  assertEquals(board.threadCount(), 0);
});

/** A thread that adds up what it is handed, until the board is closed. */
const ADDER = `
  onmessage = async ({ data: { module, memory } }) => {
    const { JobBoard } = await import(module);
    const board = new JobBoard(memory);
    board.enter();
    postMessage("here");
    for (let slot = board.takeNext(); slot !== undefined; slot = board.takeNext()) {
      const job = board.job(slot);
      job.setUint32(4, job.getUint32(0) + 1);
      board.complete(slot);
    }
    board.leave();
    postMessage("gone");
  };`;

Deno.test("every job is done exactly once, by whichever thread", async () => {
  const board = JobBoard.create(4);
  const module = new URL("../../../ffi/threads/_job_board.ts", import.meta.url).href;
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
  for (const worker of workers) worker.postMessage({ module, memory: board.memory });
  await here;

  const JOBS = 3000;
  const results: number[] = [];
  const collect = () => {
    for (let slot = board.findDone(); slot !== undefined; slot = board.findDone()) {
      results.push(board.job(slot).getUint32(4));
      board.release(slot);
    }
  };
  for (let job = 0; job < JOBS;) {
    const done = board.doneCount();
    collect();
    const slot = board.findFree();
    if (slot === undefined) {
      board.waitForDone(done, 1000);
      continue;
    }
    board.job(slot).setUint32(0, job++);
    board.post(slot);
  }
  while (results.length < JOBS) {
    const done = board.doneCount();
    collect();
    if (results.length < JOBS) board.waitForDone(done, 1000);
  }
  board.close();
  await gone;
  for (const worker of workers) worker.terminate();
  URL.revokeObjectURL(url);
  results.sort((a, b) => a - b);
  assertEquals(results, Array.from({ length: JOBS }, (_, job) => job + 1));
});

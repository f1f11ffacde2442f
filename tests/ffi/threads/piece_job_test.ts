import { assertEquals } from "@std/assert";
import { JOB_KIND, jobKind, JobQueue } from "../../../ffi/threads/_job_queue.ts";
import {
  MAX_SPAN_HASHES,
  type PieceJob,
  readPieceHashes,
  readPieceJob,
  runPieceJob,
  writePieceJob,
} from "../../../ffi/threads/_piece_job.ts";

const JOBS: PieceJob[] = [
  { from: 3, isSparse: false, eachBlock: false, position: 0, length: 1 },
  { from: 70_000, to: 7, isSparse: true, eachBlock: false, position: 2 ** 52, length: 2 ** 21 },
  { from: 5, to: 0, isSparse: false, eachBlock: true, position: 2 ** 21, length: 4096 },
  { from: 5, isSparse: false, eachBlock: true, into: 0, position: 2 ** 40, length: 2 ** 20 },
  { from: 5, isSparse: false, eachBlock: true, into: 2 ** 31, position: 0, length: 2 ** 20 },
];

Deno.test("a job shows its piece and takes its hashes", () => {
  for (const piece of JOBS) {
    const job = JobQueue.create(1).job(0);
    writePieceJob(job, piece);
    assertEquals(jobKind(job), JOB_KIND.pieces);
    assertEquals(readPieceJob(job), piece);
    assertEquals(readPieceHashes(job), undefined);
    const hashes = new Uint8Array(MAX_SPAN_HASHES).fill(7);
    runPieceJob(job, (seen) => {
      assertEquals(seen, piece);
      return hashes;
    }, (error) => {
      throw error;
    });
    assertEquals(readPieceHashes(job), hashes);
    assertEquals(readPieceJob(job), piece);
  }
});

Deno.test("a job that failed has no hashes, also if its slot had some before", () => {
  const job = JobQueue.create(1).job(0);
  writePieceJob(job, JOBS[0]!);
  runPieceJob(job, () => new Uint8Array(32), () => {});
  writePieceJob(job, JOBS[1]!);
  const failure = new Error("no");
  const errors: unknown[] = [];
  runPieceJob(job, () => {
    throw failure;
  }, (error) => errors.push(error));
  assertEquals(readPieceHashes(job), undefined);
  assertEquals(errors, [failure]);
});

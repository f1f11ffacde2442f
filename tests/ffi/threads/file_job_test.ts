import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  FAILED,
  FILE_STATE,
  FileJobWriter,
  type FileResult,
  MAX_FILES,
  MAX_JOB_PATH,
  readJobFile,
  readResult,
  runFileJob,
} from "../../../ffi/threads/_file_job.ts";
import { JOB_KIND, jobKind, JobQueue } from "../../../ffi/threads/_job_queue.ts";

function emptyJob(): DataView<SharedArrayBuffer> {
  return JobQueue.create(1).job(0);
}

const TOP = new Uint8Array();

/** A result with memory of its own. */
function resultAt(job: DataView<SharedArrayBuffer>, index: number): FileResult {
  const result = readResult(job, index);
  return { ...result, bytes: new Uint8Array(result.bytes) };
}

function neverFails(error: unknown): void {
  throw error;
}

Deno.test("a job shows its files, and takes what became of each", () => {
  const job = emptyJob();
  const writer = new FileJobWriter(job);
  const files: [Uint8Array, number][] = [
    [utf8("a"), 0],
    [Uint8Array.of(0xff, 0x2f, 0x80), 2 ** 52 + 1],
    [utf8("d/e"), 7],
    [utf8("x"), 9],
  ];
  for (const [path, size] of files) assertEquals(writer.add(size, path, TOP), true);
  writer.finish();
  assertEquals(jobKind(job), JOB_KIND.files);

  const results: FileResult[] = [
    { state: FILE_STATE.inline, bytes: utf8("hello") },
    { state: FILE_STATE.digested, bytes: new Uint8Array(96).fill(7) },
    {
      state: FILE_STATE.drafted,
      bytes: new Uint8Array(32).fill(9),
      draft: { number: 4711, seed: 2 ** 52 - 1 },
    },
    { state: FILE_STATE.inline, bytes: new Uint8Array(0) },
  ];
  const seen: [Uint8Array, number][] = [];
  runFileJob(job, (path, size) => {
    seen.push([path.slice(), size]);
    return results[seen.length - 1]!;
  }, neverFails);
  assertEquals(seen, files);
  assertEquals(files.map((_, i) => resultAt(job, i)), results);
});

Deno.test("a name in a directory is one path, and can be looked up again", () => {
  const job = emptyJob();
  const writer = new FileJobWriter(job);
  writer.add(1, utf8("a"), TOP);
  writer.add(2, utf8("name of some length"), utf8("directory/of/some/length"));
  writer.add(3, utf8("c"), utf8("d"));
  writer.finish();
  const files = [0, 1, 2].map((index) => readJobFile(job, index));
  assertEquals(files, [
    { path: utf8("a"), size: 1 },
    { path: utf8("directory/of/some/length/name of some length"), size: 2 },
    { path: utf8("d/c"), size: 3 },
  ]);
});

Deno.test("a file that cannot be read fails, and the others do not", () => {
  const job = emptyJob();
  const writer = new FileJobWriter(job);
  for (const name of ["a", "b", "c"]) writer.add(1, utf8(name), TOP);
  writer.finish();
  const errors: unknown[] = [];
  const failure = new Error("b");
  runFileJob(job, (path) => {
    if (path[0] === 0x62) throw failure;
    return { state: FILE_STATE.inline, bytes: path };
  }, (error) => errors.push(error));
  assertEquals([0, 1, 2].map((i) => resultAt(job, i)), [
    { state: FILE_STATE.inline, bytes: utf8("a") },
    FAILED,
    { state: FILE_STATE.inline, bytes: utf8("c") },
  ]);
  assertEquals(errors, [failure]);
});

Deno.test("an error that is passed on ends the job, and leaves nothing of an earlier one", () => {
  const job = emptyJob();
  const post = () => {
    const writer = new FileJobWriter(job);
    for (const name of ["a", "b"]) writer.add(1, utf8(name), TOP);
    writer.finish();
  };
  post();
  const draft = { number: 7, seed: 0 };
  const drafted = { state: FILE_STATE.drafted, bytes: new Uint8Array(32), draft };
  runFileJob(job, () => drafted, neverFails);
  post();
  let reads = 0;
  const read = () => {
    reads++;
    throw new Error("stop");
  };
  assertThrows(() => runFileJob(job, read, neverFails), Error, "stop");
  assertEquals(reads, 1);
  assertEquals([0, 1].map((i) => resultAt(job, i)), [FAILED, FAILED]);
});

Deno.test("a job has room for so many files and no more", () => {
  const writer = new FileJobWriter(emptyJob());
  for (let i = 0; i < MAX_FILES; i++) assertEquals(writer.add(i, utf8("name"), TOP), true);
  assertEquals(writer.add(0, utf8("name"), TOP), false);
});

Deno.test("a job has room for a path of the longest length, alone", () => {
  const job = emptyJob();
  const writer = new FileJobWriter(job);
  const path = new Uint8Array(MAX_JOB_PATH).fill(0x61);
  assertEquals(writer.add(0, new Uint8Array(MAX_JOB_PATH + 1), TOP), false);
  assertEquals(writer.add(5, path, TOP), true);
  assertEquals(writer.add(0, utf8(""), TOP), false);
  writer.finish();
  let seen: Uint8Array | undefined;
  runFileJob(job, (path) => {
    seen = path.slice();
    return FAILED;
  }, neverFails);
  assertEquals(seen, path);
});

/**
 * Jobs on a queue about drafts of objects: to bring them to the disk, and to give them their names.
 *
 * @see _job_queue.ts
 *
 * @module
 */

import { record, reserved, u16, u32, u8 } from "../../lib/bytes/struct.ts";
import { Digest, MAX_DIGEST_SIZE } from "../../lib/digest/digest.ts";
import type { WaitingObject } from "../objects/draft_namer.ts";
import type { ObjectDirectory } from "../objects/object_directory.ts";
import { ShardCursor } from "../objects/shard_cursor.ts";
import { syncFileSystem } from "../sys/file_calls.ts";
import { JOB_KIND, SLOT_SIZE } from "./_job_queue.ts";

type Job = DataView<SharedArrayBuffer>;

const HEADER = record({ kind: u8, done: u8, count: u16 });
/** A draft, and after it the bytes of its digest. */
const DRAFT = record({ number: u32, named: u8, length: u8, padding: reserved(2) });
const DRAFT_SIZE = DRAFT.size + MAX_DIGEST_SIZE;

/** Drafts that have room in a job. */
export const MAX_DRAFTS: number = Math.floor((SLOT_SIZE - HEADER.size) / DRAFT_SIZE);

/** Writes a job that brings all that was written to the file system of a store to the disk. */
export function writeSyncJob(job: Job): void {
  HEADER.write(job, 0, { kind: JOB_KIND.sync, done: 0, count: 0 });
}

/**
 * Works on it.
 *
 * @param onError Told what was thrown. May throw itself.
 */
export function runSyncJob(
  job: Job,
  objects: ObjectDirectory,
  onError: (error: unknown) => void,
): void {
  try {
    syncFileSystem(objects.directory);
    job.setUint8(HEADER.offsets.done, 1);
  } catch (error) {
    onError(error);
  }
}

/** Tells whether it did so. */
export function isSyncDone(job: Job): boolean {
  return job.getUint8(HEADER.offsets.done) === 1;
}

/** Writes a job that gives drafts without names those of their objects: up to {@linkcode MAX_DRAFTS}. */
export function writeNamesJob(job: Job, drafts: readonly WaitingObject[]): void {
  HEADER.write(job, 0, { kind: JOB_KIND.names, done: 0, count: drafts.length });
  for (const [index, { draft, digest: { bytes } }] of drafts.entries()) {
    const at = HEADER.size + index * DRAFT_SIZE;
    DRAFT.write(job, at, { number: draft.file.number, named: 0, length: bytes.length });
    bytesAt(job, at + DRAFT.size, bytes.length).set(bytes);
  }
}

/**
 * Works on it. Those that cannot get their names are left as they are.
 *
 * @param onError As in {@linkcode runSyncJob}.
 */
export function runNamesJob(
  job: Job,
  objects: ObjectDirectory,
  onError: (error: unknown) => void,
): void {
  const { count } = HEADER.read(job, 0);
  using shards = new ShardCursor(objects);
  try {
    for (let index = 0; index < count; index++) {
      const at = HEADER.size + index * DRAFT_SIZE;
      const { number, length } = DRAFT.read(job, at);
      const digest = Digest.of(bytesAt(job, at + DRAFT.size, length))!;
      if (shards.tryLink(number, digest)) job.setUint8(at + DRAFT.offsets.named, 1);
    }
  } catch (error) {
    onError(error);
  }
}

/** Which drafts have got their names, by index. */
export function readNamed(job: Job): boolean[] {
  const { count } = HEADER.read(job, 0);
  return Array.from(
    { length: count },
    (_, index) => job.getUint8(HEADER.size + index * DRAFT_SIZE + DRAFT.offsets.named) === 1,
  );
}

function bytesAt(job: Job, at: number, length: number): Uint8Array {
  return new Uint8Array(job.buffer, job.byteOffset + at, length);
}

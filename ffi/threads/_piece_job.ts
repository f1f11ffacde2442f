/**
 * A job on a queue: a piece of a large file to be hashed and, if asked, copied.
 *
 * @see _job_queue.ts
 *
 * @module
 */

import { record, reserved, u32, u64, u8 } from "../../lib/bytes/struct.ts";
import { JOB_KIND, SLOT_SIZE } from "./_job_queue.ts";

/** The piece. Files go by their descriptors, which all threads of a process share. */
export interface PieceJob {
  /** File to read; absent if the bytes are in the memory that the threads share already. */
  readonly from?: number;
  /** File to write to at the same position, or absent. */
  readonly to?: number;
  /** Whether there are holes to be looked for. */
  readonly isSparse: boolean;
  /** Asks for the hash of each block, of which a tree can be made, instead of that of each span. */
  readonly eachBlock: boolean;
  /** Where in the memory that the threads share the bytes are to be left, or are; nowhere if absent. */
  readonly into?: number;
  /** Bytes from the start of the file; a multiple of the span. */
  readonly position: number;
  /** Bytes to read: whole spans but at the end of the file. */
  readonly length: number;
}

const JOB = record({
  kind: u8,
  copies: u8,
  done: u8,
  sparse: u8,
  eachBlock: u8,
  keeps: u8,
  reads: u8,
  padding: reserved(1),
  into: u32,
  from: u32,
  to: u32,
  length: u32,
  position: u64,
  size: u32,
});

/** Room for hashes in a job, in bytes. */
export const MAX_SPAN_HASHES = SLOT_SIZE - JOB.size;

/** Writes a job. */
export function writePieceJob(
  view: DataView<SharedArrayBuffer>,
  { from, to, isSparse, eachBlock, into, position, length }: PieceJob,
): void {
  JOB.write(view, 0, {
    kind: JOB_KIND.pieces,
    copies: to === undefined ? 0 : 1,
    done: 0,
    sparse: isSparse ? 1 : 0,
    eachBlock: eachBlock ? 1 : 0,
    keeps: into === undefined ? 0 : 1,
    reads: from === undefined ? 0 : 1,
    into: into ?? 0,
    from: from ?? 0,
    to: to ?? 0,
    length,
    position,
    size: 0,
  });
}

/**
 * Works on a job.
 *
 * @param hash Reads the piece, and gives the hashes of its spans. If it throws, the job is left undone for
 * the owner to do it again.
 * @param onError Told what was thrown. May throw itself.
 */
export function runPieceJob(
  view: DataView<SharedArrayBuffer>,
  hash: (job: PieceJob) => Uint8Array,
  onError: (error: unknown) => void,
): void {
  try {
    const hashes = hash(readPieceJob(view));
    bytesOf(view).set(hashes, JOB.size);
    view.setUint8(JOB.offsets.done, 1);
    view.setUint32(JOB.offsets.size, hashes.length, true);
  } catch (error) {
    onError(error);
  }
}

/** The piece that a job is about. */
export function readPieceJob(view: DataView<SharedArrayBuffer>): PieceJob {
  const job = JOB.read(view, 0);
  const { copies, sparse, eachBlock, keeps, reads, into, from, to, position, length } = job;
  return {
    ...(reads === 0 ? {} : { from }),
    ...(copies === 0 ? {} : { to }),
    isSparse: sparse !== 0,
    eachBlock: eachBlock !== 0,
    ...(keeps === 0 ? {} : { into }),
    position,
    length,
  };
}

/** The hashes of a job that is done, undefined if it failed. */
export function readPieceHashes(
  view: DataView<SharedArrayBuffer>,
): Uint8Array<ArrayBuffer> | undefined {
  if (view.getUint8(JOB.offsets.done) === 0) return undefined;
  const size = view.getUint32(JOB.offsets.size, true);
  const hashes = new Uint8Array(size);
  hashes.set(bytesOf(view).subarray(JOB.size, JOB.size + size));
  return hashes;
}

function bytesOf(view: DataView<SharedArrayBuffer>): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

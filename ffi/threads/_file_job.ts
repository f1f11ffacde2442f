/**
 * A job on a queue: files to be read, and what became of each.
 *
 * A job holds a number of results of fixed size and, behind them, sizes and paths of the files.
 *
 * @see _job_queue.ts
 *
 * @module
 */

import { HASH_ALGORITHMS } from "../../lib/digest/hasher.ts";
import { copyBytes } from "../../lib/bytes/copy.ts";
import { viewOf } from "../../lib/bytes/view.ts";
import { record, reserved, u16, u32, u64, u8 } from "../../lib/bytes/struct.ts";
import type { DraftHandle } from "../files/unnamed_file.ts";
import { JOB_KIND, SLOT_SIZE } from "./_job_queue.ts";

/** What became of a file. */
export const FILE_STATE = {
  /** It could not be read, or is not what it should be. Reading it again shows why. */
  failed: 0,
  /** Its contents are the result's bytes. */
  inline: 1,
  /** Its digests are the result's bytes. */
  digested: 2,
  /** As digested; and its contents are in a file that waits for a name. */
  drafted: 3,
} as const;

/** What became of one file. */
export interface FileResult {
  /** One of {@linkcode FILE_STATE}. */
  readonly state: number;
  /** Contents, or digests one behind the other. */
  readonly bytes: Uint8Array;
  /** The open file that waits for a name, and where it can be found. */
  readonly draft?: DraftHandle;
}

/** The result of a file that could not be read. */
export const FAILED: FileResult = { state: FILE_STATE.failed, bytes: new Uint8Array(0) };

const HEADER = record({ kind: u8, padding: reserved(1), count: u16 });
const RESULT = record({ state: u8, length: u8, padding: reserved(2), number: u32, seed: u64 });
const FILE = record({ size: u64, length: u32 });

/** As many as there are in one digest by each algorithm: more than are kept in an image. */
const MAX_BYTES = Object.values(HASH_ALGORITHMS).reduce(
  (sum, { digestSize }) => sum + digestSize,
  0,
);
const RESULT_SIZE = RESULT.size + MAX_BYTES;

/** The most files in one job. */
export const MAX_FILES = 128;
const FILES_START = HEADER.size + MAX_FILES * RESULT_SIZE;

/** The longest path that has room in a job, in bytes. */
export const MAX_JOB_PATH = SLOT_SIZE - FILES_START - FILE.size;

const SLASH = 0x2f;

/** Bytes of the path of a name in a directory. */
export function pathLength(name: Uint8Array, directory: Uint8Array): number {
  return directory.length === 0 ? name.length : directory.length + 1 + name.length;
}

/** Writes a job, file by file. */
export class FileJobWriter {
  readonly #view: DataView<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  #count = 0;
  #end = FILES_START;

  /** Begins a job without files. */
  constructor(view: DataView<SharedArrayBuffer>) {
    this.#view = view;
    this.#bytes = bytesOf(view);
  }

  /**
   * Adds a file if there is room for it; tells whether there was.
   *
   * @param directory Path of the directory that it is in; empty if `name` is a path of its own.
   */
  add(size: number, name: Uint8Array, directory: Uint8Array): boolean {
    const length = pathLength(name, directory);
    const next = this.#end + FILE.size + length;
    if (this.#count === MAX_FILES || next > SLOT_SIZE) return false;
    u64.write(this.#view, this.#end + FILE.offsets.size, size);
    this.#view.setUint32(this.#end + FILE.offsets.length, length, true);
    const at = this.#end + FILE.size;
    if (directory.length > 0) {
      copyBytes(this.#bytes, at, directory);
      this.#bytes[at + directory.length] = SLASH;
    }
    copyBytes(this.#bytes, at + length - name.length, name);
    // A job that breaks off is not to show what its slot held before.
    const result = HEADER.size + this.#count * RESULT_SIZE;
    this.#view.setUint8(result + RESULT.offsets.state, FILE_STATE.failed);
    this.#view.setUint8(result + RESULT.offsets.length, 0);
    this.#count++;
    this.#end = next;
    return true;
  }

  /** Completes the job. */
  finish(): void {
    HEADER.write(this.#view, 0, { kind: JOB_KIND.files, count: this.#count });
  }
}

/**
 * Works on a job: reads each of its files, and notes what became of it.
 *
 * @param read Given a path, valid during the call, and the size that the file should have. What it throws makes the
 * file {@linkcode FAILED}: errors do not travel between threads, so the owner reads it again.
 * @param onError Told what was thrown. May throw itself, and ends the work then.
 */
export function runFileJob(
  view: DataView<SharedArrayBuffer>,
  read: (path: Uint8Array<ArrayBuffer>, size: number) => FileResult,
  onError: (error: unknown) => void,
): void {
  const bytes = bytesOf(view);
  const { count } = HEADER.read(view, 0);
  const files = new FileCursor(view);
  for (let index = 0; index < count; index++) {
    const { path, size } = files.next();
    let result = FAILED;
    try {
      result = read(path, size);
    } catch (error) {
      onError(error);
    }
    writeResult(view, bytes, index, result);
  }
}

/** Bytes of a path for which there is room at once. */
const PATH_ROOM = 1024;

/** The files of a job, one after the other. */
export class FileCursor {
  readonly #view: DataView<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each path is put in turn. */
  #path = new Uint8Array(PATH_ROOM);
  #at = FILES_START;

  constructor(view: DataView<SharedArrayBuffer>) {
    this.#view = view;
    this.#bytes = bytesOf(view);
  }

  /** The next file; its path is valid until the one after it. */
  next(): { readonly path: Uint8Array<ArrayBuffer>; readonly size: number } {
    const size = u64.read(this.#view, this.#at + FILE.offsets.size);
    const length = this.#view.getUint32(this.#at + FILE.offsets.length, true);
    const start = this.#at + FILE.size;
    this.#at = start + length;
    if (length > this.#path.length) this.#path = new Uint8Array(length);
    const path = this.#path;
    for (let i = 0; i < length; i++) path[i] = this.#bytes[start + i]!;
    return { path: viewOf(path, 0, length), size };
  }
}

/** A file of a job, found by going over those in front of it. */
export function readJobFile(
  view: DataView<SharedArrayBuffer>,
  index: number,
): { readonly path: Uint8Array<ArrayBuffer>; readonly size: number } {
  const files = new FileCursor(view);
  for (let i = 0; i < index; i++) files.next();
  return files.next();
}

function writeResult(
  view: DataView<SharedArrayBuffer>,
  all: Uint8Array<SharedArrayBuffer>,
  index: number,
  { state, bytes, draft }: FileResult,
): void {
  const at = HEADER.size + index * RESULT_SIZE;
  view.setUint8(at + RESULT.offsets.state, state);
  view.setUint8(at + RESULT.offsets.length, bytes.length);
  if (draft !== undefined) {
    view.setUint32(at + RESULT.offsets.number, draft.number, true);
    u64.write(view, at + RESULT.offsets.seed, draft.seed);
  }
  all.set(bytes, at + RESULT.size);
}

/** What became of the file at `index` of a job that is done. Its bytes are the job's: valid as long as that is. */
export function readResult(view: DataView<SharedArrayBuffer>, index: number): FileResult {
  const at = HEADER.size + index * RESULT_SIZE;
  const state = view.getUint8(at + RESULT.offsets.state);
  const length = view.getUint8(at + RESULT.offsets.length);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + RESULT.size, length);
  if (state !== FILE_STATE.drafted) return { state, bytes };
  const number = view.getUint32(at + RESULT.offsets.number, true);
  return { state, bytes, draft: { number, seed: u64.read(view, at + RESULT.offsets.seed) } };
}

function bytesOf(view: DataView<SharedArrayBuffer>): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

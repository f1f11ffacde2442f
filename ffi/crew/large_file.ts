/**
 * A file that is hashed in pieces by several threads, and put together from them in order.
 *
 * @module
 */

import { SpanAssembler } from "../../lib/fsverity/digest.ts";
import type { HashAlgorithm } from "../../lib/fsverity/hasher.ts";
import type { SpanJob } from "../../lib/jobs/span_job.ts";
import { alignUp } from "../../lib/bytes/align.ts";
import { ERRNO, SyscallError } from "../errno.ts";
import type { Fd } from "../fd.ts";
import { MAX_WHOLE_FILE, type SpanWork } from "./span_work.ts";
import { F_GETFL, F_SETFL } from "../uapi.ts";
import { resize } from "../write_contents.ts";

/** What is to be done with a file. */
export interface LargeFileOptions {
  /** Number of the file, for whoever adds it. */
  readonly number: number;
  /** Open for reading. Stays open until all pieces are done; closed by whoever opened it. */
  readonly from: Fd;
  /** Its length in bytes. */
  readonly size: number;
  /** An empty file, open for writing, that is to be its copy. */
  readonly to?: Fd;
  readonly algorithm?: HashAlgorithm;
  readonly blockSize?: number;
}

/** A file in pieces. */
export class LargeFile {
  readonly number: number;
  readonly from: Fd;
  readonly to: Fd | undefined;
  readonly size: number;
  readonly #assembler: SpanAssembler;
  /** Hashes that arrived before those in front of them, by position. */
  readonly #early = new Map<number, Uint8Array>();
  /** Bytes whose hashes have been put in place. */
  #done = 0;
  #isDirect = false;

  constructor({ number, from, to, size, ...options }: LargeFileOptions) {
    this.number = number;
    this.from = from;
    this.to = to;
    this.size = size;
    this.#assembler = new SpanAssembler(options);
    if (to !== undefined) {
      reserve(to, size);
      this.#isDirect = setDirect(to, true);
    }
  }

  /** Whether all pieces have been taken. */
  get isComplete(): boolean {
    return this.#done >= this.size;
  }

  /** Takes the hashes of a piece. */
  take(position: number, hashes: Uint8Array): void {
    this.#early.set(position, hashes);
    for (
      let next = this.#early.get(this.#done);
      next !== undefined;
      next = this.#early.get(this.#done)
    ) {
      this.#early.delete(this.#done);
      this.#assembler.add(next);
      this.#done += MAX_WHOLE_FILE;
    }
  }

  /**
   * Does a piece again that has failed: by the page cache, for not every file system that says so writes
   * past it.
   *
   * @throws What it has failed by.
   */
  redo(work: SpanWork, { position, length }: SpanJob): Uint8Array {
    this.#endDirect();
    return work.hashPiece(this.from, this.to, position, length);
  }

  /** Completes the copy, if there is one, and gives the digest. */
  finish(): Uint8Array<ArrayBuffer> {
    this.#endDirect();
    if (this.to !== undefined && alignUp(this.size, 4096) !== this.size) {
      resize(this.to, this.size);
    }
    return this.#assembler.digest(this.size);
  }

  #endDirect(): void {
    if (!this.#isDirect) return;
    this.#isDirect = false;
    setDirect(this.to!, false);
  }
}

/**
 * Reserves the blocks of a copy, so that threads may write to it at once: a file that grows has one writer
 * at a time.
 *
 * @throws {SyscallError} If there is no room for them.
 */
function reserve({ linux, number, subject }: Fd, size: number): void {
  const result = linux.retry(() => linux.libc.fallocate(number, 0, 0, size));
  if (result === -ERRNO.ENOSPC || result === -ERRNO.EDQUOT) {
    throw new SyscallError(-result, { syscall: "fallocate", action: "write", subject });
  }
}

/**
 * Has a file written past the page cache, or no longer. A large object is not read soon after it was made;
 * in the cache it would take the place of what is, and writing it there and from there costs about three
 * times as long (measured, 1 GiB on ext4).
 *
 * @returns Whether it could be done.
 */
function setDirect({ linux, number }: Fd, direct: boolean): boolean {
  const { O_DIRECT } = linux.flags;
  const flags = linux.retry(() => linux.libc.fcntl(number, F_GETFL, 0));
  if (flags < 0) return false;
  const wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  return linux.retry(() => linux.libc.fcntl(number, F_SETFL, wanted)) === 0;
}

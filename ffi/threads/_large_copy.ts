/**
 * A large file that several threads write pieces of.
 *
 * @module
 */

import { alignUp } from "../../lib/bytes/align.ts";
import type { Fd } from "../files/fd.ts";
import { resize } from "../files/write_contents.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO } from "../sys/errno.ts";
import { tryAllocate, tryFcntl } from "../sys/file_calls.ts";
import { F_GETFL, F_SETFL } from "../sys/uapi.ts";

/** What a copy is written in multiples of; in the end it gets its length. */
const COPY_ALIGNMENT = 4096;

/** Bytes of a copy that is worth more threads, each of which takes some 10 MiB of memory. */
const LONG_COPY = 1 << 28;

/** Bytes of a copy that is worth waiting for the disk; shorter ones are written from the cache while others are made. */
const MIN_DIRECT = 1 << 26;

/** The copy, from when it is empty until it is complete. */
export class LargeCopy {
  readonly file: Fd;
  readonly #size: number;
  #isDirect: boolean;

  /**
   * Prepares a file that is empty.
   *
   * @param size What its length is going to be, in bytes.
   * @param isSparse Leaves out blocks of zeros.
   * @throws {SyscallError} If there is no room for it.
   */
  constructor(file: Fd, size: number, isSparse: boolean) {
    this.file = file;
    this.#size = size;
    // Writing past the end of a file is for one thread at a time, too.
    if (isSparse) resize(file, alignUp(size, COPY_ALIGNMENT));
    else reserve(file, size);
    this.#isDirect = size >= MIN_DIRECT && setDirect(file, true);
  }

  /** Whether writing it is worth more threads. */
  get isLong(): boolean {
    return this.#size >= LONG_COPY;
  }

  /** Gives it its length, when all pieces have been written. */
  finish(): void {
    this.endDirect();
    if (alignUp(this.#size, COPY_ALIGNMENT) !== this.#size) resize(this.file, this.#size);
  }

  /** Writes through the page cache from now on: not every file system that says so writes past it. */
  endDirect(): void {
    if (!this.#isDirect) return;
    this.#isDirect = false;
    setDirect(this.file, false);
  }
}

/**
 * Reserves the blocks of a copy, so that threads may write to it at once: a file that grows has one writer
 * at a time.
 *
 * @throws {SyscallError} If there is no room for them.
 */
function reserve(file: Fd, size: number): void {
  const result = tryAllocate(file, size);
  if (result === -ERRNO.ENOSPC || result === -ERRNO.EDQUOT) {
    checkResult("fallocate", result, { action: "write", subject: file.subject });
  }
}

/**
 * Has a file written past the page cache, or no longer. A large object is not read soon after it was made;
 * in the cache it would take the place of what is, and writing it there and from there costs about three
 * times as long (measured, 1 GiB on ext4).
 *
 * @returns Whether it could be done.
 */
function setDirect(file: Fd, direct: boolean): boolean {
  const { O_DIRECT } = file.linux.flags;
  const flags = tryFcntl(file, F_GETFL);
  if (flags < 0) return false;
  const wanted = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
  return tryFcntl(file, F_SETFL, wanted) === 0;
}

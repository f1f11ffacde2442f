/**
 * An open file: reading and writing all of what was asked for, whatever signals and short transfers
 * come between, and closing it once.
 *
 * Serves as the `File` of lib. For paths that must not lead through symbolic links see `open_beneath.ts`, for
 * the standard streams `stdio.ts`.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { viewOf } from "../../lib/bytes/view.ts";
import type { File, Stretch } from "../../lib/file/file.ts";
import { checkResult, workingDirectory } from "../sys/call.ts";
import { ERRNO } from "../sys/errno.ts";
import {
  sync,
  truncate,
  tryClose,
  tryOpen,
  tryRead,
  tryReadAt,
  tryWrite,
  tryWriteAt,
  waitFor,
} from "../sys/file_calls.ts";
import { mayHaveHoles, nextData } from "./holes.ts";
import type { Linux } from "../sys/linux.ts";
import { tryChmod } from "../sys/metadata_calls.ts";
import { cString } from "../sys/path.ts";
import { type FileStat, StatBuffer } from "../sys/stat.ts";
import { POLLIN, POLLOUT } from "../sys/uapi.ts";

/** What is transferred at most in one call, so that counts fit the 32 bits of a result. */
const MAX_TRANSFER = 2 ** 30;

/** What `stx_blocks` counts, whatever the blocks of the file system. */
const STAT_BLOCK_SIZE = 512;

/** For answers that are read before anything else is asked. */
const SCRATCH = new StatBuffer();

/** How {@linkcode Fd.open} opens a file. */
export interface OpenOptions {
  /** Flags of open(2). `O_CLOEXEC` is always added. */
  readonly flags: number;
  /** Permissions of a file that is created, before the umask; 0 by default. */
  readonly mode?: number;
  /** Directory that a relative path starts from; the working directory by default. */
  readonly at?: Fd;
  /** The path to show in messages; the path itself by default. */
  readonly shown?: Uint8Array;
}

/** What messages name, or what makes it once there is a message. */
export type Subject = Uint8Array | string | (() => Uint8Array);

/** An open file. Close it, or declare it with `using`. */
export class Fd implements File {
  readonly linux: Linux;
  #subject: Subject;
  #number: number;
  #size: number | undefined;
  /** Bytes that it takes on the disk; 0 until its size is known. */
  #allocated = 0;
  #mayHaveHoles: boolean | undefined;

  /** Takes over an open file descriptor. */
  constructor(linux: Linux, number: number, subject: Subject) {
    this.linux = linux;
    this.#number = number;
    this.#subject = subject;
  }

  /** What messages name: the path it was opened by, or words (`standard input`). */
  get subject(): Uint8Array | string {
    if (typeof this.#subject === "function") this.#subject = this.#subject();
    return this.#subject;
  }

  /**
   * Opens a file.
   *
   * @throws {SyscallError} If it cannot be opened.
   */
  static open(linux: Linux, path: Uint8Array, options: OpenOptions): Fd {
    const { flags, mode = 0, at, shown = path } = options;
    const number = tryOpen(at ?? workingDirectory(linux), cString(path), flags, mode);
    return new Fd(linux, checkResult("openat", number, { action: "open", subject: shown }), shown);
  }

  /**
   * The file descriptor.
   *
   * @throws {TypeError} If it has been closed: the number may be another file's by now.
   */
  get number(): number {
    if (this.#number < 0) throw this.#closedError();
    return this.#number;
  }

  /** Length in bytes when it, or `stat`, was first asked for. */
  get size(): number {
    return this.#size ??= this.sizeAndMode().size;
  }

  /** Asks the kernel for what is most often needed: length in bytes and `st_mode`. */
  sizeAndMode(): { readonly size: number; readonly mode: number } {
    this.#stat();
    const { size, blocks, mode } = SCRATCH;
    this.#keepSize(size, blocks);
    return { size, mode };
  }

  /** Asks the kernel which device the file is on. */
  device(): { readonly major: number; readonly minor: number } {
    this.#stat();
    return SCRATCH.device;
  }

  /** Asks the kernel what the file is now. */
  stat(): FileStat {
    this.#stat();
    const stat = SCRATCH.all();
    this.#keepSize(stat.size, stat.blocks);
    return stat;
  }

  /** See {@linkcode File.nextData}. */
  nextData(position: number): Stretch | undefined {
    const { size } = this;
    this.#mayHaveHoles ??= mayHaveHoles(this, size, this.#allocated);
    return this.#mayHaveHoles
      ? nextData(this, position, () => this.stat().size)
      : { start: position, end: Infinity };
  }

  /**
   * Reads on from where the last call ended, waiting for data where a stream has none yet.
   *
   * @returns How many bytes were read, possibly fewer than asked; 0 exactly at the end.
   */
  read(into: Uint8Array<ArrayBuffer>): number {
    const count = Math.min(into.length, MAX_TRANSFER);
    while (true) {
      this.linux.signals.check();
      const result = tryRead(this, into, count);
      if (result !== -ERRNO.EAGAIN) return this.#check(result, "read", "read");
      waitFor(this, POLLIN);
    }
  }

  /** Reads `into.length` bytes from `position` on; see {@linkcode File.readAt}. */
  readAt(into: Uint8Array<ArrayBuffer>, position: number): number {
    let done = 0;
    while (done < into.length) {
      this.linux.signals.checkNowAndThen();
      const rest = done === 0 ? into : into.subarray(done);
      const count = Math.min(rest.length, MAX_TRANSFER);
      const result = this.#check(tryReadAt(this, rest, count, position + done), "pread", "read");
      if (result === 0) break;
      done += result;
    }
    return done;
  }

  /**
   * Reads the whole file by a single call, if it is as long as it should be.
   *
   * @param buffer Has room for more than `size` bytes.
   * @returns A view of the buffer; undefined if the file is of another length, or cannot be read that way:
   * then other calls tell why.
   */
  readWhole(buffer: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> | undefined {
    this.linux.signals.checkNowAndThen();
    // The byte behind the end is asked for to see that there is none.
    return tryReadAt(this, buffer, size + 1, 0) === size ? viewOf(buffer, 0, size) : undefined;
  }

  /**
   * Reads on to the end in chunks.
   *
   * @param buffer Holds each chunk until the next is asked for; the chunks are views of it.
   */
  *chunks(buffer: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
    for (let count = this.read(buffer); count > 0; count = this.read(buffer)) {
      yield count === buffer.length ? buffer : buffer.subarray(0, count);
    }
  }

  /**
   * Reads on to the end, all of it into memory.
   *
   * @returns Undefined if there are more than `limit` bytes.
   */
  readAll(limit: number = MAX_TRANSFER): Uint8Array<ArrayBuffer> | undefined {
    if (this.size > limit) return undefined;
    // One byte more than there is shows the end; some files, of /proc, do not say how much there is.
    let buffer = new Uint8Array(Math.max(65536, this.size + 1));
    let length = 0;
    while (true) {
      const count = this.read(buffer.subarray(length));
      if (count === 0) return buffer.subarray(0, length);
      length += count;
      if (length > limit) return undefined;
      if (length === buffer.length) {
        const larger = new Uint8Array(2 * length);
        larger.set(buffer);
        buffer = larger;
      }
    }
  }

  /** Writes all of `bytes` where the last call ended, waiting where a stream takes none. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    let done = 0;
    while (done < bytes.length) {
      this.linux.signals.check();
      const rest = done === 0 ? bytes : bytes.subarray(done);
      const result = tryWrite(this, rest, Math.min(rest.length, MAX_TRANSFER));
      if (result === -ERRNO.EAGAIN) waitFor(this, POLLOUT);
      else done += this.#check(result, "write", "write");
    }
  }

  /** Writes the first `length` bytes of `bytes` at `position`. */
  writeAt(bytes: Uint8Array<ArrayBuffer>, position: number, length: number = bytes.length): void {
    let done = 0;
    while (done < length) {
      this.linux.signals.check();
      const rest = done === 0 ? bytes : bytes.subarray(done);
      const count = Math.min(length - done, MAX_TRANSFER);
      done += this.#check(tryWriteAt(this, rest, count, position + done), "pwrite", "write");
    }
  }

  /** Makes the file empty. */
  truncate(): void {
    truncate(this, 0, { action: "write", subject: this.subject });
  }

  /** Sets the permissions, whatever the umask. */
  chmod(mode: number): void {
    this.#check(tryChmod(this, mode), "fchmod", "change the mode of");
  }

  /** Waits until the file's contents and metadata (a directory's entries) survive a crash. */
  sync(): void {
    sync(this);
  }

  /**
   * Closes the file; a second time does nothing.
   *
   * @throws {SyscallError} If data written earlier was lost, as network file systems report it now.
   */
  close(): void {
    if (this.#number < 0) return;
    const { linux, number } = this;
    this.#number = -1;
    this.#check(tryClose({ linux, number }), "close", "close");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The file as messages show it: a path in quotes, or the words. */
  get shown(): string {
    return typeof this.subject === "string" ? this.subject : quote(this.subject);
  }

  #keepSize(size: number, blocks: number): void {
    if (this.#size !== undefined) return;
    this.#size = size;
    this.#allocated = blocks * STAT_BLOCK_SIZE;
  }

  #stat(): void {
    this.#check(SCRATCH.tryFile(this), "statx", "stat");
  }

  #check(result: number, syscall: string, action: string): number {
    if (result >= 0) return result;
    return checkResult(syscall, result, { action, subject: this.subject });
  }

  #closedError(): TypeError {
    return new TypeError(`Cannot use ${this.shown}: it is closed`);
  }
}

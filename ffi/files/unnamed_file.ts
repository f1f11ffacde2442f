/**
 * A file that gets its name when it is complete.
 *
 * Where the file system can, it has no name at all before that (`O_TMPFILE`), so that a process killed
 * on the way leaves nothing, but for a moment in which it takes the place of another. Elsewhere it has a temporary
 * name, which is removed unless it is published.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { ERRNO, mayBeMissing, SyscallError } from "../sys/errno.ts";
import { tryOpen } from "../sys/file_calls.ts";
import {
  type NameIn,
  tryLink,
  tryLinkDescriptor,
  tryRemove,
  tryRename,
  tryRenameWith,
} from "../sys/name_calls.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { cString, descriptorPath } from "../sys/path.ts";
import { hasName, lockTemporary, randomSeed, temporaryName } from "./temporary.ts";
import { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, RENAME_NOREPLACE } from "../sys/uapi.ts";

const DOT = utf8(".");

/** File systems that have no O_TMPFILE say so in these ways. */
const NO_TMPFILE: readonly number[] = [
  ERRNO.EOPNOTSUPP,
  ERRNO.EISDIR,
  ERRNO.ENOENT,
  ERRNO.EINVAL,
];

/** A file without its final name, as one thread of a process hands it to another. */
export interface DraftHandle {
  /** File descriptor. */
  readonly number: number;
  /** Makes up its temporary name; 0 if it has none. Below 2^53. */
  readonly seed: number;
}

/** A file under construction. Dispose of it, or declare it with `using`: published or not. */
export class UnnamedFile implements Disposable {
  readonly #linux: Linux;
  readonly #directory: Fd;
  /** What its temporary name is made of; 0 if it has none. */
  #seed: number;
  #file: Fd;

  private constructor(directory: Fd, file: Fd, seed: number) {
    this.#linux = directory.linux;
    this.#directory = directory;
    this.#file = file;
    this.#seed = seed;
  }

  /** Takes over a file that another thread has created in the same directory and handed out. */
  static fromHandle(directory: Fd, handle: DraftHandle, shown: Uint8Array): UnnamedFile {
    return new UnnamedFile(directory, new Fd(directory.linux, handle.number, shown), handle.seed);
  }

  /**
   * Creates an empty file in a directory, open for reading and writing.
   *
   * @param mode Its permissions before the umask.
   * @param shown The path that messages name.
   * @throws {SyscallError} If it cannot be created.
   */
  static create(directory: Fd, mode: number, shown: Uint8Array): UnnamedFile {
    const { linux } = directory;
    // Without /proc there is no way for everybody to give an unnamed file a name.
    if (linux.hasProc) {
      const flags = linux.flags.O_TMPFILE | O_RDWR;
      const number = tryOpen(directory, cString(DOT), flags, mode);
      if (number >= 0) {
        return new UnnamedFile(directory, new Fd(linux, number, shown), 0);
      }
      if (!NO_TMPFILE.includes(-number)) {
        throw new SyscallError(-number, { syscall: "openat", action: "create", subject: shown });
      }
    }
    while (true) {
      const seed = randomSeed();
      const name = temporaryName(seed);
      const flags = O_CREAT | O_EXCL | O_RDWR;
      const file = Fd.open(linux, name, { flags, mode, at: directory, shown });
      // Between its creation and its lock another process may have removed it as left over.
      if (lockTemporary(file) && hasName(directory, name, file)) {
        return new UnnamedFile(directory, file, seed);
      }
      file.close();
    }
  }

  /** What {@linkcode UnnamedFile.fromHandle} takes; its caller then disposes of the file. */
  get handle(): DraftHandle {
    return { number: this.#file.number, seed: this.#seed };
  }

  /** Whether it has a temporary name, under which it would stay if the process ended now. */
  get hasName(): boolean {
    return this.#seed !== 0;
  }

  /** The file itself. */
  get file(): Fd {
    return this.#file;
  }

  /**
   * Closes the file for writing and opens it for reading only, as fs-verity wants it.
   *
   * @throws {SyscallError} If it cannot be opened again.
   */
  reopenForReading(): void {
    const linux = this.#linux;
    const { subject } = this.#file;
    const shown = typeof subject === "string" ? utf8(subject) : subject;
    const reader = this.#seed === 0
      ? Fd.open(linux, descriptorPath(this.#file.number), { flags: O_RDONLY, shown })
      : Fd.open(linux, temporaryName(this.#seed), { flags: O_RDONLY, at: this.#directory, shown });
    // The lock is that of the descriptor which is closed now.
    if (this.#seed !== 0) lockTemporary(reader);
    this.#file.close();
    this.#file = reader;
  }

  /**
   * Gives the file its name, unless that is taken.
   *
   * @param into The directory it gets it in, of the same file system: that it was created in by default.
   * @returns 0, or the negated error number: that of `EEXIST` if the name is taken.
   */
  tryPublish(name: Uint8Array, into: Fd = this.#directory): number {
    const to = { at: into, name: cString(name) };
    if (this.#seed === 0) {
      return tryLinkDescriptor(cString(descriptorPath(this.#file.number)), to);
    }
    const from = this.#temporary;
    const moved = tryRenameWith(from, to, RENAME_NOREPLACE);
    if (moved === 0) this.#seed = 0;
    return mayBeMissing(moved) ? tryLink(from, to) : moved;
  }

  /**
   * Gives the file its name in place of whatever has it.
   *
   * @param into As for {@linkcode UnnamedFile.tryPublish}.
   * @returns 0, or the negated error number.
   */
  tryReplace(name: Uint8Array, into: Fd = this.#directory): number {
    if (this.#seed === 0) {
      const seed = randomSeed();
      lockTemporary(this.#file);
      const published = this.tryPublish(temporaryName(seed));
      if (published < 0) return published;
      this.#seed = seed;
    }
    const result = tryRename(this.#temporary, { at: into, name: cString(name) });
    if (result === 0) this.#seed = 0;
    return result;
  }

  [Symbol.dispose](): void {
    if (this.#seed !== 0) {
      // What cannot be removed stays under its temporary name: the error that led here matters more.
      tryRemove(this.#directory, this.#temporary.name);
      this.#seed = 0;
    }
    this.#file.close();
  }

  get #temporary(): NameIn {
    return { at: this.#directory, name: cString(temporaryName(this.#seed)) };
  }
}

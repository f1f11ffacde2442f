/**
 * A directory tree as the kernel shows it: the `SourceTree` that images are made of.
 *
 * Names are bytes, times have their nanoseconds, symbolic links are never followed and paths may be of
 * any length. Owners, modes, devices and xattrs come from libc's functions, so that fakeroot's show.
 *
 * @module
 */

import { IntegrityError } from "../../lib/digest/integrity_error.ts";
import { quote } from "../../lib/bytes/text.ts";
import type {
  ListOptions,
  SourceEntry,
  SourceInfo,
  SourceTree,
  XattrFilter,
} from "../../lib/tree/source.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { DirectoryReader } from "../files/directory.ts";
import { Fd } from "../files/fd.ts";
import { Fingerprinter } from "./_fingerprint.ts";
import type { Linux } from "../sys/linux.ts";
import { NameBuffer } from "../files/name_buffer.ts";
import { DirectoryOpener } from "../files/open_beneath.ts";
import { hidesOwners, UNMAPPED_OWNER } from "./_owner_map.ts";
import { cString, descriptorPath, joinPath } from "../sys/path.ts";
import { StatReader } from "./_stat_reader.ts";
import { DT_BLK, DT_CHR, DT_DIR, DT_UNKNOWN, O_NONBLOCK, O_PATH, O_RDONLY } from "../sys/uapi.ts";
import { XattrReader, type XattrSubject } from "./_xattrs.ts";

/**
 * Opens a directory tree.
 *
 * A root that is a symbolic link is not followed, unless its path ends in a slash. It need not be a
 * directory.
 *
 * @throws {SyscallError} If there is no such file, or the way to it is barred.
 */
export function openSourceTree(linux: Linux, root: Uint8Array): DirectoryTree {
  const flags = O_PATH | linux.flags.O_NOFOLLOW;
  return new DirectoryTree(Fd.open(linux, root, { flags }), root);
}

const EMPTY: Uint8Array = new Uint8Array();

/**
 * A tree below an open file. Dispose of it, or declare it with `using`, unless another thread has lent
 * the file: then call {@linkcode DirectoryTree.leaveDirectory}.
 */
export class DirectoryTree implements SourceTree, Disposable {
  readonly #linux: Linux;
  readonly #root: Fd;
  readonly #rootPath: Uint8Array;
  readonly #opener: DirectoryOpener;
  readonly #directories = new DirectoryReader();
  readonly #stats: StatReader;
  readonly #xattrs: XattrReader;
  readonly #name = new NameBuffer();
  readonly #fingerprinter = new Fingerprinter();
  #unmapped = 0;

  /** @param rootPath Path of the root, for messages. */
  constructor(root: Fd, rootPath: Uint8Array) {
    this.#linux = root.linux;
    this.#root = root;
    this.#rootPath = rootPath;
    this.#opener = new DirectoryOpener(root);
    this.#stats = new StatReader();
    this.#xattrs = new XattrReader(root.linux);
  }

  root(xattrs: XattrFilter): SourceInfo {
    const shown = () => this.#rootPath;
    const entry = this.#stats.read(this.#root, shown);
    // By its descriptor the very file that was opened is asked, whatever its path leads to by now; the
    // link in /proc is followed, a symbolic link behind it is not.
    const subject: XattrSubject = this.#linux.hasProc
      ? { path: () => cString(descriptorPath(this.#root.number)), follow: true, shown }
      : { path: () => cString(this.#rootPath), follow: false, shown };
    entry.stat.xattrs = this.#xattrs.read(subject, xattrs);
    return entry;
  }

  /** Files that have been listed and whose owners the user namespace of this process cannot tell. */
  get hiddenOwners(): number {
    return this.#unmapped > 0 && hidesOwners(this.#linux) ? this.#unmapped : 0;
  }

  list(path: Uint8Array, options: ListOptions): SourceEntry[] {
    const { skipDevices = false, isExcluded, fingerprints, xattrs: filter } = options;
    const flags = O_RDONLY | this.#linux.flags.O_DIRECTORY;
    const shownDirectory = joinPath(this.#rootPath, path);
    using directory = this.#opener.openAlone(path, { flags, shown: () => shownDirectory });
    const fingerprinter = this.#fingerprinter;
    fingerprinter.enter(directory, Date.now());
    const entries: SourceEntry[] = [];
    const terminated = this.#name;
    let current = EMPTY;
    // One of each for all entries: there are many.
    const shown = () => joinPath(shownDirectory, current);
    const subject: XattrSubject = {
      path: () => cString(joinPath(this.#pathOf(directory, shownDirectory), current)),
      follow: false,
      shown,
    };
    this.#directories.read(directory, (name, type) => {
      if (skipDevices && (type === DT_BLK || type === DT_CHR)) return;
      if (type !== DT_UNKNOWN && isExcluded?.(name, type === DT_DIR)) return;
      current = name;
      terminated.set(name);
      const entry = this.#stats.readEntry(
        directory,
        name,
        terminated.bytes,
        shown,
        fingerprinter,
        fingerprints,
      );
      if (skipDevices && (entry.kind === "block" || entry.kind === "character")) return;
      if (type === DT_UNKNOWN && isExcluded?.(name, entry.kind === "directory")) return;
      const { uid, gid } = entry.stat;
      if (uid === UNMAPPED_OWNER || gid === UNMAPPED_OWNER) this.#unmapped++;
      entry.stat.xattrs = this.#xattrs.readEntry(directory, terminated.bytes, subject, filter);
      entries.push(entry);
    });
    return entries;
  }

  /** A short path to an open directory, or its own where there is no `/proc`. */
  #pathOf({ number }: Fd, shown: Uint8Array): Uint8Array {
    return this.#linux.hasProc ? descriptorPath(number) : shown;
  }

  /** Closes the directory that is kept open for the next file, and not the root. */
  leaveDirectory(): void {
    this.#opener[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.leaveDirectory();
    this.#root.close();
  }

  /** What another thread needs to read the same tree. */
  get shared(): { readonly number: number; readonly path: Uint8Array } {
    return { number: this.#root.number, path: this.#rootPath };
  }

  open(path: Uint8Array): Fd {
    const file = this.openAny(path);
    try {
      this.checkRegular(path, file);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Opens whatever is there, other than a symbolic link. */
  openAny(path: Uint8Array): Fd {
    const shown = () => joinPath(this.#rootPath, path);
    // Should the file have become a fifo, opening it must not wait for a writer.
    return this.#opener.open(path, { flags: O_RDONLY | O_NONBLOCK, shown });
  }

  /** @throws {IntegrityError} If what was opened by this path is no regular file. */
  checkRegular(path: Uint8Array, file: Fd): void {
    const kind = kindOfMode(file.sizeAndMode().mode);
    if (kind === "regular") return;
    const shown = quote(joinPath(this.#rootPath, path));
    const state = `a ${kind ?? "strange"} file, expected a regular one`;
    throw new IntegrityError("kind", shown, state, "read");
  }
}

/**
 * A directory that is made under another name, and takes its own when it is complete.
 *
 * @module
 */

import { quote } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { DirectoryReader } from "./directory.ts";
import { checkResult } from "../sys/call.ts";
import { SyscallError } from "../sys/errno.ts";
import { syncFileSystem } from "../sys/file_calls.ts";
import { makeDirectory, tryRemove, tryRename } from "../sys/name_calls.ts";
import { statAt } from "../sys/stat.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { cString, splitPath } from "../sys/path.ts";
import { openDirectory } from "./place.ts";
import { makeAccessible, removeTree } from "./_remove_tree.ts";
import { hasName, lockTemporary, randomSeed, removeLeftovers, temporaryName } from "./temporary.ts";
import { AT_REMOVEDIR, O_RDONLY } from "../sys/uapi.ts";

const SLASH = 0x2f;
const PRIVATE = 0o700;

/** A directory under construction. Dispose of it, or declare it with `using`: published or not. */
export class Replacement implements Disposable {
  readonly #parent: Fd;
  readonly #path: Uint8Array;
  readonly #name: Uint8Array;
  #temporary = temporaryName(randomSeed());
  #directory: Fd | undefined;
  #isPublished = false;

  /**
   * Makes a new, empty directory beside `path`, for its owner only.
   *
   * @param path Nothing may be there, or an empty directory.
   * @throws {RangeError} If something else is there.
   * @throws {SyscallError} If the directory cannot be made.
   */
  constructor(linux: Linux, path: Uint8Array) {
    this.#path = path;
    const { directory, name } = splitDestination(path);
    this.#name = name;
    this.#parent = openDirectory(linux, directory, "extract to");
    try {
      checkPlace(this.#parent, this.#name, path);
      removeLeftovers(this.#parent);
      while (!this.#make()) this.#temporary = temporaryName(randomSeed());
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The directory, open, whatever its name is. */
  get directory(): Fd {
    return this.#directory!;
  }

  /**
   * Gives the directory its name, with all that is in it on the disk.
   *
   * @throws {SyscallError} If something stands there by now, or the disk does not take it.
   */
  publish(): void {
    syncFileSystem(this.directory);
    const at = this.#parent;
    const to = { at, name: cString(this.#name) };
    const moved = tryRename({ at, name: cString(this.#temporary) }, to);
    checkResult("renameat", moved, { action: "create", subject: this.#path });
    this.#isPublished = true;
    this.#parent.sync();
  }

  [Symbol.dispose](): void {
    try {
      if (this.#directory !== undefined && !this.#isPublished) {
        this.#directory.close();
        removeTree(this.#parent, this.#temporary, this.#path);
      }
    } finally {
      this.#directory?.close();
      this.#parent.close();
    }
  }

  /** Returns false if another process removed it as left over, in the moment before it was locked. */
  #make(): boolean {
    const { linux } = this.#parent;
    const name = cString(this.#temporary);
    makeDirectory(this.#parent, name, PRIVATE, { action: "create", subject: this.#path });
    // The umask may have taken away what its owner needs, to open it as well.
    makeAccessible(this.#parent, this.#temporary);
    const flags = O_RDONLY | linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
    const options = { flags, at: this.#parent, shown: this.#path };
    try {
      this.#directory = Fd.open(linux, this.#temporary, options);
    } catch (error) {
      if (error instanceof SyscallError && error.code === "ENOENT") return false;
      tryRemove(this.#parent, name, AT_REMOVEDIR);
      throw error;
    }
    if (lockTemporary(this.#directory) && hasName(this.#parent, this.#temporary, this.#directory)) {
      return true;
    }
    this.#directory.close();
    this.#directory = undefined;
    return false;
  }
}

/**
 * Makes sure that a directory could be made at a path, as far as can be told without writing.
 *
 * @throws {RangeError} If something else than an empty directory is there.
 * @throws {SyscallError} If the directory it would be in cannot be opened.
 */
export function checkReplaceable(linux: Linux, path: Uint8Array): void {
  const { directory, name } = splitDestination(path);
  using parent = openDirectory(linux, directory, "extract to");
  checkPlace(parent, name, path);
}

/** The directory that a path leads to, and the name in it. */
function splitDestination(path: Uint8Array): ReturnType<typeof splitPath> {
  let end = path.length;
  while (end > 0 && path[end - 1] === SLASH) end--;
  const split = splitPath(path.subarray(0, end));
  const { name } = split;
  if (name.length === 0 || name.every((byte) => byte === 0x2e) && name.length <= 2) {
    throw inTheWay(path, "expected a name to give to the new directory");
  }
  return split;
}

function checkPlace(parent: Fd, name: Uint8Array, path: Uint8Array): void {
  const { linux } = parent;
  const found = statAt(parent, name, { action: "stat", subject: path });
  if (found === undefined) return;
  const kind = kindOfMode(found.mode);
  if (kind !== "directory") {
    const state = `a ${kind ?? "strange"} file is there, expected nothing or a directory`;
    throw inTheWay(path, state);
  }
  const { devMajor, devMinor } = parent.stat();
  if (devMajor !== found.devMajor || devMinor !== found.devMinor) {
    throw inTheWay(path, "it is a mount point, expected a directory in it");
  }
  const flags = O_RDONLY | linux.flags.O_DIRECTORY | linux.flags.O_NOFOLLOW;
  using directory = Fd.open(linux, name, { flags, at: parent, shown: path });
  new DirectoryReader().read(directory, () => {
    throw inTheWay(path, "the directory is not empty");
  });
}

function inTheWay(path: Uint8Array, state: string): RangeError {
  return new RangeError(`Cannot extract to ${quote(path)}: ${state}`);
}

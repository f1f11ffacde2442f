/**
 * A temporary directory that gives a mount a path, for kernels that take layers by path only. It is removed
 * with the mount on it before the overlay is attached.
 *
 * @module
 */

import { quote, utf8 } from "../../lib/bytes/text.ts";
import { ERRNO, SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { tryMakeDirectory, tryRemove } from "../sys/name_calls.ts";
import { tryUnmount } from "../sys/mount_calls.ts";
import { workingDirectory } from "../sys/call.ts";
import { mountError } from "./_mount_error.ts";
import { cString } from "../sys/path.ts";
import { AT_REMOVEDIR } from "../sys/uapi.ts";
import { MNT_DETACH } from "../sys/uapi_mount.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Attempts to find a name that is not taken: 62^6 names make a second one rare. */
const MAX_ATTEMPTS = 100;

/** How often a call that gives something back is made if it fails: nothing better can be done. */
const PERSISTENCE = 3;

/**
 * Where the directory may be made: an initramfs has a `/run` and no `/tmp`, and `/run` is no place that
 * others can write to.
 */
const PLACES = ["/run", "/tmp"];

/** A directory of our own. */
export class ScratchMount implements Disposable {
  readonly path: Uint8Array<ArrayBuffer>;
  readonly #linux: Linux;
  #exists = true;
  #mounted = false;

  private constructor(linux: Linux, path: Uint8Array<ArrayBuffer>) {
    this.#linux = linux;
    this.path = path;
  }

  /**
   * Makes the directory.
   *
   * @throws {SyscallError} If it cannot be made.
   */
  static create(linux: Linux): ScratchMount {
    let errno: number = ERRNO.ENOENT;
    for (const place of PLACES) {
      const made = ScratchMount.#createIn(linux, place);
      if (typeof made !== "number") return made;
      errno = made;
    }
    throw mountError("scratch", `in ${PLACES.join(" or ")}`, errno, { syscall: "mkdirat" });
  }

  static #createIn(linux: Linux, place: string): ScratchMount | number {
    let errno: number = ERRNO.EEXIST;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && errno === ERRNO.EEXIST; attempt++) {
      const path = utf8(`${place}/.composefs.${randomLetters(6)}`);
      const made = tryMakeDirectory(workingDirectory(linux), cString(path), 0o700);
      if (made === 0) return new ScratchMount(linux, path);
      errno = -made;
    }
    return errno;
  }

  /** Says that a mount was attached to the directory, which is now to be undone as well. */
  markMounted(): void {
    this.#mounted = true;
  }

  /**
   * Unmounts and removes the directory; does nothing the second time.
   *
   * @throws {SyscallError} If something of it is left.
   */
  remove(): void {
    if (this.#mounted) {
      this.#insist("umount2", () => tryUnmount(this.#linux, this.path, MNT_DETACH));
      this.#mounted = false;
    }
    if (!this.#exists) return;
    const at = workingDirectory(this.#linux);
    this.#insist("unlinkat", () => tryRemove(at, cString(this.path), AT_REMOVEDIR));
    this.#exists = false;
  }

  /** Removes what is left after a failure, which is what gets reported. */
  [Symbol.dispose](): void {
    try {
      this.remove();
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }

  #insist(syscall: string, call: () => number): void {
    let result = -1;
    for (let i = 0; i < PERSISTENCE && result < 0; i++) result = call();
    if (result < 0) {
      throw mountError("cleanUp", quote(this.path), -result, { syscall });
    }
  }
}

function randomLetters(count: number): string {
  const random = crypto.getRandomValues(new Uint32Array(count));
  return Array.from(random, (value) => LETTERS[value % LETTERS.length]).join("");
}

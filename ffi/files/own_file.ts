/**
 * Files that one run writes and later runs trust, so that only their owner may have written them.
 *
 * @module
 */

import { kindOfMode } from "../../lib/tree/tree.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY } from "../sys/uapi.ts";

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;

/** A file is of another kind, or others could have written it; the message says what it is and no more. */
export class NotOwnFileError extends Error {
  /** `NotOwnFileError`, as messages of runtimes begin with. */
  override readonly name = "NotOwnFileError";
}

/**
 * Opens a file that only its owner, who is the effective user or root, may write to. No symbolic link is
 * followed, and a fifo is not waited for.
 *
 * @throws {SyscallError} If it cannot be opened.
 * @throws {NotOwnFileError} If it is another kind of file, or others could have written it.
 */
export function openOwnFile(linux: Linux, path: Uint8Array): Fd {
  const { O_NOFOLLOW } = linux.flags;
  // Looked at before it is opened for reading, by which some devices begin to do something.
  using found = Fd.open(linux, path, { flags: O_PATH | O_NOFOLLOW });
  check(found);
  const file = Fd.open(linux, path, { flags: O_RDONLY | O_NONBLOCK | O_NOFOLLOW });
  try {
    check(file);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function check(file: Fd): void {
  const { mode, uid } = file.stat();
  const kind = kindOfMode(mode);
  if (kind !== "regular") {
    throw new NotOwnFileError(`a ${kind ?? "strange"} file, expected a regular one`);
  }
  const user = file.linux.userId();
  if (uid !== user && uid !== ROOT) {
    throw new NotOwnFileError(`it belongs to user ${uid}, expected ${user}`);
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, "0");
    throw new NotOwnFileError(`others than its owner may write to it (mode ${shown})`);
  }
}

/**
 * Opens files of unknown kind to be read to the end. Those without an end, such as most devices, and those
 * that would make the reader wait, such as fifos, are refused.
 *
 * @module
 */

import { kindOfMode } from "../../lib/tree/tree.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "../sys/linux.ts";
import { fileSystemType } from "../sys/metadata_calls.ts";
import { O_NONBLOCK, O_PATH, O_RDONLY, PIPEFS_MAGIC } from "../sys/uapi.ts";

/** Paths by which a process names what it has open already. */
const DESCRIPTOR_PATH = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/(?:self|thread-self|\d+)\/fd\/\d+)$/;

/** `/dev/null`, which ends at once. */
const NULL_DEVICE = { major: 1, minor: 3 };

/** Which files are opened besides regular ones and block devices. */
export interface OpenFiniteOptions {
  /**
   * `"pipe"`: a pipe that this process has open already, as `/dev/stdin`. To open another fifo would be to
   * wait for its writer, perhaps for ever. `"null"`: `/dev/null`, which is as good as an empty file.
   */
  readonly also?: "pipe" | "null";
}

/**
 * Opens a file for reading that has an end, without waiting for anything.
 *
 * @throws {SyscallError} If it cannot be opened.
 * @throws {Error} If it is another kind of file.
 */
export function openFiniteFile(
  linux: Linux,
  path: Uint8Array,
  options: OpenFiniteOptions = {},
): Fd {
  // Some devices begin to do something when they are opened for reading.
  {
    using found = Fd.open(linux, path, { flags: O_PATH });
    checkKind(found, path, options);
  }
  const file = Fd.open(linux, path, { flags: O_RDONLY | O_NONBLOCK });
  try {
    checkKind(file, path, options);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkKind(file: Fd, path: Uint8Array, { also }: OpenFiniteOptions): void {
  const kind = kindOfMode(file.sizeAndMode().mode);
  // To read a directory fails with words of its own.
  if (kind === "regular" || kind === "block" || kind === "directory") return;
  if (kind === "fifo" && also === "pipe" && isOwnPipe(file, path)) return;
  if (kind === "character" && also === "null" && isNull(file)) return;
  const shown = kind === "character" ? "a character device" : `a ${kind ?? "strange file"}`;
  throw new Error(
    `Cannot open ${file.shown}: ${shown}, expected a regular file or a block device`,
  );
}

/** Tells whether a fifo is open in this process, or has no name by which another could open it. */
function isOwnPipe(file: Fd, path: Uint8Array): boolean {
  if (DESCRIPTOR_PATH.test(new TextDecoder().decode(path))) return true;
  return fileSystemType(file) === PIPEFS_MAGIC;
}

function isNull(file: Fd): boolean {
  const { rdevMajor, rdevMinor } = file.stat();
  return rdevMajor === NULL_DEVICE.major && rdevMinor === NULL_DEVICE.minor;
}

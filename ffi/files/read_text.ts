/**
 * Small files of the system, as text.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { SyscallError } from "../sys/errno.ts";
import type { Linux } from "../sys/linux.ts";
import { O_NONBLOCK, O_RDONLY } from "../sys/uapi.ts";
import { closeQuietly } from "./closing.ts";
import { Fd } from "./fd.ts";

/** Longer ones are none of those that are asked for; the longest, the list of a kernel's modules, takes 1 MiB. */
const MAX_TEXT = 2 ** 24;

/** A small file of `/proc`, `/sys` or `/lib` as text, undefined if it cannot be read. */
export function readText(linux: Linux, path: string): string | undefined {
  try {
    const file = Fd.open(linux, utf8(path), { flags: O_RDONLY | O_NONBLOCK });
    try {
      const bytes = file.readAll(MAX_TEXT);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    } finally {
      closeQuietly(file);
    }
  } catch (error) {
    // There may be no /proc, no control groups, or no right to see them.
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

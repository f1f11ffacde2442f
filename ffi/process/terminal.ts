/**
 * What the kernel knows of a terminal: whether a descriptor is one, and how wide.
 *
 * @module
 */

import { tryIoctl } from "../sys/file_calls.ts";
import type { Linux } from "../sys/linux.ts";
import { TIOCGWINSZ, WINSIZE } from "../sys/uapi.ts";

/** Columns of the terminal behind a descriptor, 0 if it does not say, undefined if it is none. */
export function terminalColumns(linux: Linux, descriptor: number): number | undefined {
  const buffer = new Uint8Array(WINSIZE.size);
  if (tryIoctl({ linux, number: descriptor }, TIOCGWINSZ, buffer) < 0) return undefined;
  return WINSIZE.read(new DataView(buffer.buffer), 0).col;
}

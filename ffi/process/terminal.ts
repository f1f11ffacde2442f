/**
 * What the kernel knows of a terminal: whether a descriptor is one, and how wide.
 *
 * @module
 */

import { record, reserved, u16 } from "../../lib/bytes/struct.ts";
import type { Linux } from "../sys/linux.ts";

/** `TIOCGWINSZ` of `asm-generic/ioctls.h`. */
const TIOCGWINSZ = 0x5413;

/** `struct winsize`. */
const WINSIZE = record({ row: u16, col: u16, pixels: reserved(4) });

/** Columns of the terminal behind a descriptor, 0 if it does not say, undefined if it is none. */
export function terminalColumns(linux: Linux, descriptor: number): number | undefined {
  const buffer = new Uint8Array(WINSIZE.size);
  if (linux.retry(() => linux.libc.ioctl(descriptor, TIOCGWINSZ, buffer)) < 0) return undefined;
  return WINSIZE.read(new DataView(buffer.buffer), 0).col;
}

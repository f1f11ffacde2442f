/**
 * Closing descriptors where nothing can be lost by it.
 *
 * @module
 */

import { SyscallError } from "../sys/errno.ts";
import type { Fd } from "./fd.ts";

/** Closes a descriptor whose loss cannot lose data; the number is free whatever close(2) says. */
export function closeQuietly(file: Fd): void {
  try {
    file.close();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

/** Has a descriptor closed with the rest of a stack, and hands it on. */
export function closeWith(stack: DisposableStack, file: Fd): Fd {
  return stack.adopt(file, closeQuietly);
}

/**
 * What to say of operands that stand in each other's place.
 *
 * @module
 */

import { SyscallError } from "../../ffi/sys/errno.ts";
import type { Machine } from "../../ffi/machine.ts";
import { quote } from "../../lib/bytes/text.ts";
import type { Context } from "../args/command.ts";
import { UsageError } from "../args/usage_error.ts";
import { isImage, TELLING_SIZE } from "./kind_of_file.ts";
import { parseReference } from "./reference.ts";

/**
 * The error for an image in second place where there is none in the first.
 *
 * @param name What the help calls the second operand.
 * @returns Undefined if the operands stand where they belong, as far as can be told.
 */
export function orderError(
  first: Uint8Array<ArrayBuffer>,
  second: Uint8Array,
  name: string,
  { machine }: Pick<Context, "machine">,
): UsageError | undefined {
  if (!isImageFile(second, machine)) return undefined;
  // Whoever says what the first is has not taken it for something else.
  const { transport, isStream, rest } = parseReference(first);
  if (transport !== undefined || isStream || isImageFile(rest, machine)) return undefined;
  const message = `Cannot use ${quote(second)} as ${name}: it is an image, which comes first`;
  return new UsageError(message, { usage: false });
}

function isImageFile(path: Uint8Array, machine: Machine): boolean {
  try {
    const { kind, head } = machine.readStart(path, TELLING_SIZE);
    return kind === "regular" && isImage(head);
  } catch (error) {
    // What cannot be read is told of by whoever has to read it.
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

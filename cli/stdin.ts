/**
 * Standard input as a command reads it: by the name `-` in place of a path.
 *
 * @module
 */

import type { Context } from "./args/command.ts";

/** Tells whether an operand is `-`, which stands for standard input or, where something is written, output. */
export function isStdin(operand: Uint8Array): boolean {
  return operand.length === 1 && operand[0] === 0x2d;
}

/** Reads a file, or standard input for `-`, in chunks each of which has memory of its own. */
export function readInput(
  path: Uint8Array,
  { terminal, machine }: Pick<Context, "terminal" | "machine">,
): Iterable<Uint8Array<ArrayBuffer>> {
  return isStdin(path) ? terminal.stdin() : machine.readFile(path);
}

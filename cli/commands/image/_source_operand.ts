/**
 * The operand SOURCE of `create`: a directory, or a dump with `--from-file`; and what to say where it is
 * something else that people give.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import { u32 } from "../../../lib/bytes/struct.ts";
import { printable } from "../../../lib/bytes/text.ts";
import { COMPOSEFS_MAGIC } from "../../../lib/composefs/header.ts";
import type { Context } from "../../args/command.ts";
import { isStdin, readInput } from "../../stdin.ts";
import type { DiskTree } from "../../../ffi/disk.ts";
import type { Machine } from "../../../ffi/machine.ts";

/** SOURCE, and IMAGE if it is given. */
export interface Operands {
  readonly source: Uint8Array;
  readonly image?: Uint8Array | undefined;
}

/**
 * Opens a directory to make an image of.
 *
 * @throws {Error} If it is none; the message says what was probably meant.
 */
export function openDirectory(operands: Operands, machine: Machine): DiskTree {
  const { source } = operands;
  try {
    const tree = machine.openTree(source);
    const { kind } = tree.root("none");
    if (kind === "directory") return tree;
    const meant = hint(operands, machine) ??
      (kind === "regular" ? "; --from-file takes a dump" : "");
    throw new Error(
      `Cannot make an image of "${
        printable(source)
      }": a ${kind} file, expected a directory${meant}`,
    );
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
    throw new Error(`${error.message}${hint(operands, machine) ?? ""}`, { cause: error });
  }
}

/**
 * Reads a dump.
 *
 * @throws {Error} If it is an image.
 */
export function* readDump(path: Uint8Array, context: Context): Generator<Uint8Array<ArrayBuffer>> {
  let isFirst = true;
  for (const chunk of readInput(path, context)) {
    if (isFirst && isImage(chunk)) {
      throw new Error(
        `Cannot read ${shownSource(path)} as a dump file: it is an image, ` +
          'of which "composefs dump" makes one',
      );
    }
    isFirst = false;
    yield chunk;
  }
}

/** SOURCE in a message about a dump. */
export function shownSource(path: Uint8Array): string {
  return isStdin(path) ? "standard input" : `"${printable(path)}"`;
}

function hint({ source, image }: Operands, machine: Machine): string | undefined {
  if (isStdin(source)) return "; - is standard input with --from-file only";
  if (image === undefined || !isDirectory(image, machine)) return undefined;
  return `; "${printable(image)}" is a directory: SOURCE comes first, then IMAGE`;
}

function isDirectory(path: Uint8Array, machine: Machine): boolean {
  try {
    using _ = machine.openLayer(path);
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

function isImage(chunk: Uint8Array): boolean {
  if (chunk.length < u32.size) return false;
  return u32.read(new DataView(chunk.buffer, chunk.byteOffset), 0) === COMPOSEFS_MAGIC;
}

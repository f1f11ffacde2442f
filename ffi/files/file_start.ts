/**
 * What a file of unknown kind is, and its first bytes.
 *
 * @module
 */

import { type FileKind, kindOfMode } from "../../lib/tree/tree.ts";
import { workingDirectory } from "../sys/call.ts";
import type { Linux } from "../sys/linux.ts";
import { cString } from "../sys/path.ts";
import { StatBuffer } from "../sys/stat.ts";
import { openFiniteFile } from "./finite_file.ts";

/** What can be told of a file without taking anything out of it. */
export interface FileStart {
  /** `"fifo"` for a pipe that this process has open already; others are refused. */
  readonly kind: FileKind | undefined;
  /** Its first bytes; none of what can be read only once, or of a directory. */
  readonly head: Uint8Array<ArrayBuffer>;
}

/**
 * Looks at a file, and at its first bytes where they can be read again.
 *
 * @param size How many bytes are looked at, at most.
 * @throws {SyscallError} If it cannot be opened.
 * @throws {Error} If it is of a kind that is not read.
 */
export function readFileStart(linux: Linux, path: Uint8Array, size: number): FileStart {
  using file = openFiniteFile(linux, path, { also: "pipe" });
  const kind = kindOfMode(file.sizeAndMode().mode);
  const head = new Uint8Array(kind === "regular" || kind === "block" ? size : 0);
  return { kind, head: head.subarray(0, file.readAt(head, 0)) };
}

/** For answers that are read before anything else is asked. */
const SCRATCH = new StatBuffer();

/** Tells whether a path leads to a directory. */
export function isDirectory(linux: Linux, path: Uint8Array): boolean {
  if (SCRATCH.tryPath(workingDirectory(linux), cString(path)) < 0) return false;
  return kindOfMode(SCRATCH.mode) === "directory";
}

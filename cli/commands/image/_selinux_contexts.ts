/**
 * The rules of `--selinux-contexts`.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import { concatBytes, quote, utf8 } from "../../../lib/bytes/text.ts";
import {
  type FileContexts,
  parseFileContexts,
  type PolicyFile,
} from "../../../lib/selinux/file_contexts.ts";
import type { Context } from "../../args/command.ts";
import { readSmallFile } from "../../small_file.ts";
import { isStdin } from "../../stdin.ts";

/** Bytes that no policy has. */
const LIMIT = 1 << 24;

/**
 * Reads the rules of a file, and of those beside it that belong to it: as libselinux does where a file is given, which
 * asks for what counts more behind what counts less.
 *
 * @throws {SelinuxPolicyError} If one breaks the format.
 * @throws {SyscallError} If one cannot be read.
 */
export function readContexts(path: Uint8Array, context: Context): FileContexts {
  const rules = readFile(path, context);
  if (isStdin(path)) return parseFileContexts([rules]);
  const beside = (suffixes: readonly string[]) =>
    suffixes.flatMap((suffix) => readIfThere(concatBytes(path, utf8(suffix)), context));
  return parseFileContexts(
    [rules, ...beside([".homedirs", ".local"])],
    beside([".subs_dist", ".subs"]),
  );
}

function readFile(path: Uint8Array, context: Context): PolicyFile {
  const name = isStdin(path) ? "standard input" : quote(path);
  return { name, bytes: readSmallFile(context, path, LIMIT) };
}

function readIfThere(path: Uint8Array, context: Context): PolicyFile[] {
  try {
    return [readFile(path, context)];
  } catch (error) {
    if (error instanceof SyscallError && error.code === "ENOENT") return [];
    throw error;
  }
}

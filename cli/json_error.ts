/**
 * Errors under `--json`: one line of JSON on standard error, with a code that stays the same.
 *
 * @module
 */

import { SyscallError } from "../ffi/sys/errno.ts";
import {
  CompressedDataError,
  UnsupportedCompressionError,
} from "../lib/compression/compression_error.ts";
import { IntegrityError } from "../lib/digest/integrity_error.ts";
import { DumpfileSyntaxError } from "../lib/dumpfile/syntax_error.ts";
import { ImageFormatError } from "../lib/erofs/image_format_error.ts";
import { MountOptionError } from "../lib/mount/option_error.ts";
import { OciError } from "../lib/oci/oci_error.ts";
import { TarFormatError } from "../lib/tar/tar_format_error.ts";
import { TreeError } from "../lib/tree/tree_error.ts";
import { UsageError } from "./args/usage_error.ts";
import { jsonLine } from "./json.ts";

/** Codes by classes of errors, the narrower ones first. */
const CODES: readonly (readonly [abstract new (...args: never[]) => Error, string])[] = [
  [UsageError, "usage"],
  [MountOptionError, "usage"],
  [IntegrityError, "integrity"],
  [ImageFormatError, "image-format"],
  [DumpfileSyntaxError, "dump-format"],
  [OciError, "container-format"],
  [TarFormatError, "archive-format"],
  [CompressedDataError, "compressed-data"],
  [UnsupportedCompressionError, "unsupported"],
  [TreeError, "tree"],
];

/** Codes by names of the kernel's errors; `system` for all others. */
const SYSCALL_CODES: Readonly<Record<string, string>> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "permission",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EOPNOTSUPP: "unsupported",
  ENOSYS: "unsupported",
};

/** What `--json` prints of an error, its line end included. */
export function jsonError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return jsonLine({ error: { ...kindOf(error), message } });
}

/** The code of an error, or of the nearest of its causes that has one; `failed` if there is none. */
function kindOf(error: unknown): { readonly code: string; readonly errno?: string } {
  const seen = new Set<unknown>();
  for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    if (cause instanceof SyscallError) {
      return { code: SYSCALL_CODES[cause.code] ?? "system", errno: cause.code };
    }
    const found = CODES.find(([type]) => cause instanceof type);
    if (found !== undefined) return { code: found[1] };
  }
  return { code: "failed" };
}

/**
 * The file of a digest cache: read if it is there and sound, written at the end.
 *
 * A cache is never needed. So whatever is wrong with its file is a note on standard error, no failure.
 *
 * @module
 */

import { CacheFormatError } from "../../../lib/objects/cache_format_error.ts";
import { NotOwnFileError } from "../../../ffi/files/own_file.ts";
import {
  CACHE_HEADER_SIZE,
  checkCacheHeader,
  DigestCache,
  isDigestCache,
} from "../../../lib/objects/digest_cache.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { type File, readWhole } from "../../../lib/file/file.ts";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import type { Context } from "../../args/command.ts";
import { note } from "../../note.ts";

/** What is believed when it is read again is not for a group to write. */
const CACHE_MODE = 0o644;

/**
 * Reads a cache.
 *
 * @returns An empty one if its file is missing or of no use; undefined if the file is not for us to write.
 */
export function loadCache(
  path: Uint8Array,
  algorithms: readonly HashAlgorithm[],
  context: Context,
): DigestCache | undefined {
  const refusal = `Cannot use ${quote(path)} as a cache`;
  try {
    using file = context.machine.openOwnFile(path);
    return readCache(file, algorithms, (state) => note(context, `${refusal}: ${state}`));
  } catch (error) {
    if (error instanceof NotOwnFileError) {
      note(context, `${refusal}: ${error.message}; going on without`);
      return undefined;
    }
    if (!(error instanceof SyscallError)) throw error;
    if (error.code === "ENOENT") return DigestCache.create(algorithms);
    note(context, `${error.message}; going on without a cache`);
    return undefined;
  }
}

/** Reads no more than its start of what is no cache. */
function readCache(
  file: File,
  algorithms: readonly HashAlgorithm[],
  note: (state: string) => void,
): DigestCache | undefined {
  const { size } = file;
  if (size === 0) return DigestCache.create(algorithms);
  const start = readWhole(file, Math.min(size, CACHE_HEADER_SIZE));
  if (!isDigestCache(start)) {
    note("it is another kind of file; going on without");
    return undefined;
  }
  try {
    checkCacheHeader(start, size, algorithms);
    return DigestCache.decode(readWhole(file, size), Date.now(), algorithms);
  } catch (error) {
    if (!(error instanceof CacheFormatError)) throw error;
    note(`${error.message}; beginning a new one`);
    return DigestCache.create(algorithms);
  }
}

/** Writes a cache if it has anything new, whole or not at all. */
export function saveCache(path: Uint8Array, cache: DigestCache, context: Context): void {
  if (!cache.isChanged) return;
  try {
    // After a crash it may be damaged, which shows when it is read; so the disk is not waited for.
    context.machine.writeFile(path, cache.encode(Date.now()), { sync: false, mode: CACHE_MODE });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    note(context, `${error.message}; the cache is not kept`);
  }
}

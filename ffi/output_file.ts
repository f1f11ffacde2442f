/**
 * Output files that are there whole or not at all.
 *
 * @module
 */

import { startsWith } from "../lib/bytes/compare.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { kindOfMode } from "../lib/tree/tree.ts";
import { ERRNO, SyscallError } from "./errno.ts";
import { Fd } from "./fd.ts";
import type { Linux } from "./linux.ts";
import { cString, joinPath, splitPath } from "./path.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  PATH_MAX,
  STATX,
  STATX_BASIC_STATS,
  STATX_SIZE,
} from "./uapi.ts";
import { UnnamedFile } from "./unnamed_file.ts";

const MODE = 0o666;
/** Bytes copied at a time. */
const CHUNK_SIZE = 1 << 20;
/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
const SLASH = 0x2f;

/**
 * Writes a file. A new file has mode 0666 before the umask, one that is replaced keeps its mode; what is
 * no regular file (a device, a fifo) is written to, and so is a file that cannot be replaced (the only
 * one bound into a container, or in a directory that is not ours).
 *
 * @param path If a symbolic link, the file it leads to is meant.
 * @param options Unless told otherwise, its contents are on the disk before it has its name: then it is
 * whole or what it was even after a crash.
 * @throws {SyscallError} If it cannot be written; then a regular file is what it was before, unless it is
 * one that cannot be replaced.
 */
export function writeFileAtomically(
  linux: Linux,
  path: Uint8Array,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  { sync = true }: { readonly sync?: boolean } = {},
): void {
  const target = followLinks(linux, path);
  const mode = modeOf(linux, target);
  if (mode !== undefined && kindOfMode(mode) !== "regular") return overwrite(linux, target, chunks);
  const { directory: parent, name } = splitPath(target);
  let draft: UnnamedFile;
  using directory = Fd.open(linux, parent, { flags: O_RDONLY | linux.flags.O_DIRECTORY });
  try {
    draft = UnnamedFile.create(directory, MODE, path);
  } catch (error) {
    if (mode === undefined || !isForbidden(error)) throw error;
    return overwrite(linux, target, chunks);
  }
  using _ = draft;
  let position = 0;
  for (const chunk of chunks) {
    draft.file.writeAt(chunk, position);
    position += chunk.length;
  }
  if (mode !== undefined) draft.file.chmod(mode & 0o7777);
  if (sync) draft.file.sync();
  const errno = draft.replace(name);
  if (errno === ERRNO.EBUSY) {
    // The caller's chunks may come only once, so the draft is what is copied.
    return overwrite(linux, target, draft.file.chunks(new Uint8Array(CHUNK_SIZE)));
  }
  if (errno !== 0) {
    throw new SyscallError(errno, { syscall: "renameat", action: "write", subject: path });
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof SyscallError &&
    (error.code === "EACCES" || error.code === "EPERM" || error.code === "EROFS");
}

function overwrite(
  linux: Linux,
  path: Uint8Array,
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
): void {
  using file = Fd.open(linux, path, { flags: O_WRONLY | O_TRUNC });
  for (const chunk of chunks) file.write(chunk);
  file.close();
}

/** Mode of what stands at a path, undefined if nothing does. */
function modeOf(linux: Linux, path: Uint8Array): number | undefined {
  const terminated = cString(path);
  const buffer = new Uint8Array(STATX_SIZE);
  const result = linux.retry(() =>
    linux.statx(AT_FDCWD, terminated, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer)
  );
  if (result === 0) return STATX.read(new DataView(buffer.buffer), 0).mode;
  if (result === -ERRNO.ENOENT) return undefined;
  throw new SyscallError(-result, { syscall: "statx", action: "write", subject: path });
}

/** Below these, links stand for open files rather than for paths: they are opened as they are. */
const OPEN_FILES = [utf8("/proc/"), utf8("/dev/fd/")];

/** Where a path leads if its last name is a symbolic link, possibly to a file that is not there yet. */
function followLinks(linux: Linux, path: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(PATH_MAX);
  let current = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    if (OPEN_FILES.some((prefix) => startsWith(current, prefix))) return current;
    const terminated = cString(current);
    const length = linux.retry(() => linux.libc.readlinkat(AT_FDCWD, terminated, buffer, PATH_MAX));
    if (length < 0) return current;
    const target = buffer.slice(0, length);
    current = target[0] === SLASH ? target : joinPath(splitPath(current).directory, target);
  }
  throw new SyscallError(ERRNO.ELOOP, { syscall: "readlinkat", action: "write", subject: path });
}

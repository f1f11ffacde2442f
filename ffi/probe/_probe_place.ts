/**
 * What can be found out about a place in the file system: what it is on, and whether its files can have
 * fs-verity.
 *
 * Files made to find out have no name where the file system allows that, and are gone at once.
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import { printable, utf8 } from "../../lib/bytes/text.ts";
import { kindOfMode } from "../../lib/tree/tree.ts";
import { errnoName, SyscallError } from "../sys/errno.ts";
import { Fd } from "../files/fd.ts";
import { enableVerity, isNoVerity, verityRefusal } from "../files/fsverity.ts";
import type { Linux } from "../sys/linux.ts";
import { type Answer, exists, no, unknown, withFile, yes } from "./_probe_answer.ts";
import { splitPath } from "../sys/path.ts";
import { O_PATH, O_RDONLY } from "../sys/uapi.ts";
import { UnnamedFile } from "../files/unnamed_file.ts";

/** A mount, as far as it is known. */
export interface PlaceFacts {
  /** The directory that was looked at: the one asked about, or that of the file asked about. */
  readonly directory: Uint8Array;
  /** Such as `ext4`. */
  readonly type?: string;
  /** What it is mounted from, such as `/dev/vda1`. */
  readonly source?: string;
  /** Where it is mounted. */
  readonly mountPoint?: string;
}

/**
 * Opens the directory to look at.
 *
 * @throws {SyscallError} If there is no such path.
 */
export function openPlace(linux: Linux, path: Uint8Array): Fd {
  const kind = withFile(linux, path, O_PATH, (file) => kindOfMode(file.stat().mode));
  const directory = kind === "directory" ? path : splitPath(path).directory;
  return Fd.open(linux, directory, { flags: O_RDONLY | linux.flags.O_DIRECTORY });
}

/** Looks up the mount that a directory is on. */
export function placeFacts(directory: Fd): PlaceFacts {
  const { linux, number } = directory;
  const subject = directory.subject as Uint8Array;
  const info = readText(linux, `/proc/self/fdinfo/${number}`);
  const id = /^mnt_id:\s*(\d+)$/m.exec(info ?? "")?.[1];
  const lines = (readText(linux, "/proc/self/mountinfo") ?? "").split("\n");
  const line = id === undefined ? undefined : lines.find((line) => line.startsWith(`${id} `));
  // ID, parent, device, root, mount point, options, tags of any number, a dash, type, source, options.
  const found = /^\S+ \S+ \S+ \S+ (\S+) \S+ .*?- (\S+) (\S+)/.exec(line ?? "");
  if (found === null) return { directory: subject };
  const [, mountPoint = "", type = "", source = ""] = found;
  return { directory: subject, type, source: unescape(source), mountPoint: unescape(mountPoint) };
}

/** Undoes the escapes of mountinfo, `\040` for a space, into what people can read. */
function unescape(field: string): string {
  const text = field.replace(
    /\\([0-7]{3})/g,
    (_, octal: string) => String.fromCharCode(parseInt(octal, 8)),
  );
  return printable(utf8(text));
}

/** Tells whether files can be made in a directory. */
export function writeAnswer(directory: Fd): Answer {
  try {
    using _ = UnnamedFile.create(directory, 0o600, directory.subject as Uint8Array);
    return yes();
  } catch (error) {
    if (error instanceof SyscallError) return no(error.code);
    throw error;
  }
}

/** Tells whether files in a directory can have fs-verity: by giving it to one, if there can be one. */
export function verityAnswer(directory: Fd): Answer {
  const refusal = verityRefusal(directory);
  if (refusal !== undefined) return no(errnoName(refusal));
  try {
    using draft = UnnamedFile.create(directory, 0o600, directory.subject as Uint8Array);
    draft.file.write(Uint8Array.of(1));
    draft.reopenForReading();
    enableVerity(draft.file);
    return yes();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    if (error.syscall !== "ioctl") return yes(`not tried: ${error.code}`);
    return isNoVerity(error.errno) ? no(error.code) : yes(`refused for one file: ${error.code}`);
  }
}

/**
 * Tells whether the kernel has fs-verity at all.
 *
 * @param here The answer of some place; if that has it, so does the kernel.
 */
export function kernelVerityAnswer(linux: Linux, here: Answer): Answer {
  if (here.answer === "yes") return yes();
  // These file systems list what they were built with, whether any of it is in use or not.
  const lists = ["ext4", "f2fs"].map((type) => `/sys/fs/${type}/features`);
  if (lists.some((list) => exists(linux, `${list}/verity`))) return yes();
  if (exists(linux, "/proc/sys/fs/verity")) return yes();
  if (lists.some((list) => exists(linux, list))) return no("built without it");
  return unknown("neither ext4 nor f2fs to ask");
}

/** Tells whether the kernel verifies signatures of files, and whether it insists. */
export function signatureAnswer(linux: Linux): Answer {
  const required = readText(linux, "/proc/sys/fs/verity/require_signatures");
  if (required !== undefined) return yes(required.trim() === "1" ? "required" : "not required");
  return exists(linux, "/proc/sys/fs") ? no("built without them") : unknown("no /proc/sys");
}

/**
 * What to say when a step of mounting fails: which step, what the kernel answered, what would help.
 *
 * @module
 */

import { printable } from "../../lib/bytes/text.ts";
import { errnoMessage, type ErrnoName, errnoName, SyscallError } from "../sys/errno.ts";

/** The steps of mounting that the kernel may refuse, in words that follow "Cannot". */
export const STEPS = {
  openImage: "open image",
  openBasedir: "open object directory",
  openUpper: "open upper directory",
  openWork: "open work directory",
  openMountpoint: "open mount point",
  openIdmap: "open user namespace",
  checkIdmap: "take ID mapping of",
  measure: "measure fs-verity digest of",
  copy: "copy image to memory",
  loop: "attach loop device to",
  createErofs: "mount EROFS image",
  idmap: "map owners of",
  scratch: "attach EROFS image to temporary directory",
  createOverlay: "make overlay of",
  attach: "attach overlay to",
  remount: "change the flags of",
  cleanUp: "remove temporary mount",
} as const;

/** A step, by its key. */
export type Step = keyof typeof STEPS;

const NEEDS_ROOT = "CAP_SYS_ADMIN in the initial user namespace expected, so run as root; " +
  '"composefs ls", "cat", "extract" and "verify" work without privilege';

const MORE = 'the kernel may say more in "dmesg"';

const ANY_STEP: Partial<Record<ErrnoName, string>> = {
  EPERM: NEEDS_ROOT,
  ENFILE: "close files or raise fs.file-max",
  EMFILE: "raise the limit of open files (ulimit -n)",
  ENOMEM: "free memory and try again",
  ENOSYS: "a sandbox forbids the call, or Linux 5.15 or later expected",
  EINVAL: MORE,
  EIO: MORE,
};

/** Remedies by step and error. A version named is the first of Linux that can. */
const REMEDIES: Partial<Record<Step, Partial<Record<ErrnoName, string>>>> = {
  openImage: { ENOENT: "check the path", EACCES: "read permission expected" },
  openBasedir: {
    ENOENT: "create it, or correct basedir=",
    ENOTDIR: "basedir= expects directories",
  },
  openUpper: { ENOENT: "create it, or correct upperdir=", ENOTDIR: "a directory expected" },
  openWork: { ENOENT: "create it, or correct workdir=", ENOTDIR: "a directory expected" },
  openMountpoint: { ENOENT: "create it first", ENOTDIR: "a directory expected" },
  openIdmap: { ENOENT: "idmap= expects a file such as /proc/PID/ns/user" },
  checkIdmap: {
    EINVAL: "idmap= expects a user namespace such as /proc/PID/ns/user",
    ENOTTY: "idmap= expects a user namespace such as /proc/PID/ns/user",
  },
  copy: { ENOSPC: "free memory", ENOSYS: "a kernel with memfd_create expected" },
  loop: {
    ENOENT: "load the module loop, or give the container its loop devices",
    ENXIO: "load the module loop",
    ENODEV: "load the module loop",
    EACCES: "access to /dev/loop-control expected",
    EBUSY: "all loop devices are being taken, try again",
    ENOSPC: "detach a loop device, or raise max_loop",
  },
  createErofs: {
    ENODEV: "a kernel with CONFIG_EROFS_FS expected; load the module erofs",
    ENOTBLK: "EROFS mounts files by itself since Linux 6.12, and no loop device stands in",
    EINVAL: "the image is damaged, or needs a newer kernel",
    EUCLEAN: "the image is damaged",
    EIO: "the image is damaged or its disk is failing",
  },
  idmap: {
    ENOSYS: "mount_setattr expected, which Linux has since 5.12",
    EINVAL: "EROFS takes ID mappings since Linux 5.19, and never that of the initial namespace",
    EPERM: "a user namespace other than the initial one expected, and CAP_SYS_ADMIN",
  },
  scratch: {
    EROFS: "a writable /run or /tmp expected",
    ENOENT: "a directory /run or /tmp expected",
    ENOSPC: "free space in /run or /tmp",
  },
  createOverlay: {
    ENODEV: "a kernel with CONFIG_OVERLAY_FS expected; load the module overlay",
    EINVAL: MORE,
    EBUSY: "upper or work directory is in use by another mount",
    ELOOP: "a directory is given twice, or holds another",
    ENOENT: "one of the directories is gone",
  },
  attach: {
    ENOENT: "the mount point is gone",
    EBUSY: "the mount point is in use",
    EINVAL: "the mount point must be in the mount namespace of this process",
  },
  remount: {
    EINVAL: "a mount point expected",
    EROFS: "it has no upper directory, so that it cannot be written to",
    EBUSY: "files are open for writing below it",
  },
  cleanUp: { EBUSY: "unmount it with umount -l" },
};

/** How {@linkcode mountError} words an error. */
export interface MountErrorOptions extends ErrorOptions {
  /** The call that failed. */
  readonly syscall: string;
  /** What the kernel wrote to the context's log. */
  readonly log?: string | undefined;
  /** Stands for the remedy that the step and the error suggest. */
  readonly remedy?: string | undefined;
}

/** Makes the error of a step that failed with a positive error number. */
export function mountError(
  step: Step,
  subject: Uint8Array | string,
  errno: number,
  { syscall, log, remedy, cause }: MountErrorOptions,
): SyscallError {
  const name = errnoName(errno) as ErrnoName;
  const advice = remedy ?? REMEDIES[step]?.[name] ?? ANY_STEP[name];
  const said = log === undefined ? "" : ` (kernel: ${log})`;
  const state = errnoMessage(errno) + said + (advice === undefined ? "" : `; ${advice}`);
  return new SyscallError(errno, { syscall, action: STEPS[step], subject, state, cause });
}

/** Words the error of an opened file as a step of mounting. Other errors are handed back. */
export function asMountError(step: Step, subject: Uint8Array, error: unknown): unknown {
  if (!(error instanceof SyscallError)) return error;
  return mountError(step, subject, error.errno, { syscall: error.syscall, cause: error });
}

/** What a log of the kernel says, in one line: the messages without their levels. */
export function logLine(log: Uint8Array): string | undefined {
  const lines = printable(log).split("\\x0a").map((line) => line.replace(/^[eiw] /, "").trim());
  const line = lines.filter((line) => line !== "").join("; ");
  return line === "" ? undefined : line;
}

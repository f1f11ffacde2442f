/**
 * Giving a file that was just made its owner, xattrs, mode and time.
 *
 * In this order: a change of owner takes set-id bits and capabilities away, only the owner's write
 * permission lets `user.*` xattrs be set, and every change but that of the time itself may touch the time.
 *
 * @module
 */

import { quote, utf8 } from "../../lib/bytes/text.ts";
import { selectXattrs } from "../../lib/tree/select_xattrs.ts";
import type { XattrFilter } from "../../lib/tree/source.ts";
import type { FileKind, Stat, Xattr } from "../../lib/tree/tree.ts";
import { checkResult } from "../sys/call.ts";
import { ERRNO } from "../sys/errno.ts";
import {
  tryChmod,
  tryChmodAt,
  tryChown,
  tryChownAt,
  tryRemoveXattr,
  trySetTimes,
  trySetTimesAt,
  trySetXattr,
  trySetXattrOf,
} from "../sys/metadata_calls.ts";
import { tryStatAt } from "../sys/stat.ts";
import type { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { cString, descriptorPath, joinPath } from "../sys/path.ts";
import { TIMES, UTIME_OMIT } from "../sys/uapi.ts";

/** What of the metadata is set. Everything, unless said otherwise. */
export interface MetadataOptions {
  /** Leaves files to the user who makes them; set-id bits, which would then mean another user, are dropped. */
  readonly keepOwner?: boolean;
  /** Which extended attributes are set. Default `"all"`. */
  readonly xattrs?: XattrFilter;
  /** Leaves modification times at the present. */
  readonly keepTime?: boolean;
}

/** A file that was made: open, or by its name in an open directory. */
export interface MadeFile {
  readonly kind: FileKind;
  /** The file itself, if `name` is absent. */
  readonly fd: Fd;
  readonly name?: Uint8Array;
  /** Path to name in messages. */
  readonly shown: Uint8Array;
}

const SET_ID_BITS = 0o6000;
/** chown(2) takes it for -1, and leaves the file to the user who made it: root, set-user-id bit and all. */
const NO_OWNER = 2 ** 32 - 1;
const BILLION = 1_000_000_000;
const ACLS = ["system.posix_acl_access", "system.posix_acl_default"].map(utf8);

/** Sets the metadata of files, one after the other. */
export class MetadataWriter {
  readonly #linux: Linux;
  readonly #options: MetadataOptions;
  readonly #times = new Uint8Array(TIMES.size);

  constructor(linux: Linux, options: MetadataOptions) {
    this.#linux = linux;
    this.#options = options;
  }

  /**
   * Sets all that the options ask for. The mode of a symbolic link cannot be set and is left alone.
   *
   * @throws {SyscallError} If the kernel refuses something.
   * @throws {RangeError} If the file system cannot hold the time, or nobody can be the owner.
   */
  write(file: MadeFile, stat: Stat): void {
    const { keepOwner = false, xattrs = "all", keepTime = false } = this.#options;
    if (!keepOwner) this.#chown(file, stat);
    for (const xattr of selectXattrs(stat.xattrs, xattrs)) this.#setXattr(file, xattr);
    if (file.kind !== "symlink") {
      this.#chmod(file, keepOwner ? stat.mode & ~SET_ID_BITS : stat.mode);
    }
    if (!keepTime) this.#setTime(file, stat);
  }

  /** Takes away the ACLs that a new directory inherited and would hand on to all below it. */
  removeAcls(directory: Fd): void {
    const { subject } = directory;
    for (const name of ACLS) {
      const result = tryRemoveXattr(directory, cString(name));
      if (result === -ERRNO.ENODATA || result === -ERRNO.EOPNOTSUPP) continue;
      checkResult("fremovexattr", result, { action: "remove the ACL of", subject });
    }
  }

  #chown({ fd, name, shown }: MadeFile, { uid, gid }: Stat): void {
    if (uid === NO_OWNER || gid === NO_OWNER) {
      throw new RangeError(
        `Cannot make ${uid}:${gid} the owner of ${quote(shown)}: ` +
          `${NO_OWNER} is no owner to the kernel, expected a smaller number`,
      );
    }
    const result = name === undefined
      ? tryChown(fd, uid, gid)
      : tryChownAt(fd, cString(name), uid, gid);
    const action = `make ${uid}:${gid} the owner of`;
    checkResult("fchownat", result, { action, subject: shown });
  }

  #chmod({ fd, name, shown }: MadeFile, mode: number): void {
    // By name it would follow a symbolic link, which those that come here are not.
    const result = name === undefined ? tryChmod(fd, mode) : tryChmodAt(fd, cString(name), mode);
    checkResult("fchmodat", result, { action: "change the mode of", subject: shown });
  }

  #setXattr({ fd, name, shown }: MadeFile, xattr: Xattr): void {
    const linux = this.#linux;
    const key = cString(xattr.name);
    const { length } = xattr.value;
    const bytes = length === 0 ? new Uint8Array(1) : new Uint8Array(xattr.value);
    const value = { bytes, length };
    const action = `set xattr ${quote(xattr.name)} of`;
    if (name !== undefined && !linux.hasProc) {
      throw new RangeError(`Cannot ${action} ${quote(shown)}: /proc is not mounted`);
    }
    const result = name === undefined
      ? trySetXattr(fd, key, value)
      : trySetXattrOf(linux, cString(joinPath(descriptorPath(fd.number), name)), key, value);
    checkResult("lsetxattr", result, { action, subject: shown });
  }

  #setTime(file: MadeFile, { mtime, mtimeNsec }: Stat): void {
    const { fd, name, shown } = file;
    // A dump file may give more than a second's nanoseconds.
    const carried = BigInt(mtime) + BigInt(Math.floor(mtimeNsec / BILLION));
    const sec = Number.isSafeInteger(Number(carried)) ? Number(carried) : carried;
    const nsec = mtimeNsec % BILLION;
    const times = this.#times;
    TIMES.write(new DataView(times.buffer), 0, { accessSec: 0, accessNsec: UTIME_OMIT, sec, nsec });
    const result = name === undefined
      ? trySetTimes(fd, times)
      : trySetTimesAt(fd, cString(name), times);
    checkResult("utimensat", result, { action: "set the time of", subject: shown });
    // Beyond its range a file system takes the nearest time it can hold, and says nothing.
    const isCommon = sec >= -(2 ** 31) && sec < 2 ** 31;
    if (!isCommon) this.#checkTime(file, sec);
  }

  #checkTime({ fd, name, shown }: MadeFile, expected: number | bigint): void {
    const found = (name === undefined ? fd.stat() : tryStatAt(fd, name))?.mtimeSec;
    if (found === expected) return;
    throw new RangeError(
      `Cannot set the time of ${quote(shown)}: the file system holds ${found} seconds, ` +
        `expected ${expected}`,
    );
  }
}

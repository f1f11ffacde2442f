/**
 * The mount system calls, each as one function: file system contexts, detached mounts, attaching and
 * the older mount(2) and umount2(2).
 *
 * Failures come back as negated error numbers where the caller decides what they mean; nothing here
 * knows what is being mounted. Closing never fails: what is closed holds no data.
 *
 * @see fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount_setattr(2)
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { closeQuietly } from "../files/closing.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { logLine } from "./_mount_error.ts";
import { cString } from "../sys/path.ts";
import { AT_EMPTY_PATH, AT_FDCWD } from "../sys/uapi.ts";
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR,
  MOUNT_ATTR_IDMAP,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_REMOUNT,
} from "../sys/uapi_mount.ts";

const EMPTY_PATH = Uint8Array.of(0);

/** A file system that is being configured: fsopen(2). Setters answer 0 or a negated error number. */
export class FsContext implements Disposable {
  readonly #linux: Linux;
  readonly #file: Fd;

  /** Takes over a descriptor of fsopen(2). */
  constructor(linux: Linux, number: number, type: string) {
    this.#linux = linux;
    this.#file = new Fd(linux, number, `context of ${type}`);
  }

  /** Opens a context for a type of file system; a negated error number if the kernel refuses. */
  static open(linux: Linux, type: string): FsContext | number {
    const name = cString(utf8(type));
    const number = linux.retry(() => linux.libc.fsopen(linux.numbers.fsopen, name, FSOPEN_CLOEXEC));
    return number < 0 ? number : new FsContext(linux, number, type);
  }

  /** Sets a parameter that has a value. The kernel takes 255 bytes at most, `EINVAL` for more. */
  setString(key: string, value: Uint8Array): number {
    return this.#config(FSCONFIG_SET_STRING, cString(utf8(key)), cString(value));
  }

  /** Sets a parameter without a value. */
  setFlag(key: string): number {
    return this.#config(FSCONFIG_SET_FLAG, cString(utf8(key)), null);
  }

  /** Makes the file system of the parameters. */
  create(): number {
    return this.#config(FSCONFIG_CMD_CREATE, null, null);
  }

  /** Makes a detached mount, which is gone when it is closed; or a negated error number. */
  mount(attributes: number): Fd | number {
    const { number } = this.#file;
    const result = this.#linux.retry(() =>
      this.#linux.libc.fsmount(this.#linux.numbers.fsmount, number, FSMOUNT_CLOEXEC, attributes)
    );
    return result < 0 ? result : new Fd(this.#linux, result, "detached mount");
  }

  /** Takes what the kernel had to say of the failure, undefined if it kept silent. */
  takeLog(): string | undefined {
    const parts: number[] = [];
    const buffer = new Uint8Array(1024);
    const { number } = this.#file;
    // The log holds eight messages; each read takes one, and ENODATA ends them.
    for (let i = 0; i < 8; i++) {
      const count = this.#linux.retry(() => this.#linux.libc.read(number, buffer, buffer.length));
      if (count <= 0) break;
      parts.push(...buffer.subarray(0, count), 0x0a);
    }
    return logLine(Uint8Array.from(parts));
  }

  [Symbol.dispose](): void {
    closeQuietly(this.#file);
  }

  #config(
    command: number,
    key: Uint8Array<ArrayBuffer> | null,
    value: Uint8Array<ArrayBuffer> | null,
  ): number {
    const { number } = this.#file;
    return this.#linux.retry(() =>
      this.#linux.libc.fsconfig(this.#linux.numbers.fsconfig, number, command, key, value, 0)
    );
  }
}

/** Attaches a detached mount to a directory. */
export function moveMount(linux: Linux, mount: Fd, target: Uint8Array): number {
  const path = cString(target);
  const { number } = mount;
  return linux.retry(() =>
    linux.libc.move_mount(
      linux.numbers.move_mount,
      number,
      EMPTY_PATH,
      AT_FDCWD,
      path,
      // A mount point that is a link is the directory it leads to, as it is for mount(2).
      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS,
    )
  );
}

/** Maps the owners in a detached mount through a user namespace. */
export function setIdmap(linux: Linux, mount: Fd, userNamespace: Fd): number {
  const attr = new Uint8Array(MOUNT_ATTR.size);
  MOUNT_ATTR.write(new DataView(attr.buffer), 0, {
    attrSet: MOUNT_ATTR_IDMAP,
    attrClr: 0,
    propagation: 0,
    usernsFd: userNamespace.number,
  });
  const { number } = mount;
  return linux.retry(() =>
    linux.libc.mount_setattr(
      linux.numbers.mount_setattr,
      number,
      EMPTY_PATH,
      AT_EMPTY_PATH,
      attr,
      attr.length,
    )
  );
}

/** What mount(2) is told. */
export interface OldMount {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly type: string;
  /** `MS_*`. */
  readonly flags: number;
  /** The option string. */
  readonly data: Uint8Array;
}

/** Makes a file system and attaches it in one go: mount(2). */
export function oldMount(linux: Linux, { source, target, type, flags, data }: OldMount): number {
  // The kernel copies a page of data whatever its length, so that much has to be readable.
  const page = new Uint8Array(Math.max(4096, data.length + 1));
  page.set(data);
  const args = [cString(source), cString(target), cString(utf8(type))] as const;
  return linux.retry(() => linux.libc.mount(...args, flags, page));
}

/** Changes the flags of what is mounted at a path, and of its file system: mount(2). */
export function remount(linux: Linux, target: Uint8Array, flags: number): number {
  const path = cString(target);
  const nothing = cString(new Uint8Array());
  const page = new Uint8Array(4096);
  return linux.retry(() => linux.libc.mount(nothing, path, nothing, flags | MS_REMOUNT, page));
}

/** Unmounts lazily: what is still in use stays until it is not. */
export function unmount(linux: Linux, target: Uint8Array, flags: number): number {
  const path = cString(target);
  return linux.retry(() => linux.libc.umount2(path, flags));
}

/**
 * The system calls that mount: file system contexts, detached mounts, attaching, and the older mount(2) and
 * umount2(2). None of them knows what is being mounted.
 *
 * @see fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount_setattr(2)
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { type OpenFile, workingDirectory } from "./call.ts";
import type { Linux } from "./linux.ts";
import { type CString, cString } from "./path.ts";
import { AT_EMPTY_PATH } from "./uapi.ts";
import {
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR,
  MOUNT_ATTR_IDMAP,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_SYMLINKS,
  MS_REMOUNT,
} from "./uapi_mount.ts";

const ITSELF = cString(new Uint8Array());

/** Opens a context for a type of file system; its descriptor, or a negated error number. */
export function tryOpenContext(linux: Linux, type: CString): number {
  const { fsopen } = linux.numbers;
  return linux.retry(() => linux.libc.fsopen(fsopen, type, FSOPEN_CLOEXEC));
}

/** Sets a parameter of a context, or gives it a command. */
export function tryConfigure(
  { linux, number }: OpenFile,
  command: number,
  key: CString | null,
  value: CString | null,
): number {
  const { fsconfig } = linux.numbers;
  return linux.retry(() => linux.libc.fsconfig(fsconfig, number, command, key, value, 0));
}

/** Makes a detached mount of a context; its descriptor, or a negated error number. */
export function tryMountContext({ linux, number }: OpenFile, attributes: number): number {
  const { fsmount } = linux.numbers;
  return linux.retry(() => linux.libc.fsmount(fsmount, number, FSMOUNT_CLOEXEC, attributes));
}

/** Attaches a detached mount to a directory. */
export function tryMoveMount({ linux, number }: OpenFile, target: Uint8Array): number {
  const path = cString(target);
  const { move_mount } = linux.numbers;
  // A mount point that is a link is the directory it leads to, as it is for mount(2).
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
  const to = workingDirectory(linux).number;
  return linux.retry(() => linux.libc.move_mount(move_mount, number, ITSELF, to, path, flags));
}

/** Maps the owners in a detached mount through a user namespace. */
export function tryMapOwners({ linux, number }: OpenFile, userNamespace: OpenFile): number {
  const attr = new Uint8Array(MOUNT_ATTR.size);
  MOUNT_ATTR.write(new DataView(attr.buffer), 0, {
    attrSet: MOUNT_ATTR_IDMAP,
    attrClr: 0,
    propagation: 0,
    usernsFd: userNamespace.number,
  });
  const { mount_setattr } = linux.numbers;
  return linux.retry(() =>
    linux.libc.mount_setattr(mount_setattr, number, ITSELF, AT_EMPTY_PATH, attr, attr.length)
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

/** The kernel copies a page of data whatever its length, so that much has to be readable. */
const PAGE_SIZE = 4096;

/** Makes a file system and attaches it in one go: mount(2). */
export function tryMount(linux: Linux, { source, target, type, flags, data }: OldMount): number {
  const page = new Uint8Array(Math.max(PAGE_SIZE, data.length + 1));
  page.set(data);
  const args = [cString(source), cString(target), cString(utf8(type))] as const;
  return linux.retry(() => linux.libc.mount(...args, flags, page));
}

/** Changes the flags of what is mounted at a path, and of its file system: mount(2). */
export function tryRemount(linux: Linux, target: Uint8Array, flags: number): number {
  const path = cString(target);
  const page = new Uint8Array(PAGE_SIZE);
  return linux.retry(() => linux.libc.mount(ITSELF, path, ITSELF, flags | MS_REMOUNT, page));
}

/** Unmounts what is at a path. */
export function tryUnmount(linux: Linux, target: Uint8Array, flags: number): number {
  const path = cString(target);
  return linux.retry(() => linux.libc.umount2(path, flags));
}

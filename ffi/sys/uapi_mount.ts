/**
 * The kernel's records, request numbers and flags for mounting, under the names of their headers.
 *
 * Apart from `uapi.ts` because nothing else needs them.
 *
 * @module
 */

import { record, reserved, u32, u64 } from "../../lib/bytes/struct.ts";

// linux/mount.h: mount(2)
export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_SYNCHRONOUS = 0x10;
export const MS_DIRSYNC = 0x80;
export const MS_NOSYMFOLLOW = 0x100;
export const MS_NOATIME = 0x400;
export const MS_NODIRATIME = 0x800;
export const MS_SILENT = 0x8000;
export const MS_STRICTATIME = 0x1000000;
export const MS_LAZYTIME = 0x2000000;

// linux/fs.h
export const MNT_DETACH = 2;

// linux/mount.h: the calls on file system contexts
export const FSOPEN_CLOEXEC = 1;
export const FSCONFIG_SET_FLAG = 0;
export const FSCONFIG_SET_STRING = 1;
export const FSCONFIG_CMD_CREATE = 6;
export const FSMOUNT_CLOEXEC = 1;
export const MOVE_MOUNT_F_EMPTY_PATH = 4;
export const MOVE_MOUNT_T_SYMLINKS = 0x10;
export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR_STRICTATIME = 0x20;
export const MOUNT_ATTR_NODIRATIME = 0x80;
export const MOUNT_ATTR_IDMAP = 0x100000;
export const MOUNT_ATTR_NOSYMFOLLOW = 0x200000;

/** linux/mount.h struct mount_attr */
export const MOUNT_ATTR = record({ attrSet: u64, attrClr: u64, propagation: u64, usernsFd: u64 });

// linux/nsfs.h, linux/sched.h
export const NS_GET_NSTYPE = 0xb703;
export const CLONE_NEWUSER = 0x10000000;

// linux/fcntl.h
export const F_ADD_SEALS = 1033;
export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;
export const F_SEAL_WRITE = 8;

// linux/memfd.h
export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;
export const MFD_NOEXEC_SEAL = 8;

// linux/loop.h
export const LOOP_CTL_GET_FREE = 0x4c82;
export const LOOP_CONFIGURE = 0x4c0a;
export const LO_FLAGS_READ_ONLY = 1;
export const LO_FLAGS_AUTOCLEAR = 4;
export const LO_FLAGS_DIRECT_IO = 16;

/** linux/loop.h struct loop_config, with the struct loop_info64 inside it, as far as they are used. */
export const LOOP_CONFIG = record({
  fd: u32,
  blockSize: u32,
  infoIds: reserved(52),
  infoFlags: u32,
  infoFileName: reserved(64),
  infoRest: reserved(112),
  reserved: reserved(64),
});

/** Changes a mount and its file system: `MS_REMOUNT` of mount(2). */
export const MS_REMOUNT = 32;

/** `BLKGETSIZE64`: bytes of a block device. */
export const BLKGETSIZE64 = 0x80081272;

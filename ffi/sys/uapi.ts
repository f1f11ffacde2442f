/**
 * The kernel's records, request numbers and flags, under the names of the headers they come from.
 *
 * Only what `ffi/` uses. What x86-64 and arm64 number differently is asked for by architecture.
 *
 * @module
 */

import { i64, record, reserved, u16, u32, u64, u8 } from "../../lib/bytes/struct.ts";
import type { Architecture } from "./_libc.ts";

// asm/fcntl.h: the flags of open(2) that all architectures here number alike.
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

/** The flags of open(2) that differ between architectures. */
export interface OpenFlags {
  readonly O_DIRECT: number;
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
  /** Includes `O_DIRECTORY`, as the header has it. */
  readonly O_TMPFILE: number;
}

/** asm/fcntl.h of the architecture. */
export const OPEN_FLAGS: { readonly [A in Architecture]: OpenFlags } = {
  x86_64: {
    O_DIRECT: 0o40000,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
    O_TMPFILE: 0o20200000,
  },
  aarch64: {
    O_DIRECT: 0o200000,
    O_DIRECTORY: 0o40000,
    O_NOFOLLOW: 0o100000,
    O_TMPFILE: 0o20040000,
  },
};

/** Numbers for syscall(2), where libc has no function in all its versions. */
export interface SyscallNumbers {
  readonly mknodat: number;
  readonly getdents64: number;
  readonly renameat2: number;
  readonly newfstatat: number;
  readonly statx: number;
  readonly openat2: number;
  readonly listxattrat: number;
  readonly memfd_create: number;
  readonly move_mount: number;
  readonly fsopen: number;
  readonly fsconfig: number;
  readonly fsmount: number;
  readonly mount_setattr: number;
}

/** Those that all architectures here number alike. */
const COMMON_NUMBERS = {
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  openat2: 437,
  mount_setattr: 442,
  listxattrat: 465,
} as const;

/** asm/unistd.h of the architecture. */
export const SYSCALL_NUMBERS: { readonly [A in Architecture]: SyscallNumbers } = {
  x86_64: {
    mknodat: 259,
    getdents64: 217,
    renameat2: 316,
    newfstatat: 262,
    statx: 332,
    memfd_create: 319,
    ...COMMON_NUMBERS,
  },
  aarch64: {
    mknodat: 33,
    getdents64: 61,
    renameat2: 276,
    newfstatat: 79,
    statx: 291,
    memfd_create: 279,
    ...COMMON_NUMBERS,
  },
};

// linux/fcntl.h
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_SYMLINK_FOLLOW = 0x400;
export const AT_NO_AUTOMOUNT = 0x800;
export const AT_EMPTY_PATH = 0x1000;

// linux/fs.h
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
export const RENAME_NOREPLACE = 1;
export const FICLONE = 0x40049409;

// asm-generic/fcntl.h
export const F_GETFD = 1;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const FD_CLOEXEC = 1;

// asm-generic/resource.h
export const RLIMIT_NPROC = 6;
export const RLIMIT_NOFILE = 7;

/** sys/resource.h struct rlimit */
export const RLIMIT = record({ soft: u64, hard: u64 });

/** asm/stat.h struct stat of the architecture, up to its times; they are at the same offsets in both. */
export const STAT = {
  x86_64: record({
    dev: u64,
    ino: u64,
    nlink: u64,
    mode: u32,
    uid: u32,
    gid: u32,
    padding: reserved(4),
    rdev: u64,
    size: u64,
    blksize: u64,
    blocks: u64,
  }),
  aarch64: record({
    dev: u64,
    ino: u64,
    mode: u32,
    nlink: u32,
    uid: u32,
    gid: u32,
    rdev: u64,
    padding: reserved(8),
    size: u64,
    blksize: u32,
    blksizePadding: reserved(4),
    blocks: u64,
  }),
} as const satisfies Record<Architecture, unknown>;
/** The times that follow: seconds and nanoseconds, 64 bits each. */
export const STAT_TIMES = record({
  atimeSec: i64,
  atimeNsec: u64,
  mtimeSec: i64,
  mtimeNsec: u64,
  ctimeSec: i64,
  ctimeNsec: u64,
});
/** No less than either has. */
export const STAT_SIZE = 144;

/** Bytes that statfs(2) writes. The file system's type is the first 32 of them that count. */
export const STATFS_SIZE = 120;

// linux/magic.h
export const PROC_SUPER_MAGIC = 0x9fa0;
export const PIPEFS_MAGIC = 0x50495045;

// linux/magic.h: file systems on disks of this machine.
export const DISK_FILE_SYSTEMS: readonly number[] = [
  0xef53, // EXT4_SUPER_MAGIC
  0x58465342, // XFS_SUPER_MAGIC
  0x9123683e, // BTRFS_SUPER_MAGIC
  0xf2f52010, // F2FS_SUPER_MAGIC
  0xca451a4e, // BCACHEFS_SUPER_MAGIC
];

// linux/magic.h: file systems that keep their contents on this machine.
export const LOCAL_FILE_SYSTEMS: readonly number[] = [
  ...DISK_FILE_SYSTEMS,
  0x01021994, // TMPFS_MAGIC
  0x794c7630, // OVERLAYFS_SUPER_MAGIC
];

// linux/limits.h: the longest path, its NUL included, and the largest xattr list and value.
export const PATH_MAX = 4096;
export const XATTR_LIST_MAX = 65536;
export const XATTR_SIZE_MAX = 65536;

// asm-generic/poll.h
export const POLLIN = 1;
export const POLLOUT = 4;

/** poll.h struct pollfd */
export const POLLFD = record({ fd: u32, events: u16, revents: u16 });

/** linux/openat2.h struct open_how */
export const OPEN_HOW = record({ flags: u64, mode: u64, resolve: u64 });

// linux/openat2.h
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;

// linux/stat.h
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
export const STATX_ATTR_VERITY = 0x100000;

/** linux/stat.h struct statx, up to the fields that are used. 256 bytes are written in all. */
export const STATX = record({
  mask: u32,
  blksize: u32,
  attributes: u64,
  nlink: u32,
  uid: u32,
  gid: u32,
  mode: u16,
  spare0: reserved(2),
  ino: u64,
  size: u64,
  blocks: u64,
  attributesMask: u64,
  atime: reserved(16),
  btimeSec: i64,
  btimeNsec: u32,
  btimeReserved: reserved(4),
  ctimeSec: i64,
  ctimeNsec: u32,
  ctimeReserved: reserved(4),
  mtimeSec: i64,
  mtimeNsec: u32,
  mtimeReserved: reserved(4),
  rdevMajor: u32,
  rdevMinor: u32,
  devMajor: u32,
  devMinor: u32,
});

/** Bytes that statx(2) writes. */
export const STATX_SIZE = 256;

// linux/stat.h, for utimensat(2): leave this time as it is.
export const UTIME_OMIT = 0x3ffffffe;

/** Two struct timespec of time.h, as utimensat(2) takes them: access time, modification time. */
export const TIMES = record({ accessSec: i64, accessNsec: u64, sec: i64, nsec: u64 });

/** linux/dirent.h struct linux_dirent64, up to the name, which a NUL ends. */
export const DIRENT64 = record({ ino: u64, off: u64, reclen: u16, type: u8 });

// linux/fs_types.h, as readdir(3) has them
/** `d_type` where the file system does not say. */
export const DT_UNKNOWN = 0;
export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_BLK = 6;

// linux/fsverity.h
export const FS_IOC_ENABLE_VERITY = 0x40806685;
export const FS_IOC_MEASURE_VERITY = 0xc0046686;
export const FS_IOC_READ_VERITY_METADATA = 0xc0286687;
export const FS_VERITY_METADATA_TYPE_MERKLE_TREE = 1;
export const FS_VERITY_METADATA_TYPE_DESCRIPTOR = 2;
export const FS_VERITY_METADATA_TYPE_SIGNATURE = 3;
export const FS_VERITY_HASH_ALG_SHA256 = 1;
export const FS_VERITY_HASH_ALG_SHA512 = 2;

/** linux/fsverity.h struct fsverity_enable_arg */
export const FSVERITY_ENABLE_ARG = record({
  version: u32,
  hashAlgorithm: u32,
  blockSize: u32,
  saltSize: u32,
  saltPtr: u64,
  sigSize: u32,
  reserved1: reserved(4),
  sigPtr: u64,
  reserved2: reserved(88),
});

/** linux/fsverity.h struct fsverity_digest, up to the digest. `digestSize` is the capacity at first. */
export const FSVERITY_DIGEST = record({ digestAlgorithm: u16, digestSize: u16 });

/** linux/fsverity.h struct fsverity_read_metadata_arg */
export const FSVERITY_READ_METADATA_ARG = record({
  metadataType: u64,
  offset: u64,
  length: u64,
  bufPtr: u64,
  reserved: reserved(8),
});

/** `struct sigaction` as glibc and musl have it; the signals that it blocks and its restorer stay 0. */
export const SIGACTION = record({
  handler: u64,
  mask: reserved(128),
  flags: u32,
  restorer: reserved(12),
});
/** The handler serves once, and then the signal does what it does by default. */
export const SA_RESETHAND = 0x80000000;

/** Operations of flock(2). */
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;

/** asm-generic/ioctls.h: asks a terminal for its size. */
export const TIOCGWINSZ = 0x5413;

/** asm-generic/termios.h struct winsize */
export const WINSIZE = record({ row: u16, col: u16, pixels: reserved(4) });

/** `struct utsname`: six strings in 65 bytes each, of which the third is the kernel's version. */
export const UTSNAME_SIZE = 6 * 65;
export const UTSNAME_RELEASE = 2 * 65;

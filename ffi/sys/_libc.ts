/**
 * The functions of the C library that the rest of `ffi/` calls: one table of prototypes, and the
 * interface through which a runtime offers them.
 *
 * The table names no runtime; `_deno.ts` and `_bun.ts` read it. All calls are synchronous, because the
 * error number is valid right after a synchronous call only.
 *
 * @module
 */

/**
 * How an argument is passed. `buffer` is the address of its first byte, or a null pointer. 64-bit ones
 * take numbers up to 2^53.
 */
export type ArgumentType = "i32" | "u32" | "i64" | "usize" | "buffer";

/**
 * One function. Results are 32-bit but where they must be more: Deno hands out 64-bit ones as slow bigints,
 * and most calls here return no more than the 1 GiB that `fd.ts` asks for at once.
 */
export interface Prototype {
  readonly args: readonly ArgumentType[];
  /** `"i32"` if absent. 64-bit ones arrive as numbers, too. */
  readonly result?: "i64";
  /** Name of the symbol if it is not the name in the table. */
  readonly symbol?: string;
  /** Set where an old libc may lack the symbol; the function is then undefined. */
  readonly optional?: true;
}

/**
 * Prototypes by name. Where libc has no wrapper in all the versions that matter, the entry is
 * syscall(2), and its first argument the number out of `uapi.ts`.
 */
export const PROTOTYPES = {
  openat: { args: ["i32", "buffer", "i32", "u32"] }, // dirfd, path, flags, mode
  openat2: { symbol: "syscall", args: ["i64", "i32", "buffer", "buffer", "usize"] }, // nr, dirfd, path, how, size
  close: { args: ["i32"] }, // fd
  read: { args: ["i32", "buffer", "usize"] }, // fd, buf, count
  pread: { args: ["i32", "buffer", "usize", "i64"] }, // fd, buf, count, offset
  write: { args: ["i32", "buffer", "usize"] }, // fd, buf, count
  pwrite: { args: ["i32", "buffer", "usize", "i64"] }, // fd, buf, count, offset
  poll: { args: ["buffer", "usize", "i32"] }, // fds, nfds, timeout
  lseek: { args: ["i32", "i64", "i32"], result: "i64" }, // fd, offset, whence
  fsync: { args: ["i32"] }, // fd
  fallocate: { args: ["i32", "i32", "i64", "i64"] }, // fd, mode, offset, len
  ftruncate: { args: ["i32", "i64"] }, // fd, length
  fchmod: { args: ["i32", "u32"] }, // fd, mode
  ioctl: { args: ["i32", "usize", "buffer"] }, // fd, request, argp
  ioctl_int: { symbol: "ioctl", args: ["i32", "usize", "i64"] }, // fd, request, arg

  statx: { optional: true, args: ["i32", "buffer", "i32", "u32", "buffer"] }, // dirfd, path, flags, mask, statxbuf
  statx_raw: { symbol: "syscall", args: ["i64", "i32", "buffer", "i32", "u32", "buffer"] }, // nr, then as statx
  fstatat: { optional: true, args: ["i32", "buffer", "buffer", "i32"] }, // dirfd, path, statbuf, flags
  fstatat_raw: { symbol: "syscall", args: ["i64", "i32", "buffer", "buffer", "i32"] }, // nr, then as fstatat
  getdents64: { symbol: "syscall", args: ["i64", "i32", "buffer", "usize"] }, // nr, fd, dirp, count
  readlinkat: { args: ["i32", "buffer", "buffer", "usize"] }, // dirfd, path, buf, bufsiz
  listxattrat: { symbol: "syscall", args: ["i64", "i32", "buffer", "u32", "buffer", "usize"] }, // nr, dirfd, path, at_flags, list, size
  listxattr: { args: ["buffer", "buffer", "usize"] }, // path, list, size
  llistxattr: { args: ["buffer", "buffer", "usize"] }, // path, list, size
  getxattr: { args: ["buffer", "buffer", "buffer", "usize"] }, // path, name, value, size
  lgetxattr: { args: ["buffer", "buffer", "buffer", "usize"] }, // path, name, value, size

  fchown: { args: ["i32", "u32", "u32"] }, // fd, owner, group
  futimens: { args: ["i32", "buffer"] }, // fd, times
  fsetxattr: { args: ["i32", "buffer", "buffer", "usize", "i32"] }, // fd, name, value, size, flags
  fremovexattr: { args: ["i32", "buffer"] }, // fd, name
  fchownat: { args: ["i32", "buffer", "u32", "u32", "i32"] }, // dirfd, path, owner, group, flags
  fchmodat: { args: ["i32", "buffer", "u32", "i32"] }, // dirfd, path, mode, flags
  utimensat: { args: ["i32", "buffer", "buffer", "i32"] }, // dirfd, path, times, flags
  lsetxattr: { args: ["buffer", "buffer", "buffer", "usize", "i32"] }, // path, name, value, size, flags
  syncfs: { args: ["i32"] }, // fd
  fstatfs: { args: ["i32", "buffer"] }, // fd, buf
  sched_getaffinity: { args: ["i32", "usize", "buffer"] }, // pid, cpusetsize, mask
  uname: { args: ["buffer"] }, // buf
  getrlimit: { args: ["i32", "buffer"] }, // resource, rlim

  mkdirat: { args: ["i32", "buffer", "u32"] }, // dirfd, path, mode
  mknodat: { optional: true, args: ["i32", "buffer", "u32", "usize"] }, // dirfd, path, mode, dev
  mknodat_raw: { symbol: "syscall", args: ["i64", "i32", "buffer", "u32", "usize"] }, // nr, then as mknodat
  symlinkat: { args: ["buffer", "i32", "buffer"] }, // target, newdirfd, linkpath
  linkat: { args: ["i32", "buffer", "i32", "buffer", "i32"] }, // olddirfd, oldpath, newdirfd, newpath, flags
  unlinkat: { args: ["i32", "buffer", "i32"] }, // dirfd, path, flags
  renameat: { args: ["i32", "buffer", "i32", "buffer"] }, // olddirfd, oldpath, newdirfd, newpath
  renameat2: { symbol: "syscall", args: ["i64", "i32", "buffer", "i32", "buffer", "u32"] }, // nr, then as renameat, flags

  fsopen: { symbol: "syscall", args: ["i64", "buffer", "u32"] }, // nr, fsname, flags
  fsconfig: { symbol: "syscall", args: ["i64", "i32", "u32", "buffer", "buffer", "i32"] }, // nr, fd, cmd, key, value, aux
  fsmount: { symbol: "syscall", args: ["i64", "i32", "u32", "u32"] }, // nr, fd, flags, attr_flags
  move_mount: { symbol: "syscall", args: ["i64", "i32", "buffer", "i32", "buffer", "u32"] }, // nr, from_dirfd, from_path, to_dirfd, to_path, flags
  mount_setattr: { symbol: "syscall", args: ["i64", "i32", "buffer", "u32", "buffer", "usize"] }, // nr, dirfd, path, flags, attr, size
  mount: { args: ["buffer", "buffer", "buffer", "usize", "buffer"] }, // source, target, filesystemtype, mountflags, data
  umount2: { args: ["buffer", "i32"] }, // target, flags
  memfd_create: { symbol: "syscall", args: ["i64", "buffer", "u32"] }, // nr, name, flags
  fcntl: { args: ["i32", "i32", "i64"] }, // fd, op, arg

  geteuid: { args: [] },
  getenv: { args: ["buffer"] }, // name; of the address that it returns, 32 bits
  execve: { args: ["buffer", "buffer", "buffer"] }, // path, argv, envp
  sigaction: { args: ["i32", "buffer", "buffer"] }, // signum, act, oldact
  flock: { args: ["i32", "i32"] }, // fd, operation
  signal: { args: ["i32", "usize"] }, // signum, handler; the handler that it returns is cut to 32 bits
  siginterrupt: { args: ["i32", "i32"] }, // sig, flag
  alarm: { args: ["u32"] }, // seconds
  raise: { args: ["i32"] }, // sig
} as const satisfies Record<string, Prototype>;

interface ArgumentValues {
  i32: number;
  u32: number;
  i64: number;
  usize: number;
  buffer: Uint8Array<ArrayBuffer> | null;
}

type Arguments<Types extends readonly ArgumentType[]> = {
  -readonly [Index in keyof Types]: ArgumentValues[Types[Index]];
};

type Callable<P extends Prototype> =
  | ((...args: Arguments<P["args"]>) => number)
  | (P extends { optional: true } ? undefined : never);

/** The functions of the table, typed. Each returns what C returns: -1 for failure in most. */
export type Libc = {
  readonly [Name in keyof typeof PROTOTYPES]: Callable<typeof PROTOTYPES[Name]>;
};

/** The machines we know the constants of. */
export type Architecture = "x86_64" | "aarch64";

/** What a runtime offers: the functions, and the error number of the last one that failed. */
export interface Backend {
  readonly libc: Libc;
  readonly architecture: Architecture;
  /** The calling thread's `errno`. Ask right after the call, before anything else runs. */
  errno(): number;
  /**
   * Where bytes are in memory, for records that hold pointers. They stay there while they are reachable,
   * so the call that follows the pointer should be given an array over the same buffer.
   */
  addressOf(bytes: Uint8Array<ArrayBuffer>): number;
  /** Where a function of libc is in memory, for records and calls that take its address. */
  functionAddress?(name: string): number;
}

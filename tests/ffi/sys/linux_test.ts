import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { ERRNO } from "../../../ffi/sys/errno.ts";
import * as uapi from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";

test("Linux.retry: the error number is that of the call, ten thousand times", ({ linux }) => {
  const missing = utf8("/nonexistent/file\0");
  const notDirectory = utf8("/proc/self/stat/x\0");
  const open = (path: Uint8Array<ArrayBuffer>) =>
    linux.retry(() => linux.libc.openat(uapi.AT_FDCWD, path, uapi.O_RDONLY, 0));
  for (let i = 0; i < 5000; i++) {
    assertEquals(open(missing), -ERRNO.ENOENT);
    assertEquals(open(notDirectory), -ERRNO.ENOTDIR);
  }
});

test("Linux.statx: the system call tells the same as the function", ({ linux }) => {
  const path = utf8("/\0");
  const { AT_FDCWD, STATX_BASIC_STATS: mask, STATX_SIZE } = uapi;
  const [byLibc, bySyscall] = [new Uint8Array(STATX_SIZE), new Uint8Array(STATX_SIZE)];
  assertEquals(linux.statx(AT_FDCWD, path, 0, mask, byLibc), 0);
  assertEquals(
    linux.libc.statx_raw(linux.numbers.statx, AT_FDCWD, path, 0, mask, bySyscall),
    0,
  );
  assertEquals(bySyscall, byLibc);
});

const HEADERS = [
  "fcntl.h",
  "poll.h",
  "dirent.h",
  "stddef.h",
  "stdio.h",
  "sys/syscall.h",
  "sys/ioctl.h",
  "linux/fs.h",
  "linux/fsverity.h",
  "linux/openat2.h",
];
const CONSTANTS = [
  "O_CREAT",
  "O_EXCL",
  "O_TRUNC",
  "O_NONBLOCK",
  "O_CLOEXEC",
  "O_PATH",
  "AT_FDCWD",
  "AT_SYMLINK_NOFOLLOW",
  "AT_SYMLINK_FOLLOW",
  "AT_NO_AUTOMOUNT",
  "AT_EMPTY_PATH",
  "FICLONE",
  "POLLIN",
  "POLLOUT",
  "RESOLVE_NO_SYMLINKS",
  "RESOLVE_BENEATH",
  "DT_CHR",
  "DT_BLK",
  "FS_IOC_ENABLE_VERITY",
  "FS_IOC_MEASURE_VERITY",
] as const;

const compiler = spawnSync("cc", ["--version"]).status === 0;

test(
  "uapi: constants and records agree with the C headers of this machine",
  ({ linux, directory }) => {
    const { OPEN_HOW, POLLFD, FSVERITY_ENABLE_ARG, FSVERITY_DIGEST, DIRENT64, STATX } = uapi;
    const stat = uapi.STAT[linux.architecture];
    const expressions: Record<string, number> = {
      ...Object.fromEntries(CONSTANTS.map((name) => [name, uapi[name]])),
      O_DIRECT: linux.flags.O_DIRECT,
      O_DIRECTORY: linux.flags.O_DIRECTORY,
      O_NOFOLLOW: linux.flags.O_NOFOLLOW,
      O_TMPFILE: linux.flags.O_TMPFILE,
      SYS_getdents64: linux.numbers.getdents64,
      SYS_renameat2: linux.numbers.renameat2,
      SYS_newfstatat: linux.numbers.newfstatat,
      SYS_statx: linux.numbers.statx,
      SYS_openat2: linux.numbers.openat2,
      "sizeof(struct open_how)": OPEN_HOW.size,
      "sizeof(struct pollfd)": POLLFD.size,
      "sizeof(struct fsverity_enable_arg)": FSVERITY_ENABLE_ARG.size,
      "offsetof(struct fsverity_digest, digest)": FSVERITY_DIGEST.size,
      "offsetof(struct dirent64, d_name)": DIRENT64.size,
      "offsetof(struct dirent64, d_type)": DIRENT64.offsets.type,
      "sizeof(struct statx)": uapi.STATX_SIZE,
      "offsetof(struct statx, stx_mode)": STATX.offsets.mode,
      "offsetof(struct statx, stx_ino)": STATX.offsets.ino,
      "offsetof(struct statx, stx_size)": STATX.offsets.size,
      "offsetof(struct statx, stx_mtime)": STATX.offsets.mtimeSec,
      "offsetof(struct statx, stx_rdev_major)": STATX.offsets.rdevMajor,
      "offsetof(struct statx, stx_dev_minor)": STATX.offsets.devMinor,
      [`sizeof(struct stat) <= ${uapi.STAT_SIZE}`]: 1,
      "offsetof(struct stat, st_mode)": stat.offsets.mode,
      "offsetof(struct stat, st_nlink)": stat.offsets.nlink,
      "offsetof(struct stat, st_rdev)": stat.offsets.rdev,
      "offsetof(struct stat, st_size)": stat.offsets.size,
      "offsetof(struct stat, st_blocks)": stat.offsets.blocks,
      "offsetof(struct stat, st_atim)": stat.size,
      "offsetof(struct stat, st_ctim)": stat.size + uapi.STAT_TIMES.offsets.ctimeSec,
    };
    const source = "#define _GNU_SOURCE\n#define _LARGEFILE64_SOURCE\n" +
      HEADERS.map((name) => `#include <${name}>\n`).join("") +
      "#include <sys/stat.h>\nint main(void) {\n" +
      Object.keys(expressions).map((text) => `printf("%lld\\n", (long long)(${text}));\n`).join(
        "",
      ) +
      "}\n";
    writeFileSync(`${directory}/probe.c`, source);
    const script = 'cc -o "$0/probe" "$0/probe.c" && "$0/probe" > "$0/out"';
    const done = spawnSync("sh", ["-c", script, directory], { encoding: "utf8" });
    assertEquals(done.status, 0, done.stderr);
    const found = readFileSync(`${directory}/out`, "utf8").trim().split("\n").map(Number);
    const names = Object.keys(expressions);
    assertEquals(Object.fromEntries(names.map((name, i) => [name, found[i]])), expressions);
  },
  { when: !compiler, reason: "no C compiler" },
);

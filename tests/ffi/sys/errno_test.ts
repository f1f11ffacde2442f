import { assertEquals } from "@std/assert";
import { ERRNO, errnoMessage, errnoName, SyscallError } from "../../../ffi/sys/errno.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";

test("errno: numbers, names and words belong together", () => {
  assertEquals([ERRNO.ENOENT, errnoName(2), errnoMessage(2)], [
    2,
    "ENOENT",
    "No such file or directory",
  ]);
  assertEquals([ERRNO.EOPNOTSUPP, errnoName(95)], [95, "EOPNOTSUPP"]);
  assertEquals([ERRNO.EAGAIN, errnoName(11)], [11, "EAGAIN"]);
  assertEquals([errnoName(4000), errnoMessage(4000)], ["E4000", "Unknown error 4000"]);
});

test("SyscallError: names the path and the reason", () => {
  const error = new SyscallError(2, {
    syscall: "openat",
    action: "open",
    subject: utf8("a\n\xff"),
  });
  assertEquals(error.message, 'Cannot open "a\\x0aÿ": No such file or directory (ENOENT)');
  assertEquals([error.code, error.errno, error.syscall, error.path], [
    "ENOENT",
    2,
    "openat",
    "a\\x0aÿ",
  ]);
});

test("SyscallError: takes words for what has no path, and for the state", () => {
  const error = new SyscallError(32, {
    syscall: "write",
    action: "write",
    subject: "standard output",
  });
  assertEquals(error.message, "Cannot write standard output: Broken pipe (EPIPE)");
  assertEquals(error.path, undefined);
  const stated = new SyscallError(95, {
    syscall: "ioctl",
    action: "enable fs-verity on",
    subject: utf8("x"),
    state: "file system does not support it",
  });
  assertEquals(
    stated.message,
    'Cannot enable fs-verity on "x": file system does not support it (EOPNOTSUPP)',
  );
  const unlike = new SyscallError(ERRNO.ENOTTY, {
    syscall: "ioctl",
    action: "measure fs-verity of",
    subject: utf8("x"),
    state: "file system does not support it",
  });
  assertEquals(
    [unlike.message, unlike.code],
    ['Cannot measure fs-verity of "x": file system does not support it', "ENOTTY"],
  );
});

/**
 * Directory trees read where the kernel lacks calls, a sandbox refuses them, or something answers in its place.
 */

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { openSourceTree } from "../../../ffi/tree/source_tree.ts";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { cText } from "../../kit/faults.ts";
import {
  type Faults,
  needsRoot,
  openFaulty,
  pathTo,
  scriptCommand,
  setXattr,
  test,
} from "../harness.ts";
import { createFile, listRoot } from "./root_entries.ts";

/** How sandboxes refuse system calls that they do not know. */
const REFUSALS = [ERRNO.ENOSYS, ERRNO.EPERM, ERRNO.EACCES, ERRNO.EINVAL];

test("source tree: the same on a kernel without openat2", async ({ directory }) => {
  mkdirSync(`${directory}/tree/a/b`, { recursive: true });
  writeFileSync(`${directory}/tree/a/b/file`, "x");
  symlinkSync("a", `${directory}/tree/link`);
  for (const errno of REFUSALS) {
    const old = await openFaulty({ openat2: () => errno });
    const tree = openSourceTree(old, pathTo(directory, "tree"));
    const names = tree.list(utf8("a/b"), { xattrs: "all" }).map(({ name }) => latin1(name));
    assertEquals(names, ["file"]);
    using file = tree.open(utf8("a/b/file"));
    assertEquals(file.size, 1);
    assertThrows(() => tree.list(utf8("link"), { xattrs: "all" }), SyscallError);
    assertThrows(() => tree.list(utf8("link/b"), { xattrs: "all" }), SyscallError);
    assertThrows(() => tree.open(utf8("link/b/file")), SyscallError);
  }
});

test("source tree: what openat2 says of a file is no reason to do without it", async ({ directory }) => {
  mkdirSync(`${directory}/tree/a`, { recursive: true });
  writeFileSync(`${directory}/tree/a/file`, "x");
  let calls = 0;
  const answer = (path: unknown) => cText(path) === "barred" ? ERRNO.EACCES : undefined;
  const linux = await openFaulty({
    openat2: (_number, _directory, path) => (calls++, answer(path)),
    openat: (_directory, path) => answer(path),
  });
  const tree = openSourceTree(linux, pathTo(directory, "tree"));
  assertThrows(() => tree.open(utf8("barred")), SyscallError, "Permission denied");
  tree.list(utf8("a"), { xattrs: "all" });
  assertEquals(calls, 2);
});

test("source tree: the same where statx and listxattrat are refused", async ({ linux, directory }) => {
  const path = pathTo(directory, "file");
  createFile(linux, path);
  setXattr(linux, path, "user.a", utf8("b"));
  symlinkSync("file", `${directory}/link`);
  mkdirSync(`${directory}/directory`);
  const expected = listRoot(openSourceTree(linux, utf8(directory)));
  for (const errno of REFUSALS) {
    const refuse = () => errno;
    const old = await openFaulty({ statx: refuse, statx_raw: refuse, listxattrat: refuse });
    assertEquals(listRoot(openSourceTree(old, utf8(directory))), expected);
  }
});

test("source tree: signals, vanished xattrs and file systems without any", async ({ linux, directory }) => {
  const path = pathTo(directory, "file");
  createFile(linux, path);
  setXattr(linux, path, "user.a", utf8("b"));
  let interruptions = 3;
  const interrupted = await openFaulty({
    statx: () => interruptions-- > 0 ? ERRNO.EINTR : undefined,
    lgetxattr: () => ERRNO.ENODATA,
  });
  assertEquals(listRoot(openSourceTree(interrupted, utf8(directory))).get("file")!.stat.xattrs, []);
  assertEquals(interruptions < 0, true);
  for (const older of [undefined, ...REFUSALS]) {
    const failing = (errno: number): Faults => ({
      listxattrat: () => older ?? errno,
      llistxattr: () => errno,
    });
    const bare = await openFaulty(failing(ERRNO.EOPNOTSUPP));
    assertEquals(listRoot(openSourceTree(bare, utf8(directory))).get("file")!.stat.xattrs, []);
    const tree = openSourceTree(await openFaulty(failing(ERRNO.EIO)), utf8(directory));
    assertThrows(
      () => listRoot(tree),
      SyscallError,
      `Cannot list the xattrs of "${directory}/file": Input/output error (EIO)`,
    );
  }
});

test("source tree: xattrs are the same from kernels without listxattrat", async ({ linux, directory }) => {
  const path = pathTo(directory, "file");
  createFile(linux, path);
  setXattr(linux, path, "user.a", utf8("b"));
  const older = await openFaulty({ listxattrat: () => ERRNO.ENOSYS });
  const xattrs = [older, linux].map((kernel) =>
    listRoot(openSourceTree(kernel, utf8(directory))).get("file")!.stat.xattrs
  );
  assertEquals(xattrs[0], xattrs[1]);
  assertEquals(xattrs[0], [{ name: utf8("user.a"), value: utf8("b") }]);
});

test("source tree: the same without /proc (needs root)", ({ linux, directory }) => {
  mkdirSync(`${directory}/dir`);
  createFile(linux, pathTo(directory, "dir", "file"));
  setXattr(linux, pathTo(directory, "dir", "file"), "user.a", utf8("b"));
  symlinkSync("file", `${directory}/dir/link`);
  setXattr(linux, pathTo(directory, "dir", "link"), "trusted.c", utf8("d"));
  const command = scriptCommand("tests/ffi/tree/list_tree.ts");
  const list = (...args: string[]) =>
    execFileSync("unshare", ["-m", ...command, `${directory}/dir`, ...args], { encoding: "utf8" });
  const expected = "file regular 0 0 user.a=b\nlink symlink 0 0 trusted.c=d\n";
  assertEquals(list(), `with /proc\n${expected}`);
  assertEquals(list("without-proc"), `without /proc\n${expected}`);
}, needsRoot());

const noFakeroot = spawnSync("fakeroot", ["true"]).status !== 0;

test("source tree: shows what fakeroot fakes", ({ directory }) => {
  const script = 'cd "$0" && touch file && chown 12:34 file && mknod dev b 8 300 && "$@" "$0"';
  const command = scriptCommand("tests/ffi/tree/list_tree.ts");
  const args = ["sh", "-c", script, directory, ...command];
  const done = spawnSync("fakeroot", args, { encoding: "utf8" });
  assertEquals(done.status, 0, done.stderr);
  const rdev = 44 | (8 << 8) | (1 << 20);
  assertEquals(done.stdout, `with /proc\ndev block 0 ${rdev}\nfile regular 12 0\n`);
}, { when: noFakeroot, reason: "no fakeroot" });

test("source tree: what is excluded is not looked at, and may be out of reach", async ({ directory }) => {
  mkdirSync(`${directory}/broken`);
  writeFileSync(`${directory}/file`, "x");
  const refuse = (...args: unknown[]) =>
    args.some((argument) => cText(argument) === "broken") ? ERRNO.EIO : undefined;
  const linux = await openFaulty({ statx: refuse, statx_raw: refuse, listxattrat: refuse });
  using tree = openSourceTree(linux, utf8(directory));
  assertThrows(() => listRoot(tree), SyscallError);
  const asked: string[] = [];
  const isExcluded = (name: Uint8Array, isDirectory: boolean) => {
    asked.push(`${latin1(name)} ${isDirectory}`);
    return isDirectory;
  };
  const found = tree.list(new Uint8Array(), { xattrs: "all", isExcluded });
  assertEquals(found.map(({ name }) => latin1(name)), ["file"]);
  assertEquals(asked.sort(), ["broken true", "file false"]);
});

test("source tree: tells which file system a directory lies on", ({ linux, directory }) => {
  mkdirSync(`${directory}/sub`);
  writeFileSync(`${directory}/file`, "x");
  using tree = openSourceTree(linux, utf8(directory));
  const { fileSystem } = tree.root("none");
  assertEquals(typeof fileSystem, "number");
  const found = listRoot(tree);
  assertEquals(found.get("sub")!.fileSystem, fileSystem);
  assertEquals(found.get("file")!.fileSystem, undefined);
  using proc = openSourceTree(linux, utf8("/proc"));
  assertNotEquals(proc.root("none").fileSystem, fileSystem);
});

import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { cString } from "../../../ffi/sys/path.ts";
import { openSourceTree } from "../../../ffi/tree/source_tree.ts";
import { O_CREAT, O_PATH, O_WRONLY } from "../../../ffi/sys/uapi.ts";
import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import type { SourceInfo } from "../../../lib/tree/source.ts";
import { acl, NO_ID } from "../../kit/acl.ts";
import { needsRoot, openBelow, pathTo, setMtime, setXattr, succeed, test } from "../harness.ts";
import { createFile, listRoot, ROOT } from "./root_entries.ts";

function shownXattrs({ stat }: SourceInfo): string[] {
  return stat.xattrs.map(({ name, value }) => `${latin1(name)}=${latin1(value)}`).sort();
}

test("source tree: metadata of files, directories and links", ({ linux, directory }) => {
  writeFileSync(`${directory}/file`, "12345");
  mkdirSync(`${directory}/dir`, { mode: 0o751 });
  symlinkSync("to/nowhere", `${directory}/link`);
  execFileSync("chmod", ["6711", `${directory}/file`]);
  const stats = listRoot(openSourceTree(linux, utf8(directory)));
  assertEquals([...stats.keys()].sort(), ["dir", "file", "link"]);
  const file = stats.get("file")!;
  assertEquals([file.kind, file.stat.mode, file.size, file.rdev], ["regular", 0o6711, 5, 0]);
  assertEquals([file.stat.uid, file.stat.gid], [process.getuid?.(), process.getgid?.()]);
  assertEquals([file.fileId, file.target], [undefined, undefined]);
  assertEquals([stats.get("dir")!.kind, stats.get("dir")!.fileId], ["directory", undefined]);
  assertEquals(stats.get("link")!.kind, "symlink");
  assertEquals(stats.get("link")!.target, utf8("to/nowhere"));
});

test("source tree: names are bytes, up to 255 of them", ({ linux, directory }) => {
  const names = [
    Uint8Array.of(0xff, 0xfe),
    Uint8Array.of(1, 10, 0x7f),
    utf8("é"),
    utf8("..."),
    utf8(".hidden"),
    new Uint8Array(255).fill(0xe9),
  ];
  for (const name of names) createFile(linux, pathTo(directory, name));
  const found = [...listRoot(openSourceTree(linux, utf8(directory))).keys()].sort();
  assertEquals(found, names.map(latin1).sort());
});

test("source tree: times before 1970 and far away, with nanoseconds", ({ linux, directory }) => {
  const times = [[-1, 999_999_999], [-86_400 * 365, 1], [0, 0], [4_000_000_000, 123_456_789]];
  for (const [index, [seconds, nsec]] of times.entries()) {
    createFile(linux, pathTo(directory, `${index}`));
    setMtime(linux, pathTo(directory, `${index}`), seconds!, nsec!);
  }
  const stats = listRoot(openSourceTree(linux, utf8(directory)));
  for (const [index, expected] of times.entries()) {
    const { mtime, mtimeNsec } = stats.get(`${index}`)!.stat;
    assertEquals([mtime, mtimeNsec], expected);
  }
});

test("source tree: two names of one file share its id", ({ linux, directory }) => {
  writeFileSync(`${directory}/a`, "");
  linkSync(`${directory}/a`, `${directory}/b`);
  writeFileSync(`${directory}/c`, "");
  linkSync(`${directory}/c`, `${directory}/d`);
  const stats = listRoot(openSourceTree(linux, utf8(directory)));
  const id = (name: string) => stats.get(name)!.fileId;
  assert(id("a") !== undefined);
  assertEquals(id("a"), id("b"));
  assertEquals(id("c"), id("d"));
  assert(id("a") !== id("c"));
});

test("source tree: sockets and fifos", async ({ linux, directory }) => {
  execFileSync("mkfifo", [`${directory}/fifo`]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${directory}/sock`, resolve));
  const stats = listRoot(openSourceTree(linux, utf8(directory)));
  assertEquals([stats.get("fifo")!.kind, stats.get("sock")!.kind], ["fifo", "socket"]);
  await new Promise((resolve) => server.close(resolve));
});

test("source tree: devices, and leaving them out (needs root)", ({ linux, directory }) => {
  execFileSync("mknod", [`${directory}/block`, "b", "259", "1048575"]);
  execFileSync("mknod", [`${directory}/whiteout`, "c", "0", "0"]);
  createFile(linux, pathTo(directory, "file"));
  const tree = openSourceTree(linux, utf8(directory));
  const stats = listRoot(tree);
  const { kind, rdev } = stats.get("block")!;
  assertEquals([kind, rdev], ["block", (0xff | (259 << 8) | (0xfff << 20)) >>> 0]);
  assertEquals([stats.get("whiteout")!.kind, stats.get("whiteout")!.rdev], ["character", 0]);
  const kept = tree.list(ROOT, { xattrs: "none", skipDevices: true });
  assertEquals(kept.map(({ name }) => latin1(name)), ["file"]);
}, needsRoot());

test("source tree: xattrs, empty and long ones, filtered", ({ linux, directory }) => {
  const path = pathTo(directory, "file");
  createFile(linux, path);
  const long = new Uint8Array(2000).fill(0x61);
  setXattr(linux, path, "user.empty", new Uint8Array());
  setXattr(linux, path, "user.long", long);
  setXattr(linux, utf8(directory), "user.root", utf8("r\0\xff"));
  const tree = openSourceTree(linux, utf8(directory));
  const expected = ["user.empty=", `user.long=${latin1(long)}`];
  assertEquals(shownXattrs(listRoot(tree).get("file")!), expected);
  assertEquals(shownXattrs(listRoot(tree, "user").get("file")!), expected);
  assertEquals(shownXattrs(listRoot(tree, "none").get("file")!), []);
  assertEquals(shownXattrs(tree.root("all")), [`user.root=${latin1(utf8("r\0\xff"))}`]);
  assertEquals(tree.root("none").stat.xattrs, []);
});

test("source tree: many xattrs, more than fit the first question", ({ linux, directory }) => {
  const path = pathTo(directory, "file");
  createFile(linux, path);
  const names = Array.from({ length: 30 }, (_, i) => `user.${"n".repeat(60)}${10 + i}`);
  for (const name of names) setXattr(linux, path, name, utf8("v"));
  const stat = listRoot(openSourceTree(linux, utf8(directory))).get("file")!;
  assertEquals(shownXattrs(stat), names.map((name) => `${name}=v`));
});

test(
  "source tree: xattrs of links and devices, ACLs, trusted ones (needs root)",
  ({ linux, directory }) => {
    symlinkSync("file", `${directory}/link`);
    execFileSync("mknod", [`${directory}/null`, "c", "1", "3"]);
    createFile(linux, pathTo(directory, "file"));
    mkdirSync(`${directory}/dir`);
    const value = acl([1, 7, NO_ID], [2, 5, 1000], [4, 5, NO_ID], [16, 5, NO_ID], [32, 0, NO_ID]);
    for (const name of ["link", "null", "file"]) {
      setXattr(linux, pathTo(directory, name), "trusted.mine", utf8(name));
    }
    setXattr(linux, pathTo(directory, "dir"), "system.posix_acl_default", value);
    setXattr(linux, pathTo(directory, "file"), "system.posix_acl_access", value);
    const tree = openSourceTree(linux, utf8(directory));
    const stats = listRoot(tree);
    assertEquals(shownXattrs(stats.get("link")!), ["trusted.mine=link"]);
    assertEquals(shownXattrs(stats.get("null")!), ["trusted.mine=null"]);
    assertEquals(shownXattrs(stats.get("dir")!), [`system.posix_acl_default=${latin1(value)}`]);
    assertEquals(shownXattrs(stats.get("file")!), [
      `system.posix_acl_access=${latin1(value)}`,
      "trusted.mine=file",
    ]);
    assertEquals(shownXattrs(listRoot(tree, "user").get("file")!), []);
  },
  needsRoot(),
);

test("source tree: paths longer than the kernel takes at once", ({ linux, directory }) => {
  const name = new Uint8Array(200).fill(0x64);
  let parent = Fd.open(linux, utf8(directory), { flags: O_PATH });
  for (let depth = 0; depth < 50; depth++) {
    const path = cString(name);
    succeed(linux, "mkdirat", () => linux.libc.mkdirat(parent.number, path, 0o755));
    const child = Fd.open(linux, name, { flags: O_PATH, at: parent });
    parent.close();
    parent = child;
  }
  using file = Fd.open(linux, utf8("end"), { flags: O_WRONLY | O_CREAT, mode: 0o644, at: parent });
  file.write(utf8("deep"));
  parent.close();
  const tree = openSourceTree(linux, utf8(directory));
  const slash = utf8("/");
  let path: Uint8Array = ROOT;
  for (let depth = 0; depth < 50; depth++) {
    const [entry, ...others] = tree.list(path, { xattrs: "all" });
    assertEquals([entry!.name, others.length], [name, 0]);
    path = path.length === 0 ? name : concatBytes(path, slash, name);
  }
  assert(path.length > 10_000);
  assertEquals(tree.list(path, { xattrs: "all" }).map((entry) => latin1(entry.name)), ["end"]);
  using end = tree.open(concatBytes(path, utf8("/end")));
  const into = new Uint8Array(10);
  assertEquals([end.size, end.readAt(into, 0), into[3]], [4, 4, 0x70]);
});

test("source tree: 20,000 names in one directory", ({ linux, directory }) => {
  createFile(linux, pathTo(directory, "file-0"));
  for (let i = 1; i < 20_000; i++) linkSync(`${directory}/file-0`, `${directory}/file-${i}`);
  const names = openSourceTree(linux, utf8(directory)).list(ROOT, { xattrs: "all" })
    .map(({ name }) => latin1(name));
  assertEquals([names.length, new Set(names).size], [20_000, 20_000]);
  assert(names.includes("file-19999"));
});

test("source tree: a link at the root is not followed unless a slash says so", ({ linux, directory }) => {
  mkdirSync(`${directory}/dir`);
  createFile(linux, pathTo(directory, "dir", "file"));
  symlinkSync("dir", `${directory}/link`);
  const link = openSourceTree(linux, pathTo(directory, "link"));
  assertEquals([link.root("all").kind, link.root("all").target], ["symlink", utf8("dir")]);
  assertThrows(() => link.list(ROOT, { xattrs: "all" }), SyscallError, `${directory}/link`);
  const followed = openSourceTree(linux, utf8(`${directory}/link/`));
  assertEquals(followed.root("all").kind, "directory");
  assertEquals([...listRoot(followed).keys()], ["file"]);
});

test("source tree: no way leads out through a link", ({ linux, directory }) => {
  mkdirSync(`${directory}/tree`);
  mkdirSync(`${directory}/outside`);
  writeFileSync(`${directory}/outside/secret`, "s");
  symlinkSync("../outside", `${directory}/tree/dir`);
  symlinkSync("../outside/secret", `${directory}/tree/file`);
  const tree = openSourceTree(linux, pathTo(directory, "tree"));
  assertThrows(() => tree.list(utf8("dir"), { xattrs: "all" }), SyscallError, "tree/dir");
  assertThrows(() => tree.open(utf8("file")), SyscallError, "tree/file");
  assertThrows(() => tree.open(utf8("dir/secret")), SyscallError, "tree/dir/secret");
  assertThrows(() => tree.open(utf8("../outside/secret")), SyscallError);
});

test("source tree: opens regular files only, and waits for no fifo", ({ linux, directory }) => {
  execFileSync("mkfifo", [`${directory}/fifo`]);
  const tree = openSourceTree(linux, utf8(directory));
  assertThrows(
    () => tree.open(utf8("fifo")),
    IntegrityError,
    "a fifo file, expected a regular one",
  );
  const error = assertThrows(() => tree.open(utf8("none")), SyscallError);
  assertEquals([error.code, error.path], ["ENOENT", `${directory}/none`]);
});

test("source tree: descriptors are given back", ({ linux, directory }) => {
  mkdirSync(`${directory}/a/b`, { recursive: true });
  const tree = openSourceTree(linux, utf8(directory));
  const ask = () => {
    tree.list(utf8("a/b"), { xattrs: "all" });
    assertThrows(() => tree.open(utf8("a/none")));
    assertThrows(() => tree.open(utf8("a/b")));
  };
  ask();
  // The root is kept, and the directory that was looked at last.
  const before = openBelow(directory);
  for (let i = 0; i < 50; i++) ask();
  assertEquals(openBelow(directory), before);
});

test("source tree: a missing root is an error", ({ linux, directory }) => {
  assertThrows(() => openSourceTree(linux, pathTo(directory, "none")), SyscallError, "ENOENT");
});

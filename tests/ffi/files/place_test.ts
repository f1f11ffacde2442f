import { assertEquals, assertThrows } from "@std/assert";
import {
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { makeDirectories } from "../../../ffi/files/make_directories.ts";
import { Place } from "../../../ffi/files/place.ts";
import { O_PATH } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { makeSticky, needsRoot, openBelow, openFaulty, STRANGER, test } from "../harness.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What a path leads to: inode of the directory, the name in it, inode of what is there. */
function find(linux: Linux, path: string): readonly unknown[] {
  using place = Place.find(linux, utf8(path), { action: "find" });
  return [place.directory.stat().ino, text(place.name), place.stat?.ino];
}

function below(linux: Linux, root: string, path: string): readonly unknown[] {
  using directory = Fd.open(linux, utf8(root), { flags: O_PATH });
  const shown = utf8(`${root}/${path}`);
  using place = Place.findBelow(directory, utf8(path), { action: "find", shown });
  return [place.directory.stat().ino, text(place.name), place.stat?.ino];
}

const inode = (path: string) => statSync(path).ino;

function code(call: () => unknown): string {
  return (assertThrows(call, SyscallError) as SyscallError).code;
}

test("place: slashes, dots and links lead where the kernel goes", ({ linux, directory }) => {
  mkdirSync(`${directory}/a/b`, { recursive: true });
  writeFileSync(`${directory}/a/b/file`, "");
  symlinkSync("a/./b/", `${directory}/relative`);
  symlinkSync(`${directory}//relative`, `${directory}/absolute`);
  symlinkSync("../../absolute/file", `${directory}/a/b/back`);
  symlinkSync("..", `${directory}/a/up`);
  symlinkSync("none", `${directory}/dangling`);
  const before = openBelow(directory).length;
  const [a, b] = [inode(`${directory}/a`), inode(`${directory}/a/b`)];
  const file = inode(`${directory}/a/b/file`);
  for (
    const path of ["a/b/file", "a//b/.//file", "relative/file", "absolute/../b/file", "a/b/back"]
  ) {
    assertEquals(find(linux, `${directory}/${path}`), [b, "file", file], path);
  }
  assertEquals(find(linux, `${directory}/a/b/new`), [b, "new", undefined]);
  assertEquals(find(linux, `${directory}/dangling`), [inode(directory), "none", undefined]);
  assertEquals(find(linux, `${directory}/a/`), [a, ".", a]);
  assertEquals(find(linux, `${directory}/a/b/..`), [a, ".", a]);
  assertEquals(find(linux, `${directory}/a/up`), [inode(directory), ".", inode(directory)]);
  assertEquals(find(linux, "/"), [inode("/"), ".", inode("/")]);
  assertEquals(code(() => find(linux, "")), "ENOENT");
  assertEquals(code(() => find(linux, `${directory}/none/file`)), "ENOENT");
  assertEquals(code(() => find(linux, `${directory}/a/b/file/`)), "ENOTDIR");
  const previous = process.cwd();
  try {
    process.chdir(`${directory}/a`);
    assertEquals(find(linux, "b/file"), [b, "file", file]);
    assertEquals(find(linux, "../relative/file"), [b, "file", file]);
  } finally {
    process.chdir(previous);
  }
  assertEquals(openBelow(directory).length, before);
});

test("place: a link of /proc stands for an open file", ({ linux, directory }) => {
  const [, name] = find(linux, "/dev/stdout");
  assertEquals(name, "1");
  using opened = Fd.open(linux, utf8(directory), { flags: O_PATH });
  const found = find(linux, `/proc/self/fd/${opened.number}/new`);
  assertEquals(found, [inode(directory), "new", undefined]);
});

test("place: a stranger's link is not followed", ({ linux, directory }) => {
  const sticky = makeSticky(directory);
  mkdirSync(`${directory}/own`);
  for (const target of ["own", "own/file"]) {
    symlinkSync(`../${target}`, `${sticky}/mine-${target.length}`);
    symlinkSync(`../${target}`, `${sticky}/theirs-${target.length}`);
    lchownSync(`${sticky}/theirs-${target.length}`, STRANGER, STRANGER);
  }
  const own = inode(`${directory}/own`);
  assertEquals(find(linux, `${sticky}/mine-3/file`), [own, "file", undefined]);
  assertEquals(find(linux, `${sticky}/mine-8`), [own, "file", undefined]);
  assertEquals(code(() => find(linux, `${sticky}/theirs-3/file`)), "EACCES");
  assertEquals(code(() => find(linux, `${sticky}/theirs-8`)), "EACCES");
  assertEquals(code(() => makeDirectories(linux, utf8(`${sticky}/theirs-3/new`))), "EACCES");
  // A link of our own that leads to theirs is no way around the rule.
  symlinkSync("sticky/theirs-8", `${directory}/indirect`);
  assertEquals(code(() => find(linux, `${directory}/indirect`)), "EACCES");
  // Where the directory is theirs as well, the link is followed: they could replace anything in it anyway.
  lchownSync(sticky, STRANGER, STRANGER);
  assertEquals(find(linux, `${sticky}/theirs-8`), [own, "file", undefined]);
  assertEquals(readdirSync(`${directory}/own`), []);
}, needsRoot());

test("place: below a directory, links are followed that stay there", ({ linux, directory }) => {
  const root = `${directory}/root`;
  mkdirSync(`${root}/usr/bin`, { recursive: true });
  const bin = inode(`${root}/usr/bin`);
  symlinkSync("bin", `${root}/usr/sbin`);
  symlinkSync("usr/../usr/sbin", `${root}/sbin`);
  const links = {
    absolute: `${root}/usr`,
    out: "..",
    far: "usr/../../root/usr",
    proc: "/proc/self/cwd",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, `${root}/${name}`);
  const before = openBelow(directory).length;
  assertEquals(below(linux, root, "sbin/new"), [bin, "new", undefined]);
  assertEquals(below(linux, root, "usr/bin"), [inode(`${root}/usr`), "bin", bin]);
  for (const name of Object.keys(links)) {
    assertEquals(code(() => below(linux, root, `${name}/file`)), "EXDEV", name);
    // As the last name of a path a link is not followed, but found itself.
    assertEquals(below(linux, root, name)[1], name);
  }
  for (const path of ["..", "../root/usr", "usr/../../x", "/usr"]) {
    assertEquals(code(() => below(linux, root, path)), "EXDEV", path);
  }
  assertEquals(code(() => below(linux, root, "none/file")), "ENOENT");
  assertEquals(openBelow(directory).length, before);
});

test("place: the way back is the way that was come", async ({ directory }) => {
  const root = `${directory}/root`;
  mkdirSync(`${root}/a/b`, { recursive: true });
  mkdirSync(`${directory}/elsewhere`);
  symlinkSync("a/b/../..", `${root}/link`);
  let moves = 0;
  const moving = await openFaulty({
    openat: (_dirfd, path) => {
      if (text(path as Uint8Array) === "b\0" && moves++ === 0) {
        renameSync(`${root}/a`, `${directory}/elsewhere/a`);
      }
      return undefined;
    },
  });
  assertEquals(below(moving, root, "link/file"), [inode(root), "file", undefined]);
  assertEquals(moves, 1);
});

test("make directories: what is missing, through links too", ({ linux, directory }) => {
  mkdirSync(`${directory}/there`);
  symlinkSync("there", `${directory}/link`);
  makeDirectories(linux, utf8(`${directory}/link/a/b/c`));
  makeDirectories(linux, utf8(`${directory}/link/a/b/c/`));
  assertEquals(statSync(`${directory}/there/a/b/c`).isDirectory(), true);
  writeFileSync(`${directory}/file`, "");
  const error = assertThrows(() => makeDirectories(linux, utf8(`${directory}/file/a`)));
  assertEquals(
    (error as Error).message,
    `Cannot create directory "${directory}/file/a": Not a directory (ENOTDIR)`,
  );
});

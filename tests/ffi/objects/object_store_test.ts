/**
 * Directories as object stores: what is in them, and what they do not take for an object.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { openObjectStore } from "../../../ffi/objects/object_store.ts";
import { UnusableStoreError } from "../../../ffi/objects/unusable_store_error.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { Digest } from "../../../lib/digest/digest.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { putObject } from "../../../lib/objects/object_store.ts";
import { openFaulty, pathTo, test } from "../harness.ts";
import { assertHolds, pattern, put } from "./store_contents.ts";

test("object store: puts from memory and from other sources", ({ linux, directory }) => {
  const root = `${directory}/deep/er/store`;
  const [small, large, strange] = [pattern(100), pattern(2_500_000), pattern(70_000, 7)];
  const umask = process.umask(0o077);
  try {
    using store = openObjectStore(linux, utf8(root));
    put(store, small);
    put(store, large);
    putObject(store, fsVerityDigest(strange), strange.length, memoryFile(strange));
    put(store, small);
    store.flush();
    assertHolds(root, small, large, strange);
    const digest = fsVerityDigest(large);
    assertEquals(store.has(digest, large.length), true);
    assertEquals(store.has(fsVerityDigest(pattern(5)), 5), false);
    using object = store.open(digest)!;
    const into = new Uint8Array(large.length);
    assertEquals(object.readAt(into, 0), large.length);
    assertEquals(into, large);
    assertEquals(store.open(fsVerityDigest(pattern(5))), undefined);
  } finally {
    process.umask(umask);
  }
});

test("object store: what is no object of its name is replaced", ({ linux, directory }) => {
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  const path = `${directory}/${objectPath(digest)}`;
  mkdirSync(`${directory}/${objectPath(digest).slice(0, 2)}`);
  using store = openObjectStore(linux, utf8(directory));
  const others: readonly (readonly [string, () => void])[] = [
    ["4999 bytes where 5000 were expected", () => writeFileSync(path, contents.slice(1))],
    ["a symlink file", () => symlinkSync("elsewhere", path)],
    ["a fifo file", () => execFileSync("mkfifo", [path])],
  ];
  for (const [found, plant] of others) {
    execFileSync("rm", ["-f", path]);
    plant();
    assertEquals(store.has(digest, contents.length), false);
    put(store, contents);
    store.flush();
    assertHolds(directory, contents);
    assertEquals(store.repairs.at(-1), { path: utf8(path), found });
  }
  assertEquals(store.repairs.length, others.length);
  execFileSync("rm", [path]);
  mkdirSync(path);
  put(store, contents);
  assertThrows(() => store.flush(), SyscallError, `Cannot name object "${path}"`);
});

test("object store: digests what is there if asked to", ({ linux, directory }) => {
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  const path = `${directory}/${objectPath(digest)}`;
  mkdirSync(`${directory}/${objectPath(digest).slice(0, 2)}`);
  writeFileSync(path, contents, { mode: 0o644 });
  using trusting = openObjectStore(linux, utf8(directory));
  using verifying = openObjectStore(linux, utf8(directory), { verifyObjects: true });
  assertEquals(verifying.has(digest, contents.length), true);
  contents[4999]! ^= 1;
  writeFileSync(path, contents);
  contents[4999]! ^= 1;
  assertEquals(trusting.has(digest, contents.length), true);
  assertEquals(verifying.has(digest, contents.length), false);
  put(verifying, contents);
  verifying.flush();
  assertHolds(directory, contents);
  const found = "other contents than its name says";
  assertEquals(verifying.repairs, [{ path: utf8(path), found }]);
});

test("object store: no link stands for a directory of objects", ({ linux, directory }) => {
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  const shard = objectPath(digest).slice(0, 2);
  mkdirSync(`${directory}/elsewhere`);
  writeFileSync(`${directory}/elsewhere/${objectPath(digest).slice(3)}`, contents);
  mkdirSync(`${directory}/store`);
  const path = `${directory}/store/${shard}`;
  symlinkSync("../elsewhere", path);
  using store = openObjectStore(linux, pathTo(directory, "store"));
  const refusal = `Cannot use "${path}" in an object store: a symlink file, expected a directory`;
  assertThrows(() => store.has(digest, 5000), UnusableStoreError, refusal);
  assertThrows(() => store.open(digest), UnusableStoreError, refusal);
  assertThrows(() => put(store, contents), UnusableStoreError, refusal);
  // The same for a link that appears after the object was put and before it gets its name.
  execFileSync("rm", [path]);
  put(store, contents);
  execFileSync("rm", [`${directory}/elsewhere/${objectPath(digest).slice(3)}`]);
  symlinkSync("../elsewhere", path);
  assertThrows(() => store.flush(), SyscallError, `Cannot open directory "${path}"`);
  assertEquals(readdirSync(`${directory}/elsewhere`), []);
});

test("object store: a stranger's directory holds no objects", async ({ directory }) => {
  const contents = pattern(5000);
  mkdirSync(`${directory}/${objectPath(fsVerityDigest(contents)).slice(0, 2)}`);
  const user = process.getuid!();
  // Root, the user and the store's owner may own them: here the user is made another than the owner.
  const linux = await openFaulty({});
  Object.defineProperty(linux, "userId", { value: () => user + 1 });
  using store = openObjectStore(linux, utf8(directory));
  put(store, contents);
  store.flush();
  assertHolds(directory, contents);
  if (user !== 0) return;
  execFileSync("chown", ["77", `${directory}/${objectPath(fsVerityDigest(contents)).slice(0, 2)}`]);
  using other = openObjectStore(linux, utf8(directory));
  assertThrows(
    () => other.has(fsVerityDigest(contents), 5000),
    UnusableStoreError,
    "belongs to user 77",
  );
});

test("object store: is not created where it must be there", ({ linux, directory }) => {
  const open = () => openObjectStore(linux, pathTo(directory, "store"), { create: false });
  assertThrows(open, SyscallError, `Cannot open "${directory}/store"`);
  assertEquals(existsSync(`${directory}/store`), false);
});

test("object store: what is no object is passed over, and a link in it is refused", ({ linux, directory }) => {
  using store = openObjectStore(linux, pathTo(directory, "store"));
  putObject(store, fsVerityDigest(pattern(70)), 70, pattern(70));
  store.flush();
  const root = `${directory}/store`;
  const name = "0".repeat(62);
  mkdirSync(`${root}/ab`);
  mkdirSync(`${root}/ab/${name}`);
  writeFileSync(`${root}/ab/${"F".repeat(62)}`, "in capitals");
  writeFileSync(`${root}/ab/short`, "");
  writeFileSync(`${root}/README`, "");
  assertEquals([...store.list()], [{ digest: fsVerityDigest(pattern(70)), size: 70 }]);
  symlinkSync("ab", `${root}/cd`);
  assertThrows(() => [...store.list()], Error, `"${root}/cd"`);
  assertThrows(() => store.remove(Digest.parse(`cd${name}`)), Error, `"${root}/cd"`);
});

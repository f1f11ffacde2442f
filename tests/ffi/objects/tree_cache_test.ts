import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { TreeCache } from "../../../ffi/objects/tree_cache.ts";
import type { SyscallError } from "../../../ffi/sys/errno.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";
import { test } from "../harness.ts";

const TREE = createRandom(5).bytes(3 * 4096);
const LARGE = createRandom(6).bytes(5 << 20);
const DIGEST = fsVerityDigest(utf8("whatever"));
const NAME = `${DIGEST.toHex()}.merkle`;

function openCache(linux: Linux, path: string): { cache: TreeCache; errors: string[] } {
  const errors: string[] = [];
  const onError = ({ code }: SyscallError) => void errors.push(code);
  return { cache: new TreeCache(linux, utf8(path), { onError }), errors };
}

function find(cache: TreeCache): Uint8Array | undefined {
  using tree = cache.find(DIGEST);
  return tree && readWhole(tree);
}

test("tree cache: gives what it was given, in a directory that it makes", ({ linux, directory }) => {
  const path = `${directory}/deep/er`;
  const { cache, errors } = openCache(linux, path);
  assertEquals(find(cache), undefined);
  for (const tree of [TREE, LARGE]) {
    cache.keep(DIGEST, memoryFile(tree));
    assertEquals(find(cache), tree);
    assertEquals(find(openCache(linux, path).cache), tree);
  }
  assertEquals(readdirSync(path), [NAME]);
  assertEquals(statSync(`${path}/${NAME}`).mode & 0o777, 0o644);
  assertEquals(cache.find(fsVerityDigest(utf8("other"))), undefined);
  assertEquals(errors, []);
});

test("tree cache: what is right stays, and what is not is replaced", ({ linux, directory }) => {
  const { cache, errors } = openCache(linux, directory);
  const path = `${directory}/${NAME}`;
  cache.keep(DIGEST, memoryFile(LARGE));
  const { ino } = statSync(path);
  cache.keep(DIGEST, memoryFile(LARGE));
  assertEquals(statSync(path).ino, ino);
  const damaged = LARGE.slice();
  damaged[4 << 20]! ^= 1;
  for (const other of [TREE, damaged, LARGE.subarray(1), new Uint8Array(0)]) {
    writeFileSync(path, other);
    cache.keep(DIGEST, memoryFile(LARGE));
    assertEquals(new Uint8Array(readFileSync(path)), LARGE);
  }
  assertEquals(errors, []);
});

test("tree cache: two that write at a time leave a whole tree", ({ linux, directory }) => {
  const [one, other] = [openCache(linux, directory), openCache(linux, directory)];
  // The second begins, and is done, while the first is at it.
  const slow = {
    ...memoryFile(LARGE),
    readAt(into: Uint8Array<ArrayBuffer>, position: number) {
      if (position > 2 << 20) other.cache.keep(DIGEST, memoryFile(LARGE));
      return memoryFile(LARGE).readAt(into, position);
    },
  };
  one.cache.keep(DIGEST, slow);
  assertEquals(find(one.cache), LARGE);
  assertEquals(readdirSync(directory), [NAME]);
  assertEquals([...one.errors, ...other.errors], []);
});

test("tree cache: what is no file is none, and is not waited for", ({ linux, directory }) => {
  const { cache } = openCache(linux, directory);
  spawnSync("mkfifo", [`${directory}/${NAME}`]);
  assertEquals(find(cache), undefined);
  const other = `${directory}/other`;
  mkdirSync(`${other}/${NAME}`, { recursive: true });
  assertEquals(find(openCache(linux, other).cache), undefined);
});

test("tree cache: what keeps it from being used is told once", ({ linux, directory }) => {
  writeFileSync(`${directory}/file`, "");
  const { cache, errors } = openCache(linux, `${directory}/file`);
  for (let round = 0; round < 3; round++) {
    assertEquals(find(cache), undefined);
    cache.keep(DIGEST, memoryFile(TREE));
  }
  assertEquals(errors, ["ENOTDIR"]);
  symlinkSync("loop", `${directory}/loop`);
  const loop = openCache(linux, `${directory}/loop`);
  loop.cache.keep(DIGEST, memoryFile(TREE));
  loop.cache.keep(DIGEST, memoryFile(TREE));
  assertEquals(loop.errors.length, 1);
});

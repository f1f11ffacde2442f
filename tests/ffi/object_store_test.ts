import { assert, assertEquals, assertThrows } from "@std/assert";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { ERRNO, SyscallError } from "../../ffi/errno.ts";
import { Fd } from "../../ffi/fd.ts";
import { type DirectoryStore, openObjectStore } from "../../ffi/object_store.ts";
import { O_RDONLY } from "../../ffi/uapi.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../lib/fsverity/digest.ts";
import { objectPath } from "../../lib/store/object_path.ts";
import type { SourceFile } from "../../lib/tree/source.ts";
import { type Faults, openFaulty, pathTo, test } from "./harness.ts";

function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 * seed + (i >> 8)) & 0xff);
}

function bytesOf(contents: Uint8Array<ArrayBuffer>): SourceFile {
  return {
    size: contents.length,
    readAt(into, position) {
      const piece = contents.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    },
    [Symbol.dispose]() {},
  };
}

/** All files below a directory, relative to it. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(directory.length + 1)).sort();
}

/** Asserts that the store holds exactly these contents. */
function assertHolds(directory: string, ...contents: Uint8Array[]): void {
  const expected = contents.map((each) => objectPath(fsVerityDigest(each)));
  assertEquals(filesBelow(directory), expected.sort());
  for (const each of contents) {
    const path = `${directory}/${objectPath(fsVerityDigest(each))}`;
    assertEquals(new Uint8Array(readFileSync(path)), each);
    assertEquals(lstatSync(path).mode & 0o7777, 0o644);
  }
}

function put(store: DirectoryStore, contents: Uint8Array<ArrayBuffer>): void {
  store.put(fsVerityDigest(contents), contents.length, contents);
}

test("object store: puts from memory and from other sources", ({ linux, directory }) => {
  const root = `${directory}/deep/er/store`;
  const [small, large, strange] = [pattern(100), pattern(2_500_000), pattern(70_000, 7)];
  const umask = process.umask(0o077);
  try {
    using store = openObjectStore(linux, utf8(root));
    put(store, small);
    put(store, large);
    store.put(fsVerityDigest(strange), strange.length, bytesOf(strange));
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

const WAYS: Record<string, Faults> = {
  "as this file system can": {},
  "copied by the kernel": { ioctl_int: () => ERRNO.EOPNOTSUPP },
  "read and written": { ioctl_int: () => ERRNO.EOPNOTSUPP, copy_file_range: () => ERRNO.ENOSYS },
  "read and written where the kernel copies nothing": {
    ioctl_int: () => ERRNO.EOPNOTSUPP,
    copy_file_range: () => ERRNO.EINVAL,
  },
  "read and written after half a copy": {
    ioctl_int: () => ERRNO.EXDEV,
    copy_file_range: failAfter(1, ERRNO.EXDEV),
  },
  "under a temporary name": { openat: refuseUnnamed },
  "under a temporary name, without renameat2": {
    openat: refuseUnnamed,
    renameat2: () => ERRNO.EINVAL,
  },
  "with signals all along": {
    openat: everySecond(ERRNO.EINTR),
    copy_file_range: everySecond(ERRNO.EINTR),
    pread: everySecond(ERRNO.EINTR),
    pwrite: everySecond(ERRNO.EINTR),
    linkat: everySecond(ERRNO.EINTR),
    fsync: everySecond(ERRNO.EINTR),
  },
};

function failAfter(successes: number, errno: number): () => number | undefined {
  return () => successes-- > 0 ? undefined : errno;
}

function everySecond(errno: number): () => number | undefined {
  let calls = 0;
  return () => calls++ % 2 === 0 ? errno : undefined;
}

/** Both architectures' bit of O_TMPFILE. */
function refuseUnnamed(_dirfd: unknown, _path: unknown, flags: unknown): number | undefined {
  return (flags as number) & 0o20000000 ? ERRNO.EOPNOTSUPP : undefined;
}

for (const [way, faults] of Object.entries(WAYS)) {
  test(`object store: a file ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    const contents = pattern(3_000_001);
    writeFileSync(`${directory}/file`, contents);
    using store = openObjectStore(linux, pathTo(directory, "store"));
    using file = Fd.open(linux, pathTo(directory, "file"), { flags: O_RDONLY });
    file.read(new Uint8Array(1000));
    store.put(fsVerityDigest(contents), contents.length, file);
    assertHolds(`${directory}/store`, contents);
  });

  test(`object store: a file that changed since it was digested, ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    const contents = pattern(50_000);
    const digest = fsVerityDigest(contents);
    const changed = contents.slice();
    changed[40_000]! ^= 1;
    using store = openObjectStore(linux, pathTo(directory, "store"));
    for (const now of [changed, contents.slice(0, 40_000), new Uint8Array()]) {
      writeFileSync(`${directory}/file`, now);
      using file = Fd.open(linux, pathTo(directory, "file"), { flags: O_RDONLY });
      assertThrows(
        () => store.put(digest, contents.length, file),
        RangeError,
        `Cannot store object "${objectPath(digest)}": the file it was made of changed`,
      );
    }
    assertThrows(() => store.put(digest, contents.length, changed), RangeError, "changed");
    assertThrows(() => store.put(digest, contents.length, bytesOf(changed)), RangeError, "changed");
    assertEquals(filesBelow(`${directory}/store`), []);
  });

  for (const errno of [ERRNO.ENOSPC, ERRNO.EIO, ERRNO.EDQUOT]) {
    test(`object store: error ${errno} leaves nothing, ${way}`, async ({ directory }) => {
      const contents = pattern(50_000);
      writeFileSync(`${directory}/file`, contents);
      for (const broken of ["pwrite", "copy_file_range", "fsync", "linkat"] as const) {
        const only = broken === "linkat" ? { renameat2: () => errno } : {};
        const linux = await openFaulty({ ...faults, ...only, [broken]: () => errno });
        using store = openObjectStore(linux, pathTo(directory, "store"));
        using file = Fd.open(linux, pathTo(directory, "file"), { flags: O_RDONLY });
        const digest = fsVerityDigest(contents);
        try {
          store.put(digest, contents.length, file);
        } catch (error) {
          assert(error instanceof SyscallError && error.errno === errno, String(error));
          assertEquals(filesBelow(`${directory}/store`), []);
          continue;
        }
        // That way does not lead through the broken call.
        assertHolds(`${directory}/store`, contents);
        execFileSync("rm", ["-r", `${directory}/store`]);
      }
    });
  }
}

test("object store: what stands under a name must be the object", ({ linux, directory }) => {
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  const path = `${directory}/${objectPath(digest)}`;
  mkdirSync(`${directory}/${objectPath(digest).slice(0, 2)}`);
  using store = openObjectStore(linux, utf8(directory));
  const has = () => store.has(digest, contents.length);
  writeFileSync(path, contents.slice(1));
  assertThrows(has, RangeError, `Cannot use object "${path}": 4999 bytes, expected 5000`);
  assertThrows(() => put(store, contents), RangeError, "4999 bytes, expected 5000");
  execFileSync("rm", [path]);
  symlinkSync("elsewhere", path);
  assertThrows(has, RangeError, "a symlink file, expected a regular one");
  assertThrows(() => store.open(digest), SyscallError, "ELOOP");
  execFileSync("rm", [path]);
  mkdirSync(path);
  assertThrows(has, RangeError, "a directory file, expected a regular one");
});

test("object store: digests what is there if asked to", ({ linux, directory }) => {
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  const path = `${directory}/${objectPath(digest)}`;
  mkdirSync(`${directory}/${objectPath(digest).slice(0, 2)}`);
  writeFileSync(path, contents);
  using trusting = openObjectStore(linux, utf8(directory));
  using verifying = openObjectStore(linux, utf8(directory), { verifyObjects: true });
  assertEquals(verifying.has(digest, contents.length), true);
  contents[4999]! ^= 1;
  writeFileSync(path, contents);
  assertEquals(trusting.has(digest, contents.length), true);
  assertThrows(
    () => verifying.has(digest, contents.length),
    RangeError,
    `Cannot use object "${path}": other contents than its name says`,
  );
});

test("object store: another process may be first", async ({ linux, directory }) => {
  const contents = pattern(5000);
  using other = openObjectStore(linux, utf8(directory));
  const late = await openFaulty({
    // Between the look for the object and the link to it.
    fsync() {
      put(other, contents);
      return undefined;
    },
  });
  using store = openObjectStore(late, utf8(directory));
  put(store, contents);
  store.flush();
  assertHolds(directory, contents);
});

test("object store: flush syncs each directory that got a name, once", async ({ directory }) => {
  let syncs = 0;
  const counting = await openFaulty({
    fsync() {
      syncs++;
      return undefined;
    },
  });
  using store = openObjectStore(counting, utf8(directory));
  store.flush();
  assertEquals(syncs, 0);
  const all = [pattern(100), pattern(200), pattern(300)];
  for (const contents of all) put(store, contents);
  assertEquals(syncs, all.length);
  const directories = new Set(filesBelow(directory).map((path) => path.slice(0, 2))).size;
  store.flush();
  assertEquals(syncs, all.length + directories + 1);
  store.flush();
  assertEquals(syncs, all.length + directories + 1);
});

test("object store: is not created where it must be there", ({ linux, directory }) => {
  const open = () => openObjectStore(linux, pathTo(directory, "store"), { create: false });
  assertThrows(open, SyscallError, `Cannot open "${directory}/store"`);
  assertEquals(existsSync(`${directory}/store`), false);
});

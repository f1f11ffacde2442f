import { UnusableStoreError } from "../../../ffi/objects/unusable_store_error.ts";
import { checkStore } from "../../kit/store_contract.ts";
import { Digest } from "../../../lib/digest/digest.ts";
import { putObject } from "../../../lib/objects/object_store.ts";
import { assertEquals, assertThrows } from "@std/assert";
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
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { type DirectoryStore, openObjectStore } from "../../../ffi/objects/object_store.ts";
import { O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import type { File } from "../../../lib/file/file.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { type Faults, openFaulty, pathTo, test } from "../harness.ts";

function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 * seed + (i >> 8)) & 0xff);
}

function bytesOf(contents: Uint8Array<ArrayBuffer>): File {
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
  putObject(store, fsVerityDigest(contents), contents.length, contents);
}

test("object store: puts from memory and from other sources", ({ linux, directory }) => {
  const root = `${directory}/deep/er/store`;
  const [small, large, strange] = [pattern(100), pattern(2_500_000), pattern(70_000, 7)];
  const umask = process.umask(0o077);
  try {
    using store = openObjectStore(linux, utf8(root));
    put(store, small);
    put(store, large);
    putObject(store, fsVerityDigest(strange), strange.length, bytesOf(strange));
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
  "in a file system of which nothing is known": { fstatfs: () => ERRNO.ENOSYS },
  "under a temporary name": { openat: refuseUnnamed },
  "under a temporary name, without renameat2": {
    openat: refuseUnnamed,
    renameat2: () => ERRNO.EINVAL,
  },
  "with signals all along": {
    openat: everySecond(ERRNO.EINTR),
    pread: everySecond(ERRNO.EINTR),
    pwrite: everySecond(ERRNO.EINTR),
    linkat: everySecond(ERRNO.EINTR),
    syncfs: everySecond(ERRNO.EINTR),
  },
};

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
    putObject(store, fsVerityDigest(contents), contents.length, file);
    assertEquals(filesBelow(`${directory}/store`).filter((path) => !path.startsWith(".")), []);
    store.flush();
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
        () => putObject(store, digest, contents.length, file),
        IntegrityError,
        `Cannot store object "${objectPath(digest)}": the file it was made of changed`,
      );
    }
    assertThrows(
      () => putObject(store, digest, contents.length, changed),
      IntegrityError,
      "changed",
    );
    assertThrows(
      () => putObject(store, digest, contents.length, bytesOf(changed)),
      IntegrityError,
      "changed",
    );
    assertEquals(filesBelow(`${directory}/store`), []);
  });

  for (const errno of [ERRNO.ENOSPC, ERRNO.EIO, ERRNO.EDQUOT]) {
    test(`object store: error ${errno} leaves nothing, ${way}`, async ({ directory }) => {
      const contents = pattern(50_000);
      writeFileSync(`${directory}/file`, contents);
      for (const broken of ["pwrite", "sync", "linkat"] as const) {
        const calls: Record<typeof broken, Faults> = {
          pwrite: { pwrite: () => errno },
          sync: { syncfs: () => errno, fsync: () => errno },
          linkat: { linkat: () => errno, renameat2: () => errno },
        };
        const linux = await openFaulty({ ...faults, ...calls[broken] });
        const digest = fsVerityDigest(contents);
        const error = assertThrows(() => {
          using store = openObjectStore(linux, pathTo(directory, "store"));
          using file = Fd.open(linux, pathTo(directory, "file"), { flags: O_RDONLY });
          putObject(store, digest, contents.length, file);
          store.flush();
        }, SyscallError);
        assertEquals(error.errno, errno);
        assertEquals(filesBelow(`${directory}/store`), []);
      }
    });
  }
}

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
  // Nor one that comes later, when its name is due.
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
  // Root may own them, and so may whoever owns the store; here that is made somebody else.
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

test("object store: what is complete can be kept where something fails", async ({ directory }) => {
  const contents = [pattern(100), pattern(70_000)];
  let mayLink = 1;
  const linux = await openFaulty({ linkat: () => mayLink-- > 0 ? undefined : ERRNO.ENOSPC });
  using store = openObjectStore(linux, utf8(directory));
  for (const each of contents) put(store, each);
  store.keep();
  assertEquals(filesBelow(directory).length, 1);
  mayLink = 1;
  store.keep();
  assertHolds(directory, ...contents);
});

test("object store: another process may be first", async ({ linux, directory }) => {
  const contents = pattern(5000);
  using other = openObjectStore(linux, utf8(directory));
  const late = await openFaulty({
    // Between the look for the object and the link to it.
    syncfs() {
      put(other, contents);
      other.flush();
      return undefined;
    },
  });
  using store = openObjectStore(late, utf8(directory));
  put(store, contents);
  store.flush();
  assertHolds(directory, contents);
});

/** Counts calls while they go through. */
function counting(...names: ("fsync" | "syncfs")[]): { count: number; faults: Faults } {
  const counter = { count: 0, faults: {} as Record<string, () => undefined> };
  for (const name of names) counter.faults[name] = () => void counter.count++;
  return counter;
}

test("object store: waits for the disk twice, however many objects there are", async ({ directory }) => {
  const counter = counting("syncfs", "fsync");
  using store = openObjectStore(await openFaulty(counter.faults), utf8(directory));
  store.flush();
  assertEquals(counter.count, 0);
  for (let size = 100; size < 400; size++) put(store, pattern(size));
  assertEquals(counter.count, 0);
  assertEquals(filesBelow(directory), []);
  store.flush();
  assertEquals(counter.count, 2);
  assertEquals(filesBelow(directory).length, 300);
  store.flush();
  assertEquals(counter.count, 2);
});

test("object store: syncs each file where syncfs promises nothing", async ({ directory }) => {
  const counter = counting("fsync");
  const linux = await openFaulty({ ...counter.faults, fstatfs: () => ERRNO.ENOSYS });
  using store = openObjectStore(linux, utf8(directory));
  const all = [pattern(100), pattern(200), pattern(300)];
  for (const contents of all) put(store, contents);
  store.flush();
  const directories = new Set(filesBelow(directory).map((path) => path.slice(0, 2))).size;
  assertEquals(counter.count, all.length + directories + 1);
});

test("object store: what waits counts as there, and is opened", ({ linux, directory }) => {
  using store = openObjectStore(linux, utf8(directory));
  const contents = pattern(5000);
  const digest = fsVerityDigest(contents);
  put(store, contents);
  assertEquals(store.has(digest, 5000), true);
  put(store, contents);
  using object = store.open(digest)!;
  assertEquals(object.size, 5000);
  assertHolds(directory, contents);
});

test("object store: a process may have few open files", async ({ directory }) => {
  const linux = await openFaulty({ getrlimit: () => ERRNO.EPERM });
  using store = openObjectStore(linux, utf8(directory));
  put(store, pattern(100));
  assertEquals(filesBelow(directory).length, 1);
});

test("object store: is not created where it must be there", ({ linux, directory }) => {
  const open = () => openObjectStore(linux, pathTo(directory, "store"), { create: false });
  assertThrows(open, SyscallError, `Cannot open "${directory}/store"`);
  assertEquals(existsSync(`${directory}/store`), false);
});

for (const [way, faults] of Object.entries(WAYS)) {
  test(`object store: it is one, ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    using store = openObjectStore(linux, pathTo(directory, "store"));
    checkStore(store);
  });
}

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

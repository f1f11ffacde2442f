/**
 * How objects get into a directory: what is written when, under which name, and what is left where that fails.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { writeFileSync } from "node:fs";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import { type DirectoryStore, openObjectStore } from "../../../ffi/objects/object_store.ts";
import { O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { memoryFile } from "../../../lib/file/file.ts";
import { putObject } from "../../../lib/objects/object_store.ts";
import { checkStore } from "../../kit/store_contract.ts";
import { type Faults, openFaulty, pathTo, test } from "../harness.ts";
import { assertHolds, filesBelow, pattern, put } from "./store_contents.ts";

/** Ways of writing an object, by what the kernel and the file system let us do. */
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
      () => putObject(store, digest, contents.length, memoryFile(changed)),
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

  test(`object store: it is one, ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    using store = openObjectStore(linux, pathTo(directory, "store"));
    checkStore(store);
  });
}

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

test("object store: drafts of what is there need no place to be written", async ({ linux, directory }) => {
  const path = pathTo(directory, "store");
  const draftOf = (store: DirectoryStore, contents: Uint8Array<ArrayBuffer>) => {
    using draft = store.draft();
    draft.write(contents);
    return draft.finish();
  };
  {
    using store = openObjectStore(linux, path);
    draftOf(store, pattern(5000));
    store.flush();
  }
  const faulty = await openFaulty({
    openat: (_dirfd, _path, flags) => (flags as number) & 0o20000100 ? ERRNO.EROFS : undefined,
  });
  using store = openObjectStore(faulty, path);
  assertEquals(draftOf(store, pattern(5000)), fsVerityDigest(pattern(5000)));
  assertThrows(() => draftOf(store, pattern(5001)), SyscallError, "EROFS");
});

test("object store: another process may be first", async ({ linux, directory }) => {
  const contents = pattern(5000);
  using other = openObjectStore(linux, utf8(directory));
  const late = await openFaulty({
    // The store syncs after it has looked for the object and before it links it.
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

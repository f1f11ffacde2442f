import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import type { Digest } from "../../../lib/digest/digest.ts";
import { QUICK } from "../../../scripts/test/effort.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createImage, encodeSource, readSource } from "../../../lib/composefs/image.ts";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { digestFiles } from "../../../ffi/threads/file_digests.ts";
import { openObjectStore } from "../../../ffi/objects/object_store.ts";
import { openSourceTree } from "../../../ffi/tree/source_tree.ts";
import { TreeReader, type TreeReaderOptions } from "../../../ffi/threads/tree_reader.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { startsWith } from "../../../lib/bytes/compare.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { InterruptedError } from "../../../ffi/sys/signals.ts";
import { SEEK_HOLE } from "../../../ffi/sys/uapi.ts";
import { scanTree } from "../../../lib/tree/scan.ts";
import { type Faults, openBelow, openFaulty, repositoryPath, test } from "../harness.ts";

/** Two threads more by a module of their own; in the bundle for Bun there is no such module. */
const THREADED = "Bun" in globalThis
  ? { threads: 1, module: undefined }
  : { threads: 3, module: `file://${repositoryPath("tests/ffi/threads/worker.ts")}` };
const ALONE = { threads: 1, module: undefined };

const MIB = 2 ** 20;
const SIZES = [0, 1, 64, 65, 4096, 70_000, 2 ** 21, 2 ** 21 + 1, 2 ** 23 + 5];

function contents(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 7 + (i >> 9);
  return bytes;
}

function makeTree(directory: string): string {
  const tree = `${directory}/tree`;
  mkdirSync(`${tree}/deep/er`, { recursive: true });
  for (const size of SIZES) writeFileSync(`${tree}/${size}`, contents(size));
  for (let i = 0; i < 300; i++) writeFileSync(`${tree}/deep/er/${i}`, `${i} `.repeat(60));
  return tree;
}

async function readAll(
  linux: Linux,
  path: string,
  options: TreeReaderOptions,
): Promise<Uint8Array> {
  const tree = openSourceTree(linux, utf8(path));
  using reader = new TreeReader(linux, tree, options);
  return await createImage(tree, { reader });
}

test("pool: an image by threads is the one without", async ({ linux, directory }) => {
  const path = makeTree(directory);
  const expected = await createImage(openSourceTree(linux, utf8(path)));
  for (const options of [ALONE, THREADED]) {
    assertEquals(await readAll(linux, path, options), expected);
  }
});

test("pool: tells how many bytes it has read", async ({ linux, directory }) => {
  const path = makeTree(directory);
  const seen: [number, number | undefined][] = [];
  await readAll(linux, path, { ...THREADED, onRead: (done, total) => seen.push([done, total]) });
  const [done, total] = seen.at(-1)!;
  assertEquals(done, total);
  // Of how many is told once all files are known, and stays.
  const known = seen.findIndex(([, total]) => total !== undefined);
  assertEquals(seen.slice(known).every((each) => each[1] === total), true);
  assertEquals(seen.every(([done], i) => i === 0 || done >= seen[i - 1]![0]), true);
});

/** What of a kernel's may be missing or fail without the store becoming another. */
const WAYS: Record<string, Faults> = {
  "as it is": {},
  "without O_DIRECT": { fcntl: () => ERRNO.EINVAL },
  "with O_DIRECT that fails at the first write": { pwrite: once(ERRNO.EINVAL) },
  "without cloning": { ioctl_int: () => ERRNO.EOPNOTSUPP },
  "with short reads": { pread: everyThird(ERRNO.EINTR) },
};

function once(errno: number): () => number | undefined {
  let calls = 0;
  return () => calls++ === 0 ? errno : undefined;
}

function everyThird(errno: number): () => number | undefined {
  let calls = 0;
  return () => calls++ % 3 === 0 ? errno : undefined;
}

test("pool: two digests of one reading, by threads or without", async ({ linux, directory }) => {
  const path = makeTree(directory);
  const algorithms = ["sha256", "sha512"] as const;
  const expected = await readSource(openSourceTree(linux, utf8(path)), { algorithms });
  for (const options of [ALONE, THREADED]) {
    const tree = openSourceTree(linux, utf8(path));
    using reader = new TreeReader(linux, tree, { ...options, algorithms });
    const read = await readSource(tree, { reader });
    for (const algorithm of algorithms) {
      assertEquals(encodeSource(read, { algorithm }), encodeSource(expected, { algorithm }));
    }
  }
});

for (const [way, faults] of Object.entries(WAYS)) {
  test(`pool: fills a store ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    const path = makeTree(directory);
    for (const [index, options] of [ALONE, THREADED].entries()) {
      const root = `${directory}/store-${index}`;
      using store = openObjectStore(linux, utf8(root));
      await readAll(linux, path, { ...options, store });
      // Once more, now that all objects are there and none waits to be named.
      store.flush();
      await readAll(linux, path, { ...options, store });
      store.flush();
      for (const size of SIZES.filter((size) => size > 64)) {
        const hex = fsVerityDigest(contents(size)).toHex();
        const object = readFileSync(`${root}/${hex.slice(0, 2)}/${hex.slice(2)}`);
        assertEquals(new Uint8Array(object), contents(size));
      }
    }
  }, { when: QUICK, reason: "not a quick one" });
}

test("pool: an error leaves no object and no open file", async ({ linux, directory }) => {
  const path = makeTree(directory);
  const open = () => openBelow(directory).length;
  await readAll(linux, path, THREADED);
  const before = open();
  for (const broken of ["pwrite", "syncfs"] as const) {
    const faulty = await openFaulty({ [broken]: () => ERRNO.ENOSPC });
    const root = `${directory}/store-${broken}`;
    let failure: unknown;
    try {
      using store = openObjectStore(faulty, utf8(root));
      await readAll(faulty, path, { ...ALONE, store });
      store.flush();
    } catch (error) {
      failure = error;
    }
    assertEquals(failure instanceof SyscallError && failure.errno, ERRNO.ENOSPC);
    assertEquals(readdirSync(root), []);
  }
  // Each run keeps the root of its tree, and the directory read last.
  assertEquals(open() <= before + 4, true);
});

for (const interrupted of [false, true]) {
  const cause = interrupted ? "a signal" : "a file that fails";
  test(`pool: drafts that have temporary names do not outlive ${cause}`, async ({ directory }) => {
    const path = makeTree(directory);
    const root = `${directory}/store`;
    let drafts = 0;
    const linux = await openFaulty({
      // Both architectures' bit of O_TMPFILE.
      openat: (_dirfd, _path, flags) =>
        (flags as number) & 0o20000000 ? ERRNO.EOPNOTSUPP : undefined,
      pwrite() {
        // In the midst of a job of many files.
        if (++drafts === 50 && interrupted) throw new InterruptedError("SIGTERM");
        return undefined;
      },
    });
    const tree = openSourceTree(linux, utf8(path));
    await assertRejects(
      async () => {
        using store = openObjectStore(linux, utf8(root));
        using reader = new TreeReader(linux, tree, { ...ALONE, store });
        scanTree(tree, (file, inside) => {
          // The directory has been listed by now, so this change comes between listing and reading.
          if (!interrupted && startsWith(inside, utf8("deep/"))) {
            truncateSync(`${path}/deep/er/200`, 1);
          }
          return reader.add(file, inside);
        });
        await reader.finish();
      },
      interrupted ? InterruptedError : IntegrityError,
    );
    assertEquals(drafts >= 50, true);
    assertEquals(readdirSync(root), []);
  });
}

for (const [name, change] of Object.entries({ shrunk: -1, grown: 1 })) {
  test(`pool: a file that has ${name} since it was scanned is refused`, async ({ linux, directory }) => {
    for (const size of SIZES.filter((size) => size > 0)) {
      const path = `${directory}/${size}`;
      mkdirSync(path);
      writeFileSync(`${path}/file`, contents(size));
      const tree = openSourceTree(linux, utf8(path));
      using reader = new TreeReader(linux, tree, ALONE);
      await assertRejects(
        async () => {
          scanTree(tree, (file, inside) => {
            truncateSync(`${path}/file`, size + change);
            return reader.add(file, inside);
          });
          await reader.finish();
        },
        IntegrityError,
        `Cannot digest "${path}/file": it changed while it was read, ${size + change} bytes where`,
      );
    }
  });
}

test("pool: digests files in order, and fails at the first it cannot read", ({ linux, directory }) => {
  const path = makeTree(directory);
  const names = SIZES.map((size) => utf8(`${path}/${size}`));
  const order = { algorithm: "sha256", blockSize: 4096, measure: true } as const;
  for (const options of [ALONE, THREADED]) {
    const digests = [...digestFiles(linux, names, { ...order, ...options })];
    assertEquals(digests, SIZES.map((size) => fsVerityDigest(contents(size))));
    const found: Digest[] = [];
    const broken = [...names, utf8(`${path}/none`), ...names];
    assertThrows(
      () => found.push(...digestFiles(linux, broken, { ...order, ...options })),
      SyscallError,
      `Cannot open "${path}/none"`,
    );
  }
});

/** Where there is data in files, by the bytes of the files. */
const SPARSE: readonly { readonly size: number; readonly data: readonly number[] }[] = [
  { size: 5 * MIB, data: [] },
  { size: 8 * MIB + 1, data: [0] },
  { size: 8 * MIB, data: [8 * MIB - 1] },
  { size: 20 * MIB + 4097, data: [2 * MIB - 1, 6 * MIB, 13 * MIB + 5000] },
  { size: 12 * MIB, data: Array.from({ length: 30 }, (_, i) => i * 400_000) },
  { size: 300_000, data: [200_000] },
];

/** Makes files that are mostly holes, and gives what is in them. */
function makeSparse(directory: string): Uint8Array<ArrayBuffer>[] {
  mkdirSync(directory);
  return SPARSE.map(({ size, data }, index) => {
    const path = `${directory}/${index}`;
    writeFileSync(path, "");
    truncateSync(path, size);
    const contents = new Uint8Array(size);
    const file = openSync(path, "r+");
    for (const position of data) {
      contents[position] = 1 + position % 255;
      writeSync(file, contents, position, 1, position);
    }
    closeSync(file);
    return contents;
  });
}

function blocksOf(path: string): number {
  return statSync(path).blocks;
}

/** Kernels and file systems that say nothing of holes, or that are not asked. */
const HOLE_WAYS: Record<string, Faults> = {
  "as lseek finds them": {},
  "without cloning": { ioctl_int: () => ERRNO.EOPNOTSUPP },
  "without SEEK_DATA": { lseek: () => ERRNO.EINVAL },
  "without SEEK_HOLE": { lseek: (...args) => args[2] === SEEK_HOLE ? ERRNO.EINVAL : undefined },
  "on a file system that is not known": { fstatfs: () => ERRNO.ENOSYS },
};

for (const [way, faults] of Object.entries(HOLE_WAYS)) {
  test(`pool: holes are as zeros, and stay holes, ${way}`, async ({ directory }) => {
    const linux = await openFaulty(faults);
    const path = `${directory}/sparse`;
    const all = makeSparse(path);
    const names = all.map((_, index) => utf8(`${path}/${index}`));
    const digests = all.map((contents) => fsVerityDigest(contents));
    const order = { algorithm: "sha256", blockSize: 4096, measure: false } as const;
    for (const [index, options] of [ALONE, THREADED].entries()) {
      assertEquals([...digestFiles(linux, names, { ...order, ...options })], digests);
      const root = `${directory}/store-${index}`;
      using store = openObjectStore(linux, utf8(root));
      const seen: [number, number | undefined][] = [];
      await readAll(linux, path, {
        ...options,
        store,
        onRead: (done, total) => seen.push([done, total]),
      });
      store.flush();
      assertEquals(seen.at(-1)![0], seen.at(-1)![1]);
      for (const [file, contents] of all.entries()) {
        const hex = digests[file]!.toHex();
        const object = `${root}/${hex.slice(0, 2)}/${hex.slice(2)}`;
        assertEquals(new Uint8Array(readFileSync(object)), contents);
        const keeps = !("lseek" in faults || "fstatfs" in faults) || contents.length < 2 * MIB;
        if (keeps) assertEquals(blocksOf(object) <= blocksOf(`${path}/${file}`), true);
      }
    }
    // Other parameters, by which files are not cut into pieces.
    const salted = { ...order, algorithm: "sha512", salt: utf8("salt") } as const;
    assertEquals(
      [...digestFiles(linux, names, { ...salted, ...ALONE })],
      all.map((contents) => fsVerityDigest(contents, salted)),
    );
  }, { when: QUICK, reason: "not a quick one" });
}

test("pool: a sparse file that shrinks while it is read is refused", async ({ directory }) => {
  const path = `${directory}/file`;
  for (const size of [4 * MIB + 5, 8 * MIB]) {
    writeFileSync(path, "");
    truncateSync(path, size);
    let calls = 0;
    const linux = await openFaulty({
      lseek() {
        if (++calls === 2) truncateSync(path, 3 * MIB);
        return undefined;
      },
    });
    const order = { algorithm: "sha256", blockSize: 4096, measure: false } as const;
    assertThrows(
      () => [...digestFiles(linux, [utf8(path)], { ...order, ...ALONE })],
      IntegrityError,
      `Cannot digest "${path}": it changed while it was read, ${3 * MIB} bytes where ${size} were`,
    );
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { openFiniteFile } from "../../../ffi/files/finite_file.ts";
import { TreeCache } from "../../../ffi/objects/tree_cache.ts";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { ThreadedTrees } from "../../../ffi/threads/tree_source.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import type { ExpectedFile } from "../../../lib/digest/hash_tree.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { openVerified } from "../../../lib/digest/verified_file.ts";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";
import { QUICK } from "../../../scripts/test/effort.ts";
import { openFaulty, repositoryPath, test } from "../harness.ts";

/** Three threads by the program's own module; in the bundle for Bun there is no such module. */
const THREADED = "Bun" in globalThis
  ? { threads: 1, module: undefined }
  : { threads: 3, module: `file://${repositoryPath("tests/ffi/threads/worker.ts")}` };
const ALONE = { threads: 1, module: undefined };
const NOT_QUICK = { when: QUICK, reason: "not a quick one" };

const MIB = 1 << 20;
/** Enough for several threads, and not a whole number of anything. */
const SIZE = 33 * MIB + 4321;
const CONTENTS = new Uint8Array(SIZE);
// Random bytes take as long to make as all tests here, and no two blocks are to be equal.
for (let at = 0; at < SIZE; at += 512) CONTENTS.set(createRandom(at).bytes(8), at);

interface Made extends ExpectedFile {
  readonly path: string;
  readonly tree: Uint8Array;
}

function make(directory: string, algorithm: "sha256" | "sha512", contents = CONTENTS): Made {
  const path = `${directory}/object`;
  writeFileSync(path, contents);
  const hasher = new FsVerityHasher({ algorithm, keepTree: true }).update(contents);
  const name = 'object "x"';
  return { path, digest: hasher.digest(), size: contents.length, name, tree: hasher.merkleTree() };
}

function open(linux: Linux, { path, tree: _, ...expected }: Made, trees: ThreadedTrees): File {
  return openVerified(openFiniteFile(linux, utf8(path)), { ...expected, trees });
}

/** Reads from the start to the end in steps, and compares. */
function assertReads(file: File, contents: Uint8Array, step: number): void {
  const buffer = new Uint8Array(step);
  let position = 0;
  for (let count; (count = file.readAt(buffer, position)) > 0; position += count) {
    const part = contents.subarray(position, position + count);
    // Faster than assertEquals by far.
    if (Buffer.compare(buffer.subarray(0, count), part) === 0) continue;
    throw new Error(`Other bytes from ${position} on`);
  }
  assertEquals(position, contents.length);
}

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`trees: a file is read as it is with and without a tree, ${algorithm}`, ({
    linux,
    directory,
  }) => {
    const made = make(directory, algorithm);
    for (const threads of [ALONE, THREADED]) {
      const kept = `${directory}/trees-${threads.threads}`;
      // First without a cache, then made and kept, then found in the cache.
      for (const cached of [false, true, true]) {
        const cache = cached ? new TreeCache(linux, utf8(kept)) : undefined;
        using trees = new ThreadedTrees(linux, threads, cache);
        using file = open(linux, made, trees);
        assertReads(file, CONTENTS, 300_000);
        assertReads(file, CONTENTS, 2 * MIB);
      }
      assertEquals(readdirSync(kept), [`${made.digest.toHex()}.merkle`]);
      const bytes = readFileSync(`${kept}/${made.digest.toHex()}.merkle`);
      assertEquals(Buffer.compare(bytes, made.tree), 0);
    }
  }, NOT_QUICK);
}

test("trees: reading may jump at any time, and two files be read at a time", ({
  linux,
  directory,
}) => {
  const made = make(directory, "sha256");
  const random = createRandom(4);
  using trees = new ThreadedTrees(linux, THREADED, undefined);
  using one = open(linux, made, trees);
  using other = open(linux, made, trees);
  const into = new Uint8Array(200_000);
  let position = 0;
  for (let round = 0; round < 300; round++) {
    if (random.int(0, 5) === 0) position = random.int(0, SIZE + 10);
    const file = random.int(0, 3) === 0 ? other : one;
    const length = random.int(1, into.length);
    const count = file.readAt(into.subarray(0, length), position);
    const expected = CONTENTS.subarray(position, position + length);
    assertEquals(count, expected.length);
    assertEquals(Buffer.compare(into.subarray(0, count), expected), 0);
    position += count;
  }
}, NOT_QUICK);

test("trees: a wrong block is not handed out by any thread, and the rest is", ({
  linux,
  directory,
}) => {
  const made = make(directory, "sha256");
  const wrong = CONTENTS.slice();
  wrong[20 * MIB + 5]! ^= 1;
  const kept = `${directory}/trees`;
  new TreeCache(linux, utf8(kept)).keep(made.digest, memoryFile(made.tree));
  writeFileSync(made.path, wrong);
  for (const threads of [ALONE, THREADED]) {
    using trees = new ThreadedTrees(linux, threads, new TreeCache(linux, utf8(kept)));
    using file = open(linux, made, trees);
    const buffer = new Uint8Array(MIB);
    let position = 0;
    const error = assertThrows(() => {
      for (;;) position += file.readAt(buffer, position);
    }, IntegrityError);
    assertEquals(error.message.endsWith(`other contents at offset ${20 * MIB}`), true);
    assertEquals(position, 20 * MIB);
    assertEquals(file.readAt(buffer, 21 * MIB), MIB);
    // Where no tree is kept, making one shows the damage when the file is opened.
    using none = new ThreadedTrees(linux, threads, undefined);
    assertThrows(() => open(linux, made, none), IntegrityError, "fs-verity digest");
  }
}, NOT_QUICK);

test("trees: one that is damaged is made anew, and kept in its place", ({ linux, directory }) => {
  const made = make(directory, "sha256");
  const kept = `${directory}/trees`;
  const name = `${kept}/${made.digest.toHex()}.merkle`;
  {
    using trees = new ThreadedTrees(linux, THREADED, new TreeCache(linux, utf8(kept)));
    open(linux, made, trees)[Symbol.dispose]();
  }
  const damages: ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => bytes.fill(0, 0, 1),
    (bytes) => bytes.fill(0, 4096, 5000),
    (bytes) => bytes.fill(0, bytes.length - 4096),
    (bytes) => bytes.subarray(0, 100),
    () => new Uint8Array(0),
  ];
  for (const damage of damages) {
    writeFileSync(name, damage(made.tree.slice()));
    using trees = new ThreadedTrees(linux, THREADED, new TreeCache(linux, utf8(kept)));
    using file = open(linux, made, trees);
    assertReads(file, CONTENTS, MIB);
    assertEquals(Buffer.compare(readFileSync(name), made.tree), 0);
  }
}, NOT_QUICK);

test("trees: a file that is cut while it is read is noticed", ({ linux, directory }) => {
  for (const threads of [ALONE, THREADED]) {
    const made = make(directory, "sha256");
    using trees = new ThreadedTrees(linux, threads, undefined);
    using file = open(linux, made, trees);
    const buffer = new Uint8Array(MIB);
    assertEquals(file.readAt(buffer, 0), MIB);
    truncateSync(made.path, 15 * MIB + 7);
    const error = assertThrows(() => assertReads(file, CONTENTS, MIB), IntegrityError);
    assertEquals([error.code, error.message.endsWith(`expected ${SIZE}`)], ["size", true]);
  }
}, NOT_QUICK);

test("trees: a file that is another one is told by its size or its digest", ({ linux, directory }) => {
  const made = make(directory, "sha256", CONTENTS.subarray(0, 3 * MIB));
  for (const threads of [ALONE, THREADED]) {
    using trees = new ThreadedTrees(linux, threads, undefined);
    for (const size of [made.size - 1, made.size + 1]) {
      assertThrows(() => open(linux, { ...made, size }, trees), IntegrityError, "bytes, expected");
    }
    writeFileSync(made.path, CONTENTS.subarray(1, 3 * MIB + 1));
    assertThrows(() => open(linux, made, trees), IntegrityError, "fs-verity digest");
    writeFileSync(made.path, CONTENTS.subarray(0, 3 * MIB));
    using file = open(linux, made, trees);
    assertReads(file, CONTENTS.subarray(0, 3 * MIB), MIB);
  }
});

test("trees: an error of the disk comes through, and the next file can be read", async ({ directory }) => {
  let fails = false;
  const linux = await openFaulty({ pread: () => fails ? ERRNO.EIO : undefined });
  const made = make(directory, "sha256");
  using trees = new ThreadedTrees(linux, ALONE, undefined);
  fails = true;
  assertThrows(() => open(linux, made, trees), SyscallError, "EIO");
  fails = false;
  using file = open(linux, made, trees);
  assertEquals(file.readAt(new Uint8Array(10), 0), 10);
  fails = true;
  assertThrows(() => file.readAt(new Uint8Array(10), 4 * MIB), SyscallError, "EIO");
  fails = false;
  assertReads(file, CONTENTS, MIB);
});

test("trees: a file of some mebibytes is read once, one at a time", async ({ directory }) => {
  let reads = 0;
  const linux = await openFaulty({ pread: () => void reads++ });
  const contents = CONTENTS.slice(0, 5 * MIB + 3);
  const made = make(directory, "sha256", contents);
  for (const threads of [ALONE, THREADED]) {
    using trees = new ThreadedTrees(linux, threads, undefined);
    for (let round = 0; round < 2; round++) {
      using one = open(linux, made, trees);
      using other = open(linux, made, trees);
      // Opening has read the file to hash it and keeps the bytes, so a later change of the file is not seen.
      writeFileSync(made.path, new Uint8Array(contents.length));
      reads = 0;
      assertReads(one, contents, 100_000);
      assertEquals(one.bytesAt!(MIB).length, 4 * MIB + 3);
      assertEquals(reads, 0);
      assertThrows(() => assertReads(other, contents, MIB), IntegrityError, "it changed");
      assertEquals(reads > 0, true);
      writeFileSync(made.path, contents);
    }
  }
});

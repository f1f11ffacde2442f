import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { SyscallError } from "../../ffi/sys/errno.ts";
import { Machine } from "../../ffi/machine.ts";
import { createImage } from "../../lib/composefs/image.ts";
import { openImage } from "../../lib/composefs/open.ts";
import { MemoryStore } from "../../lib/objects/memory_store.ts";
import { memoryTree } from "../../lib/tree/memory_tree.ts";
import type { DiskStore, DiskTree } from "../../ffi/disk.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import { openBelow, repositoryPath, test } from "./harness.ts";

const TEXT = "Welcome!\n".repeat(10);

function makeTree(directory: string): string {
  const path = `${directory}/tree`;
  mkdirSync(`${path}/etc`, { recursive: true });
  writeFileSync(`${path}/etc/motd`, TEXT);
  writeFileSync(`${path}/etc/hostname`, "here\n");
  symlinkSync("motd", `${path}/etc/issue`);
  return path;
}

test("machine: a path and a tree that is open give the image of the plain line", async ({ linux, directory }) => {
  const machine = new Machine(linux, { module: undefined });
  const path = makeTree(directory);
  using tree = machine.openTree(path);
  const expected = await createImage(tree);
  assertEquals(await machine.createImage(path), expected);
  assertEquals(await machine.createImage(utf8(path)), expected);
  assertEquals(await machine.createImage(tree), expected);
});

test("machine: what is opened for an image is closed again", async ({ linux, directory }) => {
  const machine = new Machine(linux, { module: undefined });
  const path = makeTree(directory);
  await machine.createImage(path);
  await assertRejects(() => machine.createImage(`${path}/none`), SyscallError);
  {
    using tree = machine.openTree(path);
    tree.list(utf8("etc"), { xattrs: "none" });
    tree.open(utf8("etc/motd"))[Symbol.dispose]();
  }
  assertEquals(openBelow(directory), []);
});

const NO_MODULE = { when: "Bun" in globalThis, reason: "no module for threads in the bundle" };

test(
  "machine: threads give the same image, and leave nothing open",
  async ({ linux, directory }) => {
    const path = makeTree(directory);
    for (let i = 0; i < 300; i++) writeFileSync(`${path}/etc/${i}`, `${i} `.repeat(60));
    const expected = await new Machine(linux, { module: undefined }).createImage(path);
    const module = `file://${repositoryPath("tests/ffi/threads/worker.ts")}`;
    const machine = new Machine(linux, { module, startAtOnce: true });
    assertEquals(await machine.createImage(path, { threads: 3 }), expected);
    assertEquals(openBelow(directory), []);
  },
  NO_MODULE,
);

test("machine: an image and its store become the directory again", async ({ linux, directory }) => {
  const machine = new Machine(linux, { module: undefined });
  {
    using store = machine.openStore(`${directory}/objects`);
    const image = await machine.createImage(makeTree(directory), { store });
    machine.writeFile(`${directory}/x.cfs`, image);
  }
  const tree = openImage(machine.readImage(`${directory}/x.cfs`).bytes).tree();
  using objects = machine.openLayer(`${directory}/objects`);
  machine.extractTree(`${directory}/copy`, tree, { layers: [objects], keepOwner: true });
  assertEquals(readFileSync(`${directory}/copy/etc/issue`, "utf8"), TEXT);
  assertEquals(readFileSync(`${directory}/copy/etc/hostname`, "utf8"), "here\n");
  // Without the store there is no such file to be had.
  assertThrows(
    () => machine.extractTree(`${directory}/other`, tree, { keepOwner: true }),
    Error,
    "no object store was given",
  );
});

test("machine: stores and trees that are not on disk are refused", async ({ linux, directory }) => {
  const machine = new Machine(linux, { module: undefined });
  const foreign = Object.assign(new MemoryStore(), {
    repairs: [],
    hasVerity: undefined,
    flush() {},
    [Symbol.dispose]() {},
  }) as unknown as DiskStore;
  await assertRejects(
    () => machine.createImage(makeTree(directory), { store: foreign }),
    TypeError,
    "Cannot put files into this store",
  );
  const tree = Object.assign(memoryTree({}), {
    hiddenOwners: 0,
    [Symbol.dispose]() {},
  }) as DiskTree;
  await assertRejects(() => machine.createImage(tree), TypeError, "Cannot read this tree");
});

test("machine: digests of files come in their order", ({ linux, directory }) => {
  const machine = new Machine(linux, { module: undefined });
  const paths = ["b", "a"].map((name) => utf8(`${directory}/${name}`));
  writeFileSync(`${directory}/a`, "a");
  writeFileSync(`${directory}/b`, "b");
  const options = { algorithm: "sha256", blockSize: 4096, measure: false } as const;
  const digests = [...machine.digestFiles(paths, options)].map((digest) => digest.toHex());
  assertEquals(
    [...machine.digestFiles(paths.toReversed(), options)].map((digest) => digest.toHex()),
    digests.toReversed(),
  );
  assertEquals(new Set(digests).size, 2);
});

// Large files are hashed here: by the runtime it takes a fifth of the time.
import "../../../ffi/node/install.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { fsVerityDigest, FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import { hashLevels, HashTree, TreeDamage, treeSize } from "../../../lib/digest/hash_tree.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";

const BLOCK = 4096;
const ALGORITHMS = ["sha256", "sha512"] as const;

/** Contents of three levels by SHA-256, four by SHA-512, the last block short. */
const CONTENTS = createRandom(7).bytes(17_000 * BLOCK + 5);

function treeOf(contents: Uint8Array, algorithm: "sha256" | "sha512") {
  const hasher = new FsVerityHasher({ algorithm, keepTree: true }).update(contents);
  const expected = { digest: hasher.digest(), size: contents.length };
  return { bytes: hasher.merkleTree(), expected };
}

Deno.test("levels are where the tree of the definition has them", () => {
  for (const algorithm of ALGORITHMS) {
    const digestSize = algorithm === "sha256" ? 32 : 64;
    for (const blocks of [0, 1, 2, 63, 64, 65, 128, 129, 64 * 64 + 1, 128 * 128, 128 * 128 + 1]) {
      for (const size of [Math.max(0, blocks * BLOCK - 1), blocks * BLOCK]) {
        const bytes = new FsVerityHasher({ algorithm, keepTree: true }).updateZeros(size)
          .merkleTree();
        assertEquals(treeSize(size, digestSize), bytes.length);
        const levels = hashLevels(size, digestSize);
        assertEquals(levels.at(-1)?.position ?? 0, 0);
        assertEquals(levels.reduce((sum, level) => sum + level.blocks, 0) * BLOCK, bytes.length);
      }
    }
  }
  assertEquals(hashLevels(2 ** 53 - 1, 32).length, 6);
});

Deno.test("a tree gives the blocks that it holds, in any order", () => {
  for (const algorithm of ALGORITHMS) {
    const { bytes, expected } = treeOf(CONTENTS, algorithm);
    const levels = hashLevels(CONTENTS.length, expected.digest.bytes.length);
    const random = createRandom(3);
    using tree = HashTree.open(memoryFile(bytes), expected)!;
    assertEquals(tree.lowest, 0);
    for (let round = 0; round < 500; round++) {
      const level = random.int(0, levels.length - 1);
      const index = random.int(0, levels[level]!.blocks - 1);
      const at = levels[level]!.position + index * BLOCK;
      assertEquals(tree.block(level, index), bytes.slice(at, at + BLOCK));
    }
  }
});

Deno.test("a tree that does not lead to the digest is none", () => {
  for (const algorithm of ALGORITHMS) {
    const { bytes, expected } = treeOf(CONTENTS, algorithm);
    const { digest, size } = expected;
    let closed = 0;
    const open = (tree: Uint8Array, other = expected) =>
      HashTree.open({ ...memoryFile(tree), [Symbol.dispose]: () => void closed++ }, other);
    const damaged = bytes.slice();
    damaged[100]! ^= 1;
    assertEquals(open(damaged), undefined);
    // The size is part of what the digest is of, and so is the algorithm.
    assertEquals(open(bytes, { digest, size: size - 1 }), undefined);
    assertEquals(open(bytes, { digest, size: size + 1 }), undefined);
    const other = algorithm === "sha256" ? "sha512" : "sha256";
    assertEquals(
      open(bytes, { digest: fsVerityDigest(CONTENTS, { algorithm: other }), size }),
      undefined,
    );
    assertEquals(open(new Uint8Array(0)), undefined);
    assertEquals(open(bytes.subarray(0, BLOCK)), undefined);
    assertEquals(closed, 6);
    // It need not be said of a file of one block.
    const one = { digest: fsVerityDigest(new Uint8Array(5), { algorithm }), size: 5 };
    assertEquals(open(new Uint8Array(BLOCK), one), undefined);
  }
});

Deno.test("a tree that cannot be read is closed, and the error passed on", () => {
  const { bytes, expected } = treeOf(CONTENTS, "sha256");
  let closed = 0;
  const file = {
    ...memoryFile(bytes),
    readAt: () => {
      throw new Error("the disk is gone");
    },
    [Symbol.dispose]: () => void closed++,
  };
  assertThrows(() => HashTree.open(file, expected), Error, "the disk is gone");
  assertEquals(closed, 1);
});

Deno.test("a damaged block of any level is found where it is used, and nowhere else", () => {
  for (const algorithm of ALGORITHMS) {
    const { bytes, expected } = treeOf(CONTENTS, algorithm);
    const levels = hashLevels(CONTENTS.length, expected.digest.bytes.length);
    for (let level = 0; level < levels.length - 1; level++) {
      const damaged = bytes.slice();
      damaged[levels[level]!.position + BLOCK + 17]! ^= 0x40;
      using tree = HashTree.open(memoryFile(damaged), expected)!;
      assertEquals(tree.block(level, 0), bytes.slice(levels[level]!.position).subarray(0, BLOCK));
      for (let round = 0; round < 2; round++) assertThrows(() => tree.block(level, 1), TreeDamage);
      if (level > 0) {
        // What stands below it is as it should be, and cannot be known to be.
        const perBlock = BLOCK / expected.digest.bytes.length;
        assertThrows(() => tree.block(level - 1, perBlock), TreeDamage);
      }
    }
  }
});

Deno.test("a tree without its lowest level verifies spans, one with it blocks", () => {
  for (const algorithm of ALGORITHMS) {
    const { bytes, expected } = treeOf(CONTENTS, algorithm);
    const { length: digestSize } = expected.digest.bytes;
    const [lowest] = hashLevels(CONTENTS.length, digestSize);
    using whole = HashTree.open(memoryFile(bytes), expected)!;
    using upper = HashTree.open(memoryFile(bytes.subarray(0, lowest!.position)), expected)!;
    assertEquals([whole.lowest, upper.lowest], [0, 1]);
    const { spanSize } = whole;
    for (let start = 0; start < CONTENTS.length; start += 37 * spanSize) {
      const hashes = whole.block(0, start / spanSize).slice();
      const last = Math.min(start + spanSize, CONTENTS.length);
      const used = hashes.subarray(0, Math.ceil((last - start) / BLOCK) * digestSize);
      assertEquals(whole.findWrong(start, used), undefined);
      assertEquals(upper.findWrong(start, used), undefined);
      const third = used.subarray(2 * digestSize, 5 * digestSize);
      assertEquals(whole.findWrong(start + 2 * BLOCK, third), undefined);
      used[3 * digestSize + 1]! ^= 1;
      assertEquals(whole.findWrong(start, used), start + 3 * BLOCK);
      assertEquals(whole.findWrong(start + 2 * BLOCK, third), start + 3 * BLOCK);
      assertEquals(upper.findWrong(start, used), start);
    }
  }
});

Deno.test("zeros are known by their hashes, at any place of any length", () => {
  const random = createRandom(9);
  for (const algorithm of ALGORITHMS) {
    const contents = new Uint8Array(9000 * BLOCK + 100);
    const data = [0, 70, 128, 4000, 8999];
    for (const block of data) contents[block * BLOCK + 9] = 1;
    const { bytes, expected } = treeOf(contents, algorithm);
    using tree = HashTree.open(memoryFile(bytes), expected)!;
    const blocks = Math.ceil(contents.length / BLOCK);
    for (let round = 0; round < 400; round++) {
      const first = random.int(0, blocks - 1);
      const last = Math.min(blocks, first + random.int(1, blocks));
      const end = Math.min(last * BLOCK, contents.length);
      const expectedZeros = !data.some((block) => first <= block && block < last);
      assertEquals(tree.areZeros(first * BLOCK, end), expectedZeros, `${first} to ${last}`);
    }
  }
});

Deno.test("the tree of a hole of any size is a file that takes no room", () => {
  const size = 2 ** 44;
  const hasher = new FsVerityHasher({ keepTree: true, keepFrom: 1 });
  hasher.updateZeros(2 ** 43).update(Uint8Array.of(1)).updateZeros(2 ** 43 - 1);
  const expected = { digest: hasher.digest(), size };
  using tree = HashTree.open(hasher.merkleTreeFile(), expected)!;
  assertEquals(tree.lowest, 1);
  assertEquals(tree.areZeros(0, 2 ** 43), true);
  assertEquals(tree.areZeros(2 ** 43 + tree.spanSize, size), true);
  assertEquals(tree.areZeros(2 ** 43, 2 ** 43 + tree.spanSize), false);
  assertEquals(tree.areZeros(2 ** 30, 2 ** 43 + 2 ** 30), false);
});

Deno.test("a tree that was kept reads as its bytes, from the root down", () => {
  const hasher = new FsVerityHasher({ keepTree: true }).update(CONTENTS);
  const bytes = hasher.merkleTree();
  const file = hasher.merkleTreeFile();
  assertEquals(file.size, bytes.length);
  assertEquals(readWhole(file), bytes);
  const part = new Uint8Array(10_000);
  assertEquals(file.readAt(part, 5001), 10_000);
  assertEquals(part, bytes.slice(5001, 15_001));
  assertEquals(file.readAt(part, bytes.length - 10), 10);
  assertEquals(file.readAt(part, bytes.length), 0);
});

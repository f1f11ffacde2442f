import { assertEquals, assertThrows } from "@std/assert";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { HASH_ALGORITHMS } from "../../../lib/digest/hasher.ts";
import { MerkleTree } from "../../../lib/digest/merkle.ts";
import { defaultHasher } from "../../../lib/digest/sha2.ts";
import { createRandom } from "../../../scripts/random.ts";

/** The tree by its definition, level after level in memory: levels from the root down, and root. */
function referenceTree(
  data: Uint8Array,
  blockSize: number,
  algorithm: "sha256" | "sha512",
  salt: Uint8Array,
): { root: Uint8Array; bytes: Uint8Array } {
  const { digestSize, inputBlockSize } = HASH_ALGORITHMS[algorithm];
  const prefix = new Uint8Array(salt.length === 0 ? 0 : inputBlockSize);
  prefix.set(salt);
  if (data.length === 0) return { root: new Uint8Array(digestSize), bytes: new Uint8Array(0) };
  const levels: Uint8Array[] = [];
  let level = data;
  while (true) {
    const blocks = Math.ceil(level.length / blockSize);
    const whole = new Uint8Array(blocks * blockSize);
    whole.set(level);
    if (level !== data) levels.unshift(whole);
    const hashes: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += blockSize) {
      const message = concatBytes(prefix, whole.subarray(at, at + blockSize));
      hashes.push(defaultHasher(algorithm).hash(message));
    }
    if (blocks === 1) return { root: hashes[0]!, bytes: concatBytes(...levels) };
    level = concatBytes(...hashes);
  }
}

function blocksOf(data: Uint8Array, blockSize: number): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += blockSize) {
    blocks.push(data.subarray(at, at + blockSize));
  }
  return blocks;
}

Deno.test("the tree is the one of the definition, also where levels fill up exactly", () => {
  const random = createRandom(21);
  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const blockSize of [128, 256, 1024]) {
      const fan = blockSize / HASH_ALGORITHMS[algorithm].digestSize;
      for (
        const count of [0, 1, 2, fan - 1, fan, fan + 1, fan ** 2, fan ** 2 + 1, fan ** 2 + fan]
      ) {
        for (const salt of [random.bytes(0), random.bytes(9)]) {
          const data = random.bytes(Math.max(0, count * blockSize - random.pick([0, 1, 100])));
          const tree = new MerkleTree({
            hasher: defaultHasher(algorithm),
            blockSize,
            salt,
            keepTree: true,
          });
          for (const block of blocksOf(data, blockSize)) tree.addBlock(block);
          const expected = referenceTree(data, blockSize, algorithm, salt);
          const which = `${algorithm}, ${blockSize}, ${data.length} bytes, salt ${salt.length}`;
          assertEquals(tree.rootHash(), expected.root, which);
          assertEquals(tree.bytes(), expected.bytes, which);
        }
      }
    }
  }
});

Deno.test("leaves hashed elsewhere give the same tree", () => {
  const hasher = defaultHasher("sha256");
  const salt = new Uint8Array([1, 2]);
  const ours = new MerkleTree({ salt, keepTree: true });
  const theirs = new MerkleTree({ salt, keepTree: true });
  for (const block of blocksOf(createRandom(22).bytes(700_000), 4096)) {
    ours.addBlock(block);
    theirs.addLeaf(hasher.hash(theirs.leafMessage(block)));
  }
  assertEquals(theirs.rootHash(), ours.rootHash());
  assertEquals(theirs.bytes(), ours.bytes());
});

Deno.test("whole blocks without a salt are hashed where they are", () => {
  const block = new Uint8Array(4096);
  assertEquals(new MerkleTree().leafMessage(block) === block, true);
  assertEquals(new MerkleTree({ salt: new Uint8Array(1) }).leafMessage(block).length, 64 + 4096);
});

Deno.test("a tree of very many small blocks can be given", () => {
  const tree = new MerkleTree({ blockSize: 64, keepTree: true });
  const hash = new Uint8Array(32);
  for (let i = 0; i < 2 ** 18; i++) tree.addLeaf(hash);
  assertEquals(tree.bytes().length, (2 ** 18 - 1) * 64);
});

Deno.test("an empty tree has a root hash of zeros and no blocks", () => {
  const tree = new MerkleTree({ hasher: defaultHasher("sha512"), keepTree: true });
  assertEquals(tree.rootHash(), new Uint8Array(64));
  assertEquals(tree.bytes(), new Uint8Array(0));
});

Deno.test("a tree refuses what would make it wrong", () => {
  const tree = new MerkleTree({ blockSize: 1024 });
  assertThrows(() => tree.addBlock(new Uint8Array(0)), RangeError, "a block of 0 bytes");
  assertThrows(() => tree.addBlock(new Uint8Array(1025)), RangeError, "expected 1 to 1024");
  tree.addBlock(new Uint8Array(3));
  tree.rootHash();
  assertThrows(() => tree.addBlock(new Uint8Array(3)), TypeError, "already taken");
  assertThrows(() => tree.bytes(), TypeError, "expected keepTree");
});

Deno.test("blocks of zeros, and equal leaves, are as if they were added one by one", () => {
  const random = createRandom(22);
  for (let round = 0; round < 300; round++) {
    const algorithm = random.pick(["sha256", "sha512"] as const);
    const hasher = defaultHasher(algorithm);
    const options = {
      hasher,
      blockSize: hasher.digestSize * random.pick([2, 4, 8]),
      salt: random.bytes(random.pick([0, 5])),
      keepTree: true,
    };
    const [one, other] = [new MerkleTree(options), new MerkleTree(options)];
    for (let part = random.int(1, 6); part > 0; part--) {
      const count = random.int(0, random.pick([3, 20, 400]));
      const kind = random.pick(["zeros", "equal", "data"] as const);
      const block = kind === "data"
        ? random.bytes(options.blockSize)
        : new Uint8Array(options.blockSize);
      const leaf = random.bytes(hasher.digestSize);
      if (kind === "zeros") one.addZeroBlocks(count);
      else if (kind === "equal") one.addEqualLeaves(leaf, count);
      else for (let i = 0; i < count; i++) one.addBlock(block);
      for (let i = 0; i < count; i++) {
        if (kind === "equal") other.addLeaf(leaf);
        else other.addBlock(block);
      }
    }
    assertEquals(one.rootHash(), other.rootHash());
    assertEquals(one.bytes(), other.bytes());
  }
});

Deno.test("as many blocks of zeros as there can be are added at once", () => {
  const tree = new MerkleTree({ blockSize: 64 });
  tree.addZeroBlocks(2 ** 52);
  tree.addBlock(new Uint8Array(64).fill(1));
  assertEquals(tree.rootHash().length, 32);
  assertThrows(() => tree.addZeroBlocks(1), TypeError, "already taken");
});

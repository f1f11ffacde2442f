import { assertEquals } from "@std/assert";
import { fsVerityDigest, FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import { SpanAssembler } from "../../../lib/digest/span_assembler.ts";
import { MerkleTree } from "../../../lib/digest/merkle.ts";
import { portableHasher } from "../../../lib/digest/portable.ts";
import { defaultHasher } from "../../../lib/digest/sha2.ts";
import { readWhole } from "../../../lib/file/file.ts";
import { LevelHasher, spanSize } from "../../../lib/digest/spans.ts";

function pattern(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 7) * 17) & 0xff;
  return bytes;
}

/** The root hash by the tree that grows block by block. */
function rootByTree(data: Uint8Array, blockSize: number, algorithm: "sha256" | "sha512") {
  const tree = new MerkleTree({ hasher: defaultHasher(algorithm), blockSize });
  for (let at = 0; at < data.length; at += blockSize) {
    tree.addBlock(data.subarray(at, at + blockSize));
  }
  return tree.rootHash();
}

const SHAPES = [
  { blockSize: 4096, algorithm: "sha256", span: 524_288 },
  { blockSize: 4096, algorithm: "sha512", span: 262_144 },
  { blockSize: 1024, algorithm: "sha256", span: 32_768 },
  { blockSize: 128, algorithm: "sha512", span: 256 },
  { blockSize: 64, algorithm: "sha256", span: 128 },
] as const;

for (const { blockSize, algorithm, span } of SHAPES) {
  const hasher = defaultHasher(algorithm);
  const lengths = [0, 1, blockSize - 1, blockSize, blockSize + 1, span - 1, span, span + 1]
    .concat(3 * span, 3 * span + 1, 5 * span - blockSize);

  Deno.test(`by the level: ${algorithm}, blocks of ${blockSize} bytes`, () => {
    assertEquals(spanSize(blockSize, hasher.digestSize), span);
    const levels = new LevelHasher(hasher, blockSize);
    for (const length of lengths) {
      const data = pattern(length);
      assertEquals(levels.rootHash(data), rootByTree(data, blockSize, algorithm), `${length}`);
    }
  });

  Deno.test(`put together from spans: ${algorithm}, blocks of ${blockSize} bytes`, () => {
    const levels = new LevelHasher(hasher, blockSize);
    for (const length of lengths.filter((length) => length > blockSize)) {
      const data = pattern(length);
      for (const piece of [span, 2 * span]) {
        const assembler = new SpanAssembler({ hasher, blockSize });
        for (let at = 0; at < length; at += piece) {
          assembler.add(levels.hashBlocks(levels.hashBlocks(data.subarray(at, at + piece))));
        }
        assertEquals(
          assembler.digest(length),
          fsVerityDigest(data, { algorithm, blockSize }),
          `${length} by ${piece}`,
        );
      }
    }
  });

  Deno.test(`a tree of spans: ${algorithm}, blocks of ${blockSize} bytes`, () => {
    const levels = new LevelHasher(hasher, blockSize);
    for (const length of lengths.filter((length) => length > blockSize)) {
      // In the middle, two spans of zeros that are not looked at.
      const data = pattern(length);
      const holes = length > 4 * span ? { start: span, end: 3 * span } : { start: 0, end: 0 };
      data.fill(0, holes.start, holes.end);
      const whole = new FsVerityHasher({ hasher, blockSize, keepTree: true }).update(data);
      for (const keepFrom of [0, 1]) {
        const assembler = new SpanAssembler({ hasher, blockSize, keepTree: true, keepFrom });
        for (let at = 0; at < length; at += span) {
          if (at >= holes.start && at < holes.end) assembler.addZeros(span);
          else assembler.addBlocks(levels.hashBlocks(data.subarray(at, at + span)));
        }
        assertEquals(assembler.digest(length), whole.digest());
        const tree = readWhole(assembler.treeFile());
        const lowest = Math.ceil(length / span) * blockSize;
        const expected = whole.merkleTree();
        assertEquals(tree, keepFrom === 0 ? expected : expected.slice(0, -lowest));
      }
    }
  });
}

Deno.test("digests by different parameters in turn do not disturb each other", () => {
  const data = pattern(10_000);
  const portable = portableHasher("sha256");
  const all = [{}, { blockSize: 1024 }, { algorithm: "sha512" as const }, { hasher: portable }];
  const first = all.map((options) => fsVerityDigest(data, options));
  assertEquals(all.map((options) => fsVerityDigest(data, options)), first);
  assertEquals(first[3], first[0]);
  assertEquals(fsVerityDigest(data.subarray(0, 100)), fsVerityDigest(pattern(100)));
});

/** Verified reading of files whose Merkle trees were made before. */

// Large files are hashed here: by the runtime it takes a fifth of the time.
import "../../../ffi/node/install.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { FsVerityHasher } from "../../../lib/digest/fs_verity.ts";
import { type ExpectedFile, hashLevels } from "../../../lib/digest/hash_tree.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import {
  type MerkleTreeSource,
  SEQUENTIAL_TREES,
  SequentialReader,
} from "../../../lib/digest/tree_source.ts";
import { openVerified } from "../../../lib/digest/verified_file.ts";
import { type File, memoryFile, readWhole } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";

const BLOCK = 4096;
const MIB = 1 << 20;
const ALGORITHMS = ["sha256", "sha512"] as const;
const CONTENTS = createRandom(21).bytes(9 * MIB + 12_345);

interface Case {
  readonly algorithm: "sha256" | "sha512";
  readonly expected: ExpectedFile;
  readonly tree: Uint8Array;
}

function makeCase(algorithm: "sha256" | "sha512", contents: Uint8Array = CONTENTS): Case {
  const hasher = new FsVerityHasher({ algorithm, keepTree: true }).update(contents);
  const expected = { digest: hasher.digest(), size: contents.length, name: 'object "x"' };
  return { algorithm, expected, tree: hasher.merkleTree() };
}

/** Hands out a tree, and counts what has to be done in spite of it. */
class Trees implements MerkleTreeSource {
  made = 0;
  blocksRead = 0;
  closed = 0;
  readonly #tree: Uint8Array;

  constructor(tree: Uint8Array) {
    this.#tree = tree;
  }

  find(): File {
    return { ...memoryFile(this.#tree), [Symbol.dispose]: () => void this.closed++ };
  }

  hash(file: File, expected: ExpectedFile) {
    this.made++;
    return SEQUENTIAL_TREES.hash(file, expected);
  }

  read(...options: Parameters<MerkleTreeSource["read"]>) {
    const reader = new SequentialReader(...options);
    return {
      alignment: reader.alignment,
      read: (position: number) => {
        const blocks = reader.read(position);
        this.blocksRead += Math.ceil(blocks.bytes.length / BLOCK);
        return blocks;
      },
      [Symbol.dispose]() {},
    };
  }
}

/** Reads to the end in steps, like a program that copies. */
function copy(file: File, step: number): Uint8Array {
  const copied = new Uint8Array(file.size);
  let position = 0;
  for (
    let count;
    (count = file.readAt(copied.subarray(position, position + step), position)) > 0;
  ) {
    position += count;
  }
  return copied.subarray(0, position);
}

Deno.test("with a tree at hand each block is hashed once, as it is handed out", () => {
  for (const algorithm of ALGORITHMS) {
    const { expected, tree } = makeCase(algorithm);
    const [lowest] = hashLevels(expected.size, expected.digest.bytes.length);
    for (const known of [tree, tree.subarray(0, lowest!.position)]) {
      for (const step of [4096, 100_000, MIB]) {
        const trees = new Trees(known);
        const file = openVerified(memoryFile(CONTENTS), { ...expected, trees });
        assertEquals(trees.blocksRead, 0);
        assertEquals(copy(file, step), CONTENTS);
        assertEquals(trees.blocksRead, Math.ceil(expected.size / BLOCK));
        assertEquals(trees.made, 0);
        assertEquals(trees.closed, 0);
        file[Symbol.dispose]();
        assertEquals(trees.closed, 1);
      }
    }
  }
});

Deno.test("with a tree at hand a file reads at any position", () => {
  const random = createRandom(2);
  for (const algorithm of ALGORITHMS) {
    const { expected, tree } = makeCase(algorithm);
    const [lowest] = hashLevels(expected.size, expected.digest.bytes.length);
    for (const known of [tree, tree.subarray(0, lowest!.position)]) {
      using file = openVerified(memoryFile(CONTENTS), { ...expected, trees: new Trees(known) });
      for (let round = 0; round < 60; round++) {
        const position = random.int(0, CONTENTS.length + 10);
        const into = new Uint8Array(random.int(0, 300_000));
        const part = CONTENTS.subarray(position, position + into.length);
        assertEquals(file.readAt(into, position), part.length);
        assertEquals(into.subarray(0, part.length), part);
      }
    }
  }
});

Deno.test("a block that is not what the tree says is not handed out, the others are", () => {
  for (const algorithm of ALGORITHMS) {
    const { expected, tree } = makeCase(algorithm);
    const { spanSize } = { spanSize: BLOCK / expected.digest.bytes.length * BLOCK };
    const [lowest] = hashLevels(expected.size, expected.digest.bytes.length);
    const offsets = [0, BLOCK, spanSize - 1, 5 * MIB + 77, CONTENTS.length - 1];
    for (const [known, unit] of [[tree, BLOCK], [tree.subarray(0, lowest!.position), spanSize]]) {
      for (const at of offsets) {
        const changed = CONTENTS.slice();
        changed[at]! ^= 4;
        const trees = new Trees(known as Uint8Array);
        using file = openVerified(memoryFile(changed), { ...expected, trees });
        const offset = at - at % (unit as number);
        const into = new Uint8Array(1).fill(9);
        const error = assertThrows(
          () => file.readAt(into, at),
          IntegrityError,
          `Cannot use object "x": its digest is of other contents at offset ${offset}`,
        );
        assertEquals([error.code, error.subject], ["digest", 'object "x"']);
        assertEquals(into[0], 9);
        const elsewhere = at < 4 * MIB ? 8 * MIB : 0;
        assertEquals(file.readAt(into, elsewhere), 1);
        assertEquals(into[0], CONTENTS[elsewhere]);
      }
    }
  }
});

Deno.test("a tree that is damaged at any level is made anew, and the file read all the same", () => {
  for (const algorithm of ALGORITHMS) {
    const { expected, tree } = makeCase(algorithm);
    const levels = hashLevels(expected.size, expected.digest.bytes.length);
    for (const { position } of levels) {
      const damaged = tree.slice();
      damaged[position]! ^= 1;
      const trees = new Trees(damaged);
      using file = openVerified(memoryFile(CONTENTS), { ...expected, trees });
      assertEquals(copy(file, 100_000), CONTENTS);
      assertEquals([trees.made, trees.closed], [1, 1]);
    }
    // As good as none.
    for (const none of [new Uint8Array(0), new Uint8Array(tree.length), tree.subarray(0, 10)]) {
      const trees = new Trees(none);
      using file = openVerified(memoryFile(CONTENTS), { ...expected, trees });
      assertEquals(copy(file, MIB), CONTENTS);
      assertEquals([trees.made, trees.closed], [1, 1]);
    }
  }
});

Deno.test("where the tree is damaged and the file is, too, the file is refused", () => {
  const { expected, tree } = makeCase("sha256");
  const changed = CONTENTS.slice();
  changed[0]! ^= 1;
  const damaged = tree.slice();
  const [lowest] = hashLevels(expected.size, 32);
  damaged[lowest!.position]! ^= 1;
  using file = openVerified(memoryFile(changed), { ...expected, trees: new Trees(damaged) });
  assertThrows(() => file.readAt(new Uint8Array(1), 0), IntegrityError, "fs-verity digest");
});

Deno.test("a tree at hand does not hide that a file is shorter or longer", () => {
  const { expected, tree } = makeCase("sha256");
  const { size } = expected;
  const refuse = (file: File, message: string) => {
    let closed = 0;
    const closing = { ...file, [Symbol.dispose]: () => void closed++ };
    const trees = new Trees(tree);
    const error = assertThrows(
      () => openVerified(closing, { ...expected, trees }),
      IntegrityError,
      message,
    );
    assertEquals([error.code, closed, trees.made], ["size", 1, 0]);
  };
  const longer = new Uint8Array(size + 1);
  longer.set(CONTENTS);
  refuse(memoryFile(longer), `${size + 1} bytes, expected ${size}`);
  refuse(memoryFile(CONTENTS.subarray(1)), `${size - 1} bytes, expected ${size}`);
  refuse({ ...memoryFile(longer), size }, `more than the expected ${size} bytes`);
  refuse(
    { ...memoryFile(CONTENTS.subarray(0, size - 1)), size },
    `${size - 1} bytes, expected ${size}`,
  );
});

Deno.test("a file that is cut while it is read is noticed at any length", () => {
  const { expected, tree } = makeCase("sha256");
  for (const length of [0, 1, BLOCK, BLOCK + 1, 1 << 17, MIB + 100, 9 * MIB]) {
    let end = CONTENTS.length;
    const file: File = {
      ...memoryFile(CONTENTS),
      readAt: (into, position) => memoryFile(CONTENTS.subarray(0, end)).readAt(into, position),
    };
    using verified = openVerified(file, { ...expected, trees: new Trees(tree) });
    end = length;
    assertThrows(() => copy(verified, 50_000), IntegrityError, `, expected ${expected.size}`);
  }
});

Deno.test("a file that changes between two reads is noticed by the tree that was made of it", () => {
  for (const algorithm of ALGORITHMS) {
    const contents = CONTENTS.slice();
    const { expected } = makeCase(algorithm);
    using file = openVerified(memoryFile(contents), expected);
    const into = new Uint8Array(10);
    file.readAt(into, 8 * MIB);
    contents[3 * MIB]! ^= 1;
    const error = assertThrows(() => file.readAt(into, 3 * MIB), IntegrityError, "it changed");
    assertEquals(error.code, "changed");
  }
});

Deno.test("files of few blocks need no tree, and are asked for none", () => {
  for (const size of [0, 1, BLOCK, BLOCK + 1, 512 << 10, MIB]) {
    const contents = CONTENTS.slice(0, size);
    const { expected } = makeCase("sha256", contents);
    const trees = new Trees(new Uint8Array(0));
    using file = openVerified(memoryFile(contents), { ...expected, trees });
    assertEquals([trees.made, trees.closed], [1, 0]);
    assertEquals(readWhole(file), contents);
  }
});

Deno.test("holes are zeros by the tree at hand, and are not read", () => {
  for (const algorithm of ALGORITHMS) {
    const contents = new Uint8Array(9 * MIB + 12_345);
    contents.set(CONTENTS.subarray(0, MIB + 1), 4 * MIB - 1);
    const { expected, tree } = makeCase(algorithm, contents);
    const [from, to] = [4 * MIB - BLOCK, 5 * MIB + BLOCK];
    const reads: number[] = [];
    const file: File = {
      ...memoryFile(contents),
      readAt(into, position) {
        reads.push(position);
        return memoryFile(contents).readAt(into, position);
      },
      nextData: (position) =>
        position < to ? { start: Math.max(position, from), end: to } : undefined,
    };
    using verified = openVerified(file, { ...expected, trees: new Trees(tree) });
    assertEquals(copy(verified, 300_000), contents);
    const near = (position: number) => position >= from - (1 << 17) && position < to;
    const beyond = reads.filter((position) => !near(position) && position < 9 * MIB);
    assertEquals(beyond, []);
    assertEquals(verified.nextData!(0), { start: from, end: to });
    assertEquals(verified.nextData!(to), undefined);
  }
});

Deno.test("a hole that should be data is found", () => {
  const { expected, tree } = makeCase("sha256");
  const empty: File = {
    ...memoryFile(new Uint8Array(CONTENTS.length)),
    nextData: () => undefined,
  };
  using verified = openVerified(empty, { ...expected, trees: new Trees(tree) });
  assertEquals(verified.nextData!(0), { start: 0, end: Infinity });
  assertThrows(() => copy(verified, MIB), IntegrityError, "other contents at offset 0");
});

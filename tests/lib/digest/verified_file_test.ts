import { assertEquals, assertThrows } from "@std/assert";
import { type File, memoryFile } from "../../../lib/file/file.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { openVerified } from "../../../lib/digest/verified_file.ts";
import { createRandom } from "../../../scripts/random.ts";

const SIZES = [1, 64, 4095, 4096, 4097, 1 << 20, (1 << 20) + 1, (1 << 20) + 4097, 3 << 20];

function contentsOf(size: number): Uint8Array<ArrayBuffer> {
  const contents = new Uint8Array(size);
  for (let at = 0; at < size; at++) contents[at] = (at * 31 + (at >> 12)) & 0xff;
  return contents;
}

/** Opens contents as what they are. */
function open(contents: Uint8Array, file: File = memoryFile(contents)): File {
  return openVerified(file, { digest: fsVerityDigest(contents), size: contents.length });
}

function readWhole(file: File, step: number): Uint8Array {
  const whole = new Uint8Array(file.size + step);
  let position = 0;
  for (let count; (count = file.readAt(whole.subarray(position, position + step), position)) > 0;) {
    position += count;
  }
  return whole.subarray(0, position);
}

Deno.test("a verified file reads as the file itself, in steps of any size", () => {
  for (const size of SIZES) {
    const contents = contentsOf(size);
    for (const step of [4096, 10_000, 1 << 17, 1 << 20]) {
      using file = open(contents);
      assertEquals(file.size, size);
      assertEquals(readWhole(file, step), contents, `${size} by ${step}`);
    }
  }
});

Deno.test("a verified file reads at any position", () => {
  const random = createRandom(1);
  for (const size of SIZES) {
    const contents = contentsOf(size);
    using file = open(contents);
    for (let round = 0; round < 50; round++) {
      const position = random.int(0, size + 10);
      const into = new Uint8Array(random.int(0, 300_000));
      const expected = contents.subarray(position, position + into.length);
      assertEquals(file.readAt(into, position), expected.length);
      assertEquals(into.subarray(0, expected.length), expected);
    }
  }
});

Deno.test("a file with one bit changed is not opened, and closed", () => {
  for (const size of SIZES) {
    const contents = contentsOf(size);
    const digest = fsVerityDigest(contents);
    for (const at of [0, size >> 1, size - 1]) {
      const changed = contents.slice();
      changed[at]! ^= 0x10;
      let closed = 0;
      const file = { ...memoryFile(changed), [Symbol.dispose]: () => void closed++ };
      const found = fsVerityDigest(changed).toHex();
      assertThrows(
        () => openVerified(file, { digest, size, name: 'object "x"' }),
        IntegrityError,
        `Cannot use object "x": fs-verity digest ${found}, expected ${digest.toHex()}`,
      );
      assertEquals(closed, 1);
    }
  }
});

Deno.test("a file of another size is not opened", () => {
  for (const size of [5, 1 << 20, (1 << 20) + 1]) {
    const contents = contentsOf(size);
    const digest = fsVerityDigest(contents);
    const refuse = (file: File, message: string) =>
      assertThrows(() => openVerified(file, { digest, size }), IntegrityError, message);
    refuse(
      memoryFile(contentsOf(size + 1)),
      `Cannot use file: ${size + 1} bytes, expected ${size}`,
    );
    refuse(
      memoryFile(contentsOf(size - 1)),
      `Cannot use file: ${size - 1} bytes, expected ${size}`,
    );
    // The size that was asked for is right, and what can be read is not.
    refuse({ ...memoryFile(contentsOf(size + 1)), size }, "more than the expected");
    refuse({ ...memoryFile(contentsOf(size - 1)), size }, `${size - 1} bytes, expected ${size}`);
  }
});

Deno.test("a change after the file was opened is noticed before anything of it is handed out", () => {
  const size = (2 << 20) + 100;
  for (const at of [0, 4096, (1 << 20) + 5, size - 1]) {
    const contents = contentsOf(size);
    using file = open(contents.slice(), memoryFile(contents));
    contents[at]! ^= 1;
    const block = at - at % 4096;
    const into = new Uint8Array(10);
    assertThrows(
      () => file.readAt(into, Math.min(at, size - 10)),
      IntegrityError,
      `Cannot use file: it changed while it was read, at offset ${block}`,
    );
    assertEquals(into, new Uint8Array(10));
    // And again: a chunk that failed is not remembered.
    assertThrows(() => file.readAt(into, Math.min(at, size - 10)), IntegrityError, "it changed");
    // The rest of the file is what it was.
    const elsewhere = at < (1 << 20) ? size - 10 : 0;
    assertEquals(file.readAt(into, elsewhere), 10);
    contents[at]! ^= 1;
    assertEquals(readWhole(file, 1 << 16), contents);
  }
});

Deno.test("a small file that changes after it was opened reads as it was", () => {
  const contents = contentsOf(10_000);
  using file = open(contents.slice(), memoryFile(contents));
  contents.fill(0);
  assertEquals(readWhole(file, 4096), contentsOf(10_000));
});

Deno.test("a file that is cut after it was opened is noticed", () => {
  const contents = contentsOf(2 << 20);
  let length = contents.length;
  const file = {
    ...memoryFile(contents),
    readAt: (into: Uint8Array<ArrayBuffer>, position: number) =>
      memoryFile(contents.subarray(0, length)).readAt(into, position),
  };
  using verified = open(contents, file);
  length = 1 << 20;
  assertThrows(
    () => verified.readAt(new Uint8Array(1), 3 << 19),
    IntegrityError,
    "Cannot use file: 1572864 bytes, expected 2097152",
  );
});

const MIB = 1 << 20;

/** A file of 5 MiB of which only a part is data, and what of it is read. */
function sparse(start: number, end: number, size = 5 * MIB + 7) {
  const contents = new Uint8Array(size);
  contents.set(contentsOf(end - start), start);
  const reads: number[] = [];
  const file: File = {
    ...memoryFile(contents),
    readAt(into, position) {
      reads.push(position);
      return memoryFile(contents).readAt(into, position);
    },
    nextData: (position) => position < end ? { start: Math.max(position, start), end } : undefined,
  };
  return { contents, file, reads };
}

Deno.test("a file with holes is verified and reads as it is, and its holes are not read", () => {
  for (
    const [start, end] of [
      [0, 10],
      [2 * MIB - 5, 2 * MIB + 5],
      [MIB, MIB + (1 << 17)],
      [5 * MIB, 5 * MIB + 7],
      [0, 0],
    ] as const
  ) {
    const { contents, file, reads } = sparse(start, end);
    using verified = open(contents, file);
    assertEquals(readWhole(verified, 300_000), contents);
    // Those of the data, and of the last chunk, by which the end is noticed.
    const near = (position: number) => position >= start - (1 << 17) && position < end;
    assertEquals(reads.filter((position) => !near(position) && position < 5 * MIB), []);
    // What it says of its own holes is true.
    for (let position = 0; position < contents.length;) {
      const data = verified.nextData!(position);
      const hole = contents.subarray(position, data?.start);
      assertEquals(hole.every((byte) => byte === 0), true);
      position = data?.end ?? Infinity;
    }
  }
});

Deno.test("a hole where data should be is found", () => {
  const { contents } = sparse(MIB, 2 * MIB);
  const { file } = sparse(MIB, 2 * MIB - (1 << 17));
  assertThrows(() => open(contents, file), IntegrityError, "Cannot use file: fs-verity digest");
});

Deno.test("what was verified as a hole is zeros, whatever is written there later", () => {
  const { contents, file } = sparse(MIB, 2 * MIB);
  using verified = open(contents.slice(), file);
  contents[3 * MIB] = 1;
  const into = new Uint8Array(10).fill(9);
  assertEquals(verified.readAt(into, 3 * MIB), 10);
  assertEquals(into, new Uint8Array(10));
});

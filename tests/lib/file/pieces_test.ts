import { assertEquals } from "@std/assert";
import type { File, Stretch } from "../../../lib/file/file.ts";
import { nonZeroStretches, readPieces } from "../../../lib/file/pieces.ts";
import { createRandom } from "../../../scripts/random.ts";

/** A file of which these stretches are data, and which complains if it is read elsewhere. */
function sparseFile(contents: Uint8Array, data: readonly Stretch[]): File {
  return {
    size: contents.length,
    readAt(into, position) {
      const end = Math.min(contents.length, position + into.length);
      const isData = data.some((each) => position >= each.start && end <= each.end);
      assertEquals(isData || position >= contents.length, true, `${position} to ${end}`);
      into.set(contents.subarray(position, end));
      return Math.max(0, end - position);
    },
    nextData(position) {
      const found = data.find(({ end }) => end > position);
      return found && { start: Math.max(found.start, position), end: found.end };
    },
    [Symbol.dispose]() {},
  };
}

function read(file: File, step: number, limit: number): Uint8Array {
  const whole = new Uint8Array(file.size + 1);
  let end = 0;
  for (const { position, length, bytes } of readPieces(file, new Uint8Array(step), limit)) {
    assertEquals(position, end);
    assertEquals(bytes?.length ?? length, length);
    if (bytes !== undefined) whole.set(bytes, position);
    end += length;
  }
  return whole.subarray(0, end);
}

Deno.test("pieces are the file, whatever its holes", () => {
  const random = createRandom(3);
  for (let round = 0; round < 300; round++) {
    const contents = new Uint8Array(random.int(0, 3000));
    const data: Stretch[] = [];
    for (let at = random.int(0, 500); at < contents.length;) {
      const end = Math.min(contents.length, at + random.int(1, 700));
      contents.set(random.bytes(end - at), at);
      data.push({ start: at, end });
      at = end + random.int(1, 900);
    }
    const file = sparseFile(contents, data);
    const step = random.int(1, 1000);
    assertEquals(read(file, step, Infinity), contents);
    assertEquals(read(file, step, contents.length), contents);
    const limit = random.int(0, contents.length + 2);
    assertEquals(read(file, step, limit), contents.subarray(0, limit));
  }
});

Deno.test("pieces end where a file does, not where it did", () => {
  const contents = createRandom(4).bytes(1000);
  const sparse = sparseFile(contents, [{ start: 0, end: 1000 }]);
  const whole = { start: 0, end: Infinity };
  for (const nextData of [undefined, () => whole]) {
    for (const size of [0, 500, 2000]) {
      const { readAt, [Symbol.dispose]: dispose } = sparse;
      const known = nextData === undefined ? {} : { nextData };
      const file = { size, readAt, [Symbol.dispose]: dispose, ...known };
      const lengths = [...readPieces(file, new Uint8Array(300), 5000)].map(({ length }) => length);
      assertEquals(lengths, [300, 300, 300, 100]);
    }
  }
});

Deno.test("stretches leave out whole blocks of zeros and nothing else", () => {
  const random = createRandom(5);
  for (const length of [0, 1, 3, 4095, 4096, 4097, 3 * 4096 + 2, 10 * 4096 + 4095]) {
    for (let round = 0; round < 20; round++) {
      const bytes = new Uint8Array(length);
      for (let i = random.int(0, 4); i > 0 && length > 0; i--) bytes[random.int(0, length)] = 1;
      const copy = new Uint8Array(length);
      let last = -1;
      for (const { start, end } of nonZeroStretches(bytes)) {
        assertEquals([start % 4096, start > last], [0, true]);
        for (let at = start; at < end; at += 4096) {
          assertEquals(bytes.subarray(at, at + 4096).some((byte) => byte !== 0), true);
        }
        copy.set(bytes.subarray(start, end), start);
        last = end;
      }
      assertEquals(copy, bytes);
    }
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { i64, record, reserved, u16, u32, u64, u8 } from "../../../lib/bytes/struct.ts";
import {
  readI64,
  readU64,
  wordOffsets,
  wordsOf,
  writeI64,
  writeU64,
} from "../../../lib/bytes/words.ts";

Deno.test("words are the memory of the bytes, little-endian, whole ones only", () => {
  const bytes = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5);
  const words = wordsOf(bytes.subarray(4));
  assertEquals([...words], [0x04030201]);
  words[0] = 0xffffff00;
  assertEquals([...bytes], [0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 5]);
});

Deno.test("words that are not aligned cannot be had", () => {
  assertThrows(() => wordsOf(new Uint8Array(16).subarray(2)), RangeError);
});

Deno.test("fields lie in words", () => {
  const type = record({ a: u8, b: u8, c: u16, d: u32, e: reserved(6), f: u16, g: u32 });
  assertEquals(wordOffsets(type.offsets), { a: 0, b: 0, c: 0, d: 1, e: 2, f: 3, g: 4 });
});

Deno.test("integers of 64 bits are those of the records", () => {
  const numbers = [
    0,
    1,
    -1,
    2 ** 32,
    -(2 ** 32),
    1_700_000_000,
    -5_000_000_000,
    2 ** 53 - 1,
    1 - 2 ** 53,
  ];
  const large = [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
  const expected = new Uint8Array(8);
  const found = new Uint32Array(2);
  for (const value of [...numbers, ...large]) {
    i64.write(new DataView(expected.buffer), 0, value);
    writeI64(found, 0, value);
    assertEquals(new Uint8Array(found.buffer), expected);
    assertEquals(readI64(found, 0), value);
  }
});

Deno.test("so are unsigned ones", () => {
  const expected = new Uint8Array(8);
  const found = new Uint32Array(2);
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 5_000_000_000, 2 ** 53 - 1, 2 ** 53]) {
    u64.write(new DataView(expected.buffer), 0, value);
    writeU64(found, 0, value);
    assertEquals(new Uint8Array(found.buffer), expected);
    assertEquals(readU64(found, 0), value);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { i64, record, reserved, u16, u32, u64, u8 } from "../../../lib/bytes/struct.ts";
import {
  getField,
  readI64,
  readU64,
  wordFields,
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

Deno.test("fields are read and written in words as the record does", () => {
  const type = record({ a: u8, b: u8, c: u16, d: u32, e: reserved(6), f: u16, g: u32, h: u64 });
  const fields = wordFields(type);
  assertEquals([fields.d.word, fields.h.word], [1, 5]);
  const value = { a: 0x81, b: 0xff, c: 0x8001, d: 0xdeadbeef, f: 0xfffe, g: 0x80000000, h: 7 };
  const bytes = new Uint8Array(type.size);
  type.write(new DataView(bytes.buffer), 0, value);
  const words = wordsOf(bytes);
  for (const name of ["a", "b", "c", "d", "f", "g"] as const) {
    assertEquals(getField(words, 0, fields[name]), value[name], name);
  }
  const written = new Uint32Array(words.length);
  for (const name of ["a", "b", "c", "d", "f", "g"] as const) {
    const { word, shift } = fields[name];
    written[word]! |= value[name] << shift;
  }
  writeU64(written, fields.h.word, value.h);
  assertEquals(written, words);
});

Deno.test("a field in two words is refused", () => {
  assertThrows(() => wordFields(record({ a: u8, b: u32 })), TypeError, "Field b is in two words");
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

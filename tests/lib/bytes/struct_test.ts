import { assertEquals } from "@std/assert";
import {
  type FieldType,
  i64,
  record,
  reserved,
  u16,
  u32,
  u64,
  u8,
} from "../../../lib/bytes/struct.ts";

/** The bytes that a value is written as. */
function encode<Value>(type: FieldType<Value>, value: Value): number[] {
  const bytes = new Uint8Array(type.size);
  type.write(new DataView(bytes.buffer), 0, value);
  return [...bytes];
}

function decode<Value>(type: FieldType<Value>, ...bytes: number[]): Value {
  return type.read(new DataView(Uint8Array.from(bytes).buffer), 0);
}

Deno.test("size and offsets follow from the order of fields, without padding", () => {
  const mixed = record({ a: u8, b: u32, gap: reserved(3), c: u16, d: u64 });
  assertEquals(mixed.size, 18);
  assertEquals(mixed.offsets, { a: 0, b: 1, gap: 5, c: 8, d: 10 });
});

Deno.test("integers are little-endian", () => {
  assertEquals(encode(u16, 0x0102), [2, 1]);
  assertEquals(encode(u32, 0x01020304), [4, 3, 2, 1]);
  assertEquals(encode(u64, 0x0102030405060), [0x60, 0x50, 0x40, 0x30, 0x20, 0x10, 0, 0]);
  assertEquals(encode(i64, -2), [0xfe, 255, 255, 255, 255, 255, 255, 255]);
});

Deno.test("higher bits of small fields are dropped", () => {
  assertEquals(encode(u8, 0x1ff), [0xff]);
  assertEquals(encode(u16, 0x12345), [0x45, 0x23]);
  assertEquals(encode(u32, 2 ** 32 + 7), [7, 0, 0, 0]);
});

Deno.test("u64 is exact up to 2^53", () => {
  for (const value of [0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53]) {
    assertEquals(decode(u64, ...encode(u64, value)), value);
  }
});

Deno.test("u64 reads as a large number what it cannot read exactly", () => {
  assertEquals(decode(u64, 1, 0, 0, 0, 0, 0, 0x20, 0), 2 ** 53);
  assertEquals(decode(u64, 255, 255, 255, 255, 255, 255, 255, 255), 2 ** 64);
});

Deno.test("i64 gives a number for safe integers and a bigint for others", () => {
  const values = [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, -(2n ** 53n), -(2n ** 63n)];
  for (const value of values) assertEquals(decode(i64, ...encode(i64, value)), value);
});

Deno.test("a record reads what it wrote, at any offset", () => {
  const pair = record({ first: u16, second: i64 });
  const view = new DataView(new ArrayBuffer(16));
  pair.write(view, 3, { first: 9, second: -9 });
  assertEquals(pair.read(view, 3), { first: 9, second: -9 });
  assertEquals([view.getUint8(2), view.getUint8(13)], [0, 0]);
});

Deno.test("reserved bytes are neither read nor written", () => {
  const gapped = record({ a: u8, gap: reserved(2), b: u8 });
  const bytes = Uint8Array.of(7, 7, 7, 7);
  gapped.write(new DataView(bytes.buffer), 0, { a: 1, b: 2 });
  assertEquals([...bytes], [1, 7, 7, 2]);
  assertEquals(Object.keys(gapped.read(new DataView(bytes.buffer), 0)), ["a", "b"]);
});

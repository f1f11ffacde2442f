import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { type Base, parseI64, parseU32, parseU64 } from "../../../lib/dumpfile/_number.ts";

const u64 = (text: string, base: Base = 10) => parseU64(utf8(text), base);
const u32 = (text: string, base: Base = 10) => parseU32(utf8(text), base);
const i64 = (text: string) => parseI64(utf8(text));

Deno.test("digits of the base", () => {
  assertEquals(u64("0"), 0);
  assertEquals(u64("0012"), 12);
  assertEquals(u64("0012", 8), 10);
  assertEquals(u64("777777777777777", 8), 0o777777777777777);
});

Deno.test("white space and a sign may lead", () => {
  assertEquals(u64("+5"), 5);
  assertEquals(u64("\t\v\f\r\n5"), 5);
  assertEquals(u64("\t+17", 8), 15);
});

for (const text of ["", "+", "-", "\t", "5 ", " 5", "5\t", "+-5", "0x5", "1e3", "5.", "٣"]) {
  Deno.test(`no number: ${JSON.stringify(text)}`, () => {
    assertThrows(() => u64(text), LineError, "invalid integer");
  });
}

Deno.test("8 and 9 are no octal digits", () => {
  assertThrows(() => u64("18", 8), LineError, "octal");
  assertThrows(() => u64("9", 8), LineError, "octal");
});

Deno.test("numbers up to 2^53, bigints beyond", () => {
  assertEquals(u64("999999999999999"), 999999999999999);
  assertEquals(u64("9007199254740992"), 2 ** 53);
  assertEquals(u64("9007199254740993"), 9007199254740993n);
  assertEquals(u64("18446744073709551615"), 2n ** 64n - 1n);
});

Deno.test("what does not fit 64 bits is 2^64-1, whatever its sign", () => {
  for (const text of ["18446744073709551616", "9".repeat(5000), "-18446744073709551616"]) {
    assertEquals(u64(text), 2n ** 64n - 1n);
  }
});

Deno.test("leading zeros do not overflow", () => {
  assertEquals(u64("0".repeat(5000) + "7"), 7);
});

Deno.test("a minus negates modulo 2^64", () => {
  assertEquals(u64("-1"), 2n ** 64n - 1n);
  assertEquals(u64("-0"), 0);
  assertEquals(u64("-18446744073709551615"), 1);
});

Deno.test("32-bit fields keep the low 32 bits", () => {
  assertEquals(u32("4294967295"), 4294967295);
  assertEquals(u32("4294967296"), 0);
  assertEquals(u32("99999999999"), 1215752191);
  assertEquals(u32("-1"), 4294967295);
  assertEquals(u32("99999999999999999999"), 4294967295);
  assertEquals(u32("9007199254740993"), 1);
  assertEquals(u32("37777777777", 8), 4294967295);
});

Deno.test("seconds are signed, and a number wherever that is exact", () => {
  assertEquals(i64("-5"), -5);
  assertEquals(i64("9007199254740991"), 2 ** 53 - 1);
  assertEquals(i64("9007199254740992"), 2n ** 53n);
  assertEquals(i64("-9007199254740991"), -(2 ** 53 - 1));
  assertEquals(i64("-9007199254740992"), -(2n ** 53n));
  assertEquals(i64("18446744073709551615"), -1);
  assertEquals(i64("9223372036854775808"), -(2n ** 63n));
  assertEquals(i64("99999999999999999999"), -1);
});

import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { Digest } from "../../../lib/digest/digest.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { Fields } from "../../../lib/dumpfile/_fields.ts";

const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

Deno.test("fields end at single spaces", () => {
  const fields = new Fields(utf8("a  b "));
  assertEquals([...Array(5)].map(() => new TextDecoder().decode(fields.next())), [
    "a",
    "",
    "b",
    "",
    "",
  ]);
});

Deno.test("the rest is what no field has taken", () => {
  const fields = new Fields(utf8("a b c"));
  fields.next();
  assertEquals(new TextDecoder().decode(fields.rest), "b c");
  for (let i = 0; i < 5; i++) fields.next();
  assertEquals(fields.rest.length, 0);
});

Deno.test("a line may lie within other bytes", () => {
  const fields = new Fields();
  fields.move(utf8("x 1 2 y"), 2, 5);
  assertEquals([fields.u64(), fields.u64(), fields.ended], [1, 2, true]);
  assertThrows(() => fields.u64(), LineError, "invalid integer");
  assertEquals([text(fields.optional()), text(fields.next()), text(fields.rest)], ["", "", ""]);
});

Deno.test("a field that was skipped is not looked at", () => {
  const fields = new Fields(utf8("\\x 7"));
  fields.skip();
  assertEquals(fields.u64(), 7);
  fields.skip();
  assertEquals(fields.ended, true);
});

Deno.test("plain numbers and all others", () => {
  const long = "9".repeat(15);
  for (const field of ["0", "007", long, "1" + "0".repeat(15), "+5", "-0", "\t5", "00" + long]) {
    assertEquals(new Fields(utf8(`${field} 1`)).u64(), Number(field), field);
    assertEquals(new Fields(utf8(field)).u64(), Number(field), field);
  }
  assertEquals(new Fields(utf8("40755")).u32(8), 0o40755);
  assertEquals(new Fields(utf8(String(2 ** 32 + 5))).u32(), 5);
  assertThrows(() => new Fields(utf8("18 ")).u32(8), LineError, 'invalid integer "18"');
  assertThrows(() => new Fields(utf8("1.5 ")).u64(), LineError, 'invalid integer "1.5"');
});

Deno.test("times, plain and all others", () => {
  const time = (field: string) => {
    const fields = new Fields(utf8(`${field} x`));
    fields.time();
    return [fields.mtime, fields.mtimeNsec];
  };
  assertEquals(time("5.7"), [5, 7]);
  assertEquals(time("-5.+7"), [-5, 7]);
  assertEquals(time(`5.${2 ** 32 + 1}`), [5, 1]);
  assertEquals(time("18446744073709551615.0"), [-1, 0]);
  assertThrows(() => time("5"), LineError, 'invalid time "5"');
  assertThrows(() => time("5.0.0"), LineError, 'invalid integer "0.0"');
});

Deno.test("a prefix is taken if it is there", () => {
  const fields = new Fields(utf8("@5"));
  assertEquals([fields.takePrefix(0x40), fields.takePrefix(0x40), fields.u64()], [true, false, 5]);
  assertEquals(fields.takePrefix(0x40), false);
});

Deno.test("a path and its last slash", () => {
  const path = (field: string) => {
    const { bytes, start, end, slash } = new Fields(utf8(`${field} 1`)).path();
    return [text(bytes.subarray(start, end)), slash - start];
  };
  assertEquals(path("/a/b"), ["/a/b", 2]);
  assertEquals(path("a"), ["a", -1]);
  assertEquals(path("/\\x2fa/\\n"), ["//a/\n", 3]);
  assertEquals(path("\\x61"), ["a", -1]);
  assertThrows(() => path("a\\x00"), LineError, "NUL byte in path");
});

Deno.test("a lone dash is absent, an escaped one is not", () => {
  const fields = new Fields(utf8("- -- \\x2d  -"));
  const taken = Array.from({ length: 6 }, () => text(fields.optional()));
  assertEquals(taken, [undefined, "--", "-", "", undefined, ""]);
});

Deno.test("fields without escapes are views of the line, others stay as they are", () => {
  const line = utf8("abc \\x41\\x42 \\x43 ");
  const fields = new Fields(line);
  const taken = Array.from({ length: 3 }, () => fields.optional()!);
  assertStrictEquals(taken[0]!.buffer, line.buffer);
  assertEquals(taken.map(text), ["abc", "AB", "C"]);
});

Deno.test("a digest is plain if it is 64 hexadecimal digits", () => {
  const hex = "0123456789abcdefABCDEF9876543210".repeat(2);
  for (const line of [hex, `${hex} x`]) {
    assertEquals(new Fields(utf8(line)).plainDigest(), Digest.parse(hex));
  }
  for (const line of ["", "-", hex.slice(1), `${hex}0`, `${hex.slice(1)} `, `g${hex.slice(1)}`]) {
    const fields = new Fields(utf8(line));
    assertEquals([fields.plainDigest(), fields.position], [undefined, 0]);
  }
});

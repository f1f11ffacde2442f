import { ValueError } from "../../../cli/args/value_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { choice, hex, integer, path, text } from "../../../cli/args/values.ts";
import type { ValueParser } from "../../../cli/args/value_parser.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

function given<T>(parser: ValueParser<T>, value: string): T {
  return parser(value, utf8(value));
}

Deno.test("integer() takes digits only, within its range", () => {
  assertEquals(given(integer(0, 10), "0"), 0);
  assertEquals(given(integer(0, 10), "010"), 10);
  assertEquals(given(integer(0), "9007199254740991"), 2 ** 53 - 1);
  for (const bad of ["", "-1", "+1", " 1", "1 ", "1e1", "0x1", "1.0", "11", "99999999999999999"]) {
    assertThrows(() => given(integer(0, 10), bad), ValueError, "0 to 10");
  }
  assertThrows(() => given(integer(0), "9007199254740992"), ValueError, "0 or more");
});

Deno.test("choice() takes one of its words", () => {
  assertEquals(given(choice("sha256", "sha512"), "sha512"), "sha512");
  assertThrows(() => given(choice("sha256", "sha512"), "sha"), ValueError, "sha256 or sha512");
});

Deno.test("hex() takes pairs of digits of either case", () => {
  assertEquals(given(hex(2), "aBcD"), Uint8Array.of(0xab, 0xcd));
  assertEquals(given(hex(2), ""), new Uint8Array(0));
  for (const bad of ["a", "zz", "aabbcc", " a"]) {
    assertThrows(() => given(hex(2), bad), ValueError, "at most 4");
  }
});

Deno.test("path() keeps bytes, text() refuses those that are not UTF-8", () => {
  const odd = Uint8Array.of(0xff);
  assertEquals(path("\ufffd", odd), odd);
  assertEquals(given(text, "\ufeffü"), "\ufeffü");
  assertThrows(() => text("\ufffd", odd), ValueError, "UTF-8");
});

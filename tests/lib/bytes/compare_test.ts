import { assert, assertEquals } from "@std/assert";
import { compareBytes, equalBytes, startsWith } from "../../../lib/bytes/compare.ts";
import { utf8 } from "../../../lib/bytes/text.ts";

const sorted = (...names: string[]) =>
  names.map(utf8).sort(compareBytes).map((name) => new TextDecoder().decode(name));

Deno.test("a proper prefix sorts first", () => {
  assertEquals(sorted("ab", "a", "", "abc", "b"), ["", "a", "ab", "abc", "b"]);
});

Deno.test("bytes compare unsigned", () => {
  assert(compareBytes(Uint8Array.of(0x7f), Uint8Array.of(0x80)) < 0);
  assert(compareBytes(Uint8Array.of(0xff), Uint8Array.of(0)) > 0);
});

Deno.test("order is by bytes where it differs from JavaScript's order of strings", () => {
  const names = ["\u{ff5e}", "\u{1f600}"];
  assertEquals(sorted(...names), names);
  assertEquals([...names].sort(), names.toReversed());
});

Deno.test("equalBytes asks for the same length", () => {
  assert(equalBytes(utf8(""), utf8("")));
  assert(equalBytes(utf8("a"), utf8("a")));
  assert(!equalBytes(utf8("a"), utf8("ab")));
  assert(!equalBytes(utf8("a"), utf8("b")));
});

Deno.test("startsWith takes the whole as its own prefix and nothing longer", () => {
  assert(startsWith(utf8("user."), utf8("user.")));
  assert(startsWith(utf8("user.a"), utf8("")));
  assert(!startsWith(utf8("user"), utf8("user.")));
  assert(!startsWith(utf8("usen.a"), utf8("user.")));
});

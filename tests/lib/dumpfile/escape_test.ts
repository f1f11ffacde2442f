import { LineError } from "../../../lib/dumpfile/_line_error.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Arena } from "../../../lib/bytes/arena.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  escapeField,
  type EscapeStyle,
  isPlain,
  unescapeField,
} from "../../../lib/dumpfile/escape.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const STYLES: readonly EscapeStyle[] = ["path", "optional", "xattr", "listing"];

const escaped = (text: string, style: EscapeStyle) =>
  new TextDecoder().decode(escapeField(utf8(text), style));
const unescaped = (text: string) =>
  new TextDecoder().decode(unescapeField(utf8(text), new Arena()));

Deno.test("the five escapes are decoded", () => {
  assertEquals(unescaped("a\\\\b\\nc\\rd\\te\\x41"), "a\\b\nc\rd\teA");
});

Deno.test("hexadecimal digits of either case, exactly two", () => {
  assertEquals([...unescapeField(utf8("\\xfF\\xAb\\x001"), new Arena())], [0xff, 0xab, 0, 0x31]);
});

Deno.test("a field without escapes is not copied", () => {
  const field = Uint8Array.of(0xff, 1, 0x20, 9);
  assertStrictEquals(unescapeField(field, new Arena()), field);
});

Deno.test("escapes that are cut short or unknown are refused", () => {
  assertThrows(() => unescaped("a\\"), LineError, "no character after");
  assertThrows(() => unescaped("a\\x"), LineError, "no two hexadecimal digits");
  assertThrows(() => unescaped("a\\x4"), LineError, "no two hexadecimal digits");
  assertThrows(() => unescaped("\\x4g"), LineError, "invalid hexadecimal digits");
  assertThrows(() => unescaped("\\x-1"), LineError, "invalid hexadecimal digits");
  assertThrows(() => unescaped("\\X41"), LineError, "unsupported escape \\X");
  assertThrows(() => unescaped("\\0"), LineError, "unsupported escape \\0");
  assertThrows(() => unescapeField(Uint8Array.of(0x5c, 0xff), new Arena()), LineError, "\\xff");
});

Deno.test("output spells every byte in one way", () => {
  assertEquals(escaped("\\\n\r\t", "path"), "\\\\\\n\\r\\t");
  assertEquals(escaped(" \x01\x7fé", "path"), "\\x20\\x01\\x7f\\xc3\\xa9");
  assertEquals(escaped("!\"#'@~", "path"), "!\"#'@~");
});

Deno.test("an equals sign is escaped in xattrs only", () => {
  assertEquals(STYLES.map((style) => escaped("=", style)), ["=", "=", "\\x3d", "="]);
});

Deno.test("what stands for itself is told from what does not, within limits", () => {
  const bytes = utf8("a b\nc");
  assertEquals(isPlain(bytes, 0, 3, "listing"), true);
  assertEquals(isPlain(bytes, 0, 3, "path"), false);
  assertEquals(isPlain(bytes, 0, 4, "listing"), false);
  assertEquals(isPlain(bytes, 4, 5, "path"), true);
  assertEquals(isPlain(bytes, 1, 1, "path"), true);
});

Deno.test("a space is literal in listings only", () => {
  assertEquals(STYLES.map((style) => escaped(" ", style)), ["\\x20", "\\x20", "\\x20", " "]);
});

Deno.test("a lone dash is escaped in optional fields only", () => {
  assertEquals(STYLES.map((style) => escaped("-", style)), ["-", "\\x2d", "-", "-"]);
  assertEquals(escaped("--", "optional"), "--");
});

Deno.test("every byte comes back, alone and among others", () => {
  for (const style of STYLES) {
    assertEquals(unescapeField(escapeField(ALL_BYTES, style), new Arena()), ALL_BYTES);
    for (const byte of ALL_BYTES) {
      const field = Uint8Array.of(byte);
      assertEquals(unescapeField(escapeField(field, style), new Arena()), field);
    }
  }
});

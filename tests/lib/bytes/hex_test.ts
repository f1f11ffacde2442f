import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "../../../lib/bytes/hex.ts";

Deno.test("bytes become two digits each, and bytes again", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const text = encodeHex(bytes);
  assertEquals(text.slice(0, 6) + text.slice(-4), "000102feff");
  assertEquals(decodeHex(text), bytes);
  assertEquals(decodeHex(text.toUpperCase()), bytes);
  assertEquals(decodeHex(""), new Uint8Array());
});

Deno.test("anything else is no bytes", () => {
  for (const text of ["0", "0g", " 0", "0x", "-1", "00\n", "0０"]) {
    assertEquals(decodeHex(text), undefined, text);
  }
});

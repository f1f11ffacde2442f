import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { xxh32 } from "../../../lib/erofs/_xxh32.ts";

Deno.test("published values", () => {
  assertEquals(xxh32(utf8(""), 0), 0x02cc5d05);
  assertEquals(xxh32(utf8("a"), 0), 0x550d7456);
  assertEquals(xxh32(utf8("abc"), 0), 0x32d153ff);
  assertEquals(xxh32(utf8("Nobody inspects the spammish repetition"), 0), 0xe2293b2f);
});

/** Length of 00 01 02 …, and the hash with the xattr filter's seed, as Bun's xxHash32 has it. */
const BY_LENGTH = [
  [1, 0x58c07912],
  [3, 0x5f83b9c1],
  [4, 0xf3203a22],
  [15, 0x2feddd43],
  [16, 0x32fc23d9],
  [17, 0xc239d197],
  [31, 0xb2e8b4d0],
  [32, 0x99348be3],
  [33, 0x0f7797a8],
  [63, 0xdc5177e0],
  [255, 0x235e98a2],
] as const;

Deno.test("lengths around words and stripes, with a seed, at an odd offset", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i - 1);
  for (const [length, hash] of BY_LENGTH) {
    assertEquals(xxh32(bytes.subarray(1, 1 + length), 0x25bbe08f), hash, `${length} bytes`);
  }
});

Deno.test("a seed counts modulo 2^32", () => {
  const bytes = utf8("sixteen bytes or more");
  assertEquals(xxh32(bytes, 0xffffffff), xxh32(bytes, -1));
});

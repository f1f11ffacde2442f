import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeTarHeader, MAX_HEADER_NUMBER, TYPE_FLAGS } from "../../../lib/tar/_header.ts";

const HEADER = {
  typeFlag: TYPE_FLAGS.regular,
  name: utf8("./name"),
  linkName: new Uint8Array(),
  mode: 0o4755,
  uid: 1000,
  gid: 8 ** 7 - 1,
  size: MAX_HEADER_NUMBER,
  mtime: 1_700_000_000,
  deviceMajor: 0,
  deviceMinor: 0xfffff,
};

Deno.test("a header has its fields where POSIX has them, and the sum of its bytes", () => {
  const bytes = encodeTarHeader(HEADER);
  assertEquals(bytes.length, 512);
  const field = (start: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(start, start + length));
  assertEquals(field(0, 7), "./name\0");
  assertEquals(field(100, 8), "0004755\0");
  assertEquals(field(108, 8), "0001750\0");
  assertEquals(field(116, 8), "7777777\0");
  assertEquals(field(124, 12), "77777777777\0");
  assertEquals(field(136, 12), "14524770400\0");
  assertEquals(field(156, 1), "0");
  assertEquals(field(257, 8), "ustar\x0000");
  assertEquals(field(329, 16), "0000000\x003777777\0");
  const blank = bytes.slice().fill(0x20, 148, 156);
  const sum = blank.reduce((sum, byte) => sum + byte, 0);
  assertEquals(field(148, 8), `${sum.toString(8).padStart(6, "0")}\0 `);
});

Deno.test("names fill their fields, and what is beyond is cut", () => {
  const bytes = encodeTarHeader({
    ...HEADER,
    name: utf8("n".repeat(101)),
    linkName: utf8("l".repeat(100)),
  });
  assertEquals(bytes.subarray(0, 100), new Uint8Array(100).fill(0x6e));
  assertEquals(bytes[100], 0x30);
  assertEquals(bytes.subarray(157, 257), new Uint8Array(100).fill(0x6c));
  assertEquals(bytes[257], 0x75);
});

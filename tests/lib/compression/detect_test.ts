import { assertEquals, assertThrows } from "@std/assert";
import { UnsupportedCompressionError } from "../../../lib/compression/compression_error.ts";
import { detectCompression } from "../../../lib/compression/detect.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";

Deno.test("gzip, zstd and all skippable frames are told by their first bytes", () => {
  assertEquals(detectCompression(Uint8Array.of(0x1f, 0x8b, 8, 0)), "gzip");
  assertEquals(detectCompression(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)), "zstd");
  for (let kind = 0; kind < 16; kind++) {
    assertEquals(detectCompression(Uint8Array.of(0x50 + kind, 0x2a, 0x4d, 0x18, 9)), "zstd");
  }
});

Deno.test("what bears no mark is not compressed, and neither is a part of a mark", () => {
  const plain = [
    new Uint8Array(0),
    new Uint8Array(512),
    Uint8Array.of(0x1f, 0x8b),
    Uint8Array.of(0x1f, 0x8b, 7),
    Uint8Array.of(0x60, 0x2a, 0x4d, 0x18),
    Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    utf8("BZhBZhBZh/"),
    utf8("]/etc/passwd"),
    // A tar archive whose first file is called "]".
    concatBytes(utf8("]"), new Uint8Array(511)),
  ];
  for (const start of plain) assertEquals(detectCompression(start), "none");
});

Deno.test("other formats are refused by name", () => {
  const others: readonly (readonly [string, Uint8Array])[] = [
    ["xz", Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0)],
    ["bzip2", concatBytes(utf8("BZh9"), Uint8Array.of(0x31, 0x41))],
    ["bzip2", concatBytes(utf8("BZh9"), Uint8Array.of(0x17, 0x72))],
    ["lz4", Uint8Array.of(4, 0x22, 0x4d, 0x18)],
    ["compress", Uint8Array.of(0x1f, 0x9d, 0x90)],
    ["lzma", concatBytes(Uint8Array.of(0x5d, 0, 0, 0x80), new Uint8Array(9).fill(0xff))],
    ["lzma", Uint8Array.of(0x5d, 0, 0, 0x80, 0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0)],
  ];
  for (const [format, start] of others) {
    const error = assertThrows(() => detectCompression(start), UnsupportedCompressionError);
    assertEquals(error.format, format);
    assertEquals(
      error.message,
      `Cannot decode ${format} data: expected gzip, zstd or no compression`,
    );
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import {
  type CompressedDataCode,
  CompressedDataError,
} from "../../../lib/compression/compression_error.ts";
import { ZstdWalker, type ZstdWalkerOptions } from "../../../lib/compression/zstd_walker.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { littleEndian, skippableFrame, zstdFrame } from "../../kit/zstd_frames.ts";

const SMALL = zstdFrame({ size: { value: 5, length: 1 } }, [utf8("hello")]);
const RUNS = zstdFrame({ window: 0x38, checksum: Uint8Array.of(1, 2, 3, 4) }, [
  { byte: 7, count: 100_000 },
  new Uint8Array(0),
  utf8("end"),
]);
const NOTHING = zstdFrame({ size: { value: 0, length: 1 } }, [new Uint8Array(0)]);

/** Walks along data in chunks of a length. */
function walk(
  data: Uint8Array,
  length = data.length,
  options: ZstdWalkerOptions = {},
): { readonly parts: Uint8Array[]; readonly walker: ZstdWalker } {
  const walker = new ZstdWalker(options);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += length) {
    for (const part of walker.push(data.subarray(at, at + length))) parts.push(part.slice());
  }
  walker.finish();
  return { parts, walker };
}

/** Asserts that data are refused, however they are cut. */
function assertRefused(data: Uint8Array, code: CompressedDataCode, message: string): void {
  for (const length of [data.length, 1, 3]) {
    const error = assertThrows(() => walk(data, Math.max(length, 1)), CompressedDataError);
    assertEquals([error.code, error.message], [code, message]);
  }
}

Deno.test("frames come out as they went in, and skippable ones do not, however the data are cut", () => {
  const frames = [SMALL, RUNS, NOTHING, SMALL, SMALL];
  const data = concatBytes(
    skippableFrame(0, utf8("first")),
    SMALL,
    RUNS,
    skippableFrame(15, new Uint8Array(0)),
    NOTHING,
    skippableFrame(3, new Uint8Array(300)),
    skippableFrame(4, new Uint8Array(1)),
    SMALL,
    SMALL,
    skippableFrame(0, utf8("last")),
  );
  for (let length = 1; length <= data.length; length++) {
    for (const cutBlocks of [false, true]) {
      const { parts } = walk(data, length, { cutBlocks });
      assertEquals(concatBytes(...parts), concatBytes(...frames));
      assertEquals(parts.every((part) => part.length > 0), true);
    }
  }
});

Deno.test("a chunk is cut only where skippable frames are, or behind each block and checksum", () => {
  const data = concatBytes(skippableFrame(0, utf8("x")), SMALL, RUNS, NOTHING);
  assertEquals(walk(data).parts, [concatBytes(SMALL, RUNS, NOTHING)]);
  assertEquals(walk(data, data.length, { cutBlocks: true }).parts, [
    SMALL,
    RUNS.subarray(0, 10),
    RUNS.subarray(10, -4),
    RUNS.subarray(-4),
    NOTHING,
  ]);
});

Deno.test("the sizes that frames say are added up", () => {
  for (const length of [2, 4, 8] as const) {
    const size = { value: 256 ** (length / 2), length };
    const { walker } = walk(concatBytes(zstdFrame({ window: 0, size }, [utf8("x")]), SMALL));
    assertEquals([walker.contentSize, walker.isSizeKnown], [size.value + 5, true]);
  }
  const { walker } = walk(concatBytes(SMALL, RUNS, SMALL));
  assertEquals([walker.contentSize, walker.isSizeKnown], [10, false]);
});

Deno.test("data that end anywhere but behind a frame are truncated", () => {
  const data = concatBytes(skippableFrame(1, utf8("abc")), SMALL, RUNS);
  const ends = [0, 11, 11 + SMALL.length, data.length];
  for (let length = 1; length < data.length; length++) {
    if (ends.includes(length)) {
      walk(data.subarray(0, length));
      continue;
    }
    const error = assertThrows(() => walk(data.subarray(0, length)), CompressedDataError);
    assertEquals([error.code, error.offset], ["truncated", length]);
  }
  assertRefused(
    data.subarray(0, data.length - 1),
    "truncated",
    "Cannot decode zstd data at offset 47: the data end, expected the rest of the frame at offset 25",
  );
  assertRefused(
    data.subarray(0, 9),
    "truncated",
    "Cannot decode zstd data at offset 9: the data end, expected the rest of the skippable frame at offset 0",
  );
  const error = assertThrows(() => new ZstdWalker().finish(), CompressedDataError);
  assertEquals(
    error.message,
    "Cannot decode zstd data at offset 0: there are no data, expected a frame",
  );
});

Deno.test("what follows a frame is a frame", () => {
  assertRefused(
    concatBytes(SMALL, utf8("junk and more")),
    "malformed",
    "Cannot decode zstd data at offset 14: it has the bytes 6a 75 6e 6b, expected a frame",
  );
  assertRefused(
    concatBytes(SMALL, new Uint8Array(512)),
    "malformed",
    "Cannot decode zstd data at offset 14: it has the bytes 00 00 00 00, expected a frame",
  );
  // The magic number of zstd 0.7.
  assertRefused(
    concatBytes(Uint8Array.of(0x27, 0xb5, 0x2f, 0xfd), SMALL),
    "malformed",
    "Cannot decode zstd data at offset 0: it has the bytes 27 b5 2f fd, expected a frame",
  );
});

Deno.test("frames that no decoder should be given are refused", () => {
  const size = { value: 5, length: 1 } as const;
  assertRefused(
    zstdFrame({ size, bits: 8 }, [utf8("hello")]),
    "malformed",
    "Cannot decode zstd data at offset 4: the reserved bit of the frame's descriptor is set, expected 0",
  );
  for (const length of [1, 2, 4] as const) {
    walk(zstdFrame({ size, dictionary: { id: 0, length } }, [utf8("hello")]));
    assertRefused(
      zstdFrame({ size, dictionary: { id: 200, length } }, [utf8("hello")]),
      "malformed",
      "Cannot decode zstd data at offset 5: the frame takes dictionary 200, expected none",
    );
  }
  assertRefused(
    concatBytes(zstdFrame({ size }, []), littleEndian(5 * 8 + 3 * 2 + 1, 3), utf8("hello")),
    "malformed",
    "Cannot decode zstd data at offset 6: the block is of type 3, expected 0 to 2",
  );
  assertRefused(
    zstdFrame({ size: { value: 4, length: 1 } }, [utf8("hello")]),
    "malformed",
    "Cannot decode zstd data at offset 6: the block has 5 bytes, expected at most 4",
  );
  assertRefused(
    zstdFrame({ window: 0x50 }, [{ byte: 0, count: 2 ** 17 + 1 }]),
    "malformed",
    "Cannot decode zstd data at offset 6: the block has 131073 bytes, expected at most 131072",
  );
  assertRefused(
    zstdFrame({ window: 0, size: { value: 2 ** 53, length: 8 } }, [utf8("hello")]),
    "malformed",
    "Cannot decode zstd data at offset 5: the frame says it has 9007199254740992 bytes, expected less than 2^53 in all",
  );
});

Deno.test("a window above 128 MiB is named", () => {
  walk(zstdFrame({ window: 0x88 }, [utf8("x")]));
  walk(zstdFrame({ size: { value: 2 ** 27, length: 4 } }, [utf8("x")]));
  assertRefused(
    zstdFrame({ window: 0x89 }, [utf8("x")]),
    "window",
    "Cannot decode zstd data at offset 0: the frame takes a window of 150994944 bytes, expected at most 134217728",
  );
  assertRefused(
    concatBytes(SMALL, zstdFrame({ size: { value: 2 ** 27 + 1, length: 4 } }, [utf8("x")])),
    "window",
    "Cannot decode zstd data at offset 14: the frame takes a window of 134217729 bytes, expected at most 134217728",
  );
});

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  constants,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
  type ZstdOptions,
} from "node:zlib";
import { equalBytes } from "../../../lib/bytes/compare.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { decode } from "../../../ffi/decode/decode.ts";
import { createRandom } from "../../../scripts/random.ts";
import { declareCase } from "../../kit/cases.ts";
import { chunksOf, decodeAll, refusalOf } from "../../kit/decode_all.ts";
import { skippableFrame, zstdFrame } from "../../kit/zstd_frames.ts";

/** Length of the arrays that decoders write to. */
const PIECE = 2 ** 18;
const CHECKED: ZstdOptions = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** Bytes that compress to about a half. */
function text(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = createRandom(seed);
  const words = Array.from({ length: 50 }, () => random.bytes(random.int(1, 40)));
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const word = random.chance(30) ? random.bytes(8) : random.pick(words);
    bytes.set(word.subarray(0, length - at), at);
    at += word.length;
  }
  return bytes;
}

/** Asserts that long byte strings are equal, which assertEquals takes seconds for. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(equalBytes(actual, expected), true, `${actual.length} bytes, not as expected`);
}

/** A frame as streams make it: without a content size. */
async function streamedFrame(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = createZstdCompress();
  stream.end(bytes);
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concatBytes(...parts);
}

declareCase("a gzip member of many pieces decodes, however it is cut", async () => {
  const bytes = text(3_000_000);
  const data = gzipSync(bytes);
  for (const length of [data.length, 1 << 16, 10_007]) {
    assertSame(await decodeAll(data, "gzip", { length }), bytes);
  }
});

declareCase(
  "members of gzip that follow each other are one, also where an array is full",
  async () => {
    const parts = [PIECE, 0, PIECE - 1, 1, PIECE, PIECE + 1, 3].map((length, i) => text(length, i));
    const data = concatBytes(...parts.map((part) => gzipSync(part)));
    for (const length of [data.length, 100_000, 4099]) {
      assertSame(await decodeAll(data, "gzip", { length }), concatBytes(...parts));
    }
    const members = Array.from({ length: 3000 }, (_, i) => gzipSync(text(i % 50, i)));
    const expected = concatBytes(...members.map((_, i) => text(i % 50, i)));
    assertSame(await decodeAll(concatBytes(...members), "gzip"), expected);
  },
);

declareCase("small data decode from single bytes", async () => {
  const bytes = text(2000);
  const gzip = concatBytes(gzipSync(bytes), gzipSync(bytes), new Uint8Array(3));
  assertEquals(await decodeAll(gzip, "gzip", { length: 1 }), concatBytes(bytes, bytes));
  const frame = zstdCompressSync(bytes, CHECKED);
  const zstd = concatBytes(frame, skippableFrame(9, bytes), await streamedFrame(bytes));
  assertEquals(await decodeAll(zstd, "zstd", { length: 1 }), concatBytes(bytes, bytes));
});

declareCase("zero bytes may follow the last member of gzip, and nothing else", async () => {
  const member = gzipSync(utf8("hello"));
  for (const length of [1, 20, 100, 300_000]) {
    for (const zeros of [1, 7, 512, 600_000]) {
      if (length === 1 && zeros > 512) continue;
      const padded = concatBytes(member, new Uint8Array(zeros));
      assertEquals(await decodeAll(padded, "gzip", { length }), utf8("hello"));
      const { code, offset } = await refusalOf(concatBytes(padded, member), "gzip", { length });
      assertEquals([code, offset], ["malformed", member.length]);
    }
    const junk = await refusalOf(concatBytes(member, utf8("junk")), "gzip", { length });
    assertEquals(junk.message, "Cannot decode gzip data: incorrect header check");
    const start = await refusalOf(concatBytes(member, Uint8Array.of(0x1f)), "gzip", { length });
    assertEquals(start.message, "Cannot decode gzip data: unexpected end of file");
  }
});

declareCase("gzip data that end too soon are truncated", async () => {
  const data = concatBytes(gzipSync(text(300)), gzipSync(utf8("more")));
  const first = gzipSync(text(300)).length;
  for (let length = 0; length < data.length; length++) {
    if (length === first) continue;
    assertEquals((await refusalOf(data.subarray(0, length), "gzip")).code, "truncated");
  }
  assertEquals(
    (await refusalOf(new Uint8Array(0), "gzip")).message,
    "Cannot decode gzip data at offset 0: there are no data, expected a member",
  );
});

declareCase("what gzip says of its contents is held against them", async () => {
  const data = gzipSync(text(100));
  const changes: readonly (readonly [number, string])[] = [
    [-8, "incorrect data check"],
    [-4, "incorrect length check"],
    [2, "unknown compression method"],
    [3, "unknown header flags set"],
  ];
  for (const [at, state] of changes) {
    const changed = Uint8Array.from(data);
    changed[(at + data.length) % data.length]! ^= 0xe0;
    const { code, message } = await refusalOf(changed, "gzip");
    assertEquals([code, message], ["malformed", `Cannot decode gzip data: ${state}`]);
  }
  const reserved = concatBytes(data.subarray(0, 10), Uint8Array.of(7), data.subarray(11));
  assertEquals(
    (await refusalOf(reserved, "gzip")).message,
    "Cannot decode gzip data: invalid block type",
  );
});

declareCase("a zstd frame of many blocks decodes, however it is cut", async () => {
  const bytes = text(3_000_000);
  for (const data of [zstdCompressSync(bytes, CHECKED), await streamedFrame(bytes)]) {
    for (const length of [data.length, 1 << 16, 10_007]) {
      assertSame(await decodeAll(data, "zstd", { length }), bytes);
    }
  }
});

declareCase("frames of zstd that follow each other are one, skippable ones are none", async () => {
  const parts = [PIECE, 0, PIECE - 1, 1, 2 ** 17, 2 ** 17, 2 ** 17, 3]
    .map((length, i) => text(length, i));
  const frames = parts.map((part, i) => zstdCompressSync(part, i % 2 === 0 ? CHECKED : {}));
  const skippable = skippableFrame(0, text(70_000));
  const data = concatBytes(
    skippable,
    ...frames.slice(0, 5),
    skippable,
    ...frames.slice(5),
    skippable,
    skippableFrame(15, new Uint8Array(0)),
  );
  for (const length of [data.length, 100_000, 4099]) {
    assertSame(await decodeAll(data, "zstd", { length }), concatBytes(...parts));
  }
  assertEquals(await decodeAll(skippable, "zstd"), new Uint8Array(0));
});

declareCase("tens of thousands of small frames decode", async () => {
  const frame = zstdCompressSync(text(500));
  const data = concatBytes(...Array.from({ length: 20_000 }, () => frame));
  const bytes = text(500);
  const expected = concatBytes(...Array.from({ length: 20_000 }, () => bytes));
  let size = 0;
  let pieces = 0;
  for await (const piece of decode(chunksOf(data, 1 << 16), "zstd", { maxSize: expected.length })) {
    assertSame(piece, expected.subarray(size, size + piece.length));
    size += piece.length;
    pieces++;
  }
  assertEquals(size, expected.length);
  assertEquals(pieces < 200, true);
});

declareCase("frames of raw and repeated bytes decode", async () => {
  const blocks = [{ byte: 7, count: 131_072 }, new Uint8Array(0), utf8("abc"), {
    byte: 0,
    count: 0,
  }];
  const expected = concatBytes(new Uint8Array(131_072).fill(7), utf8("abc"));
  const size = { value: expected.length, length: 8 } as const;
  const frames = [
    zstdFrame({ window: 0x38 }, blocks),
    zstdFrame({ window: 0x38, size }, blocks),
    zstdFrame({ size }, blocks),
  ];
  for (const length of [1, 1000]) {
    assertEquals(
      await decodeAll(concatBytes(...frames), "zstd", { length }),
      concatBytes(expected, expected, expected),
    );
  }
});

declareCase("what a frame says of its contents is held against them", async () => {
  const corrupt =
    "Cannot decode zstd data: a frame is corrupt, or its checksum is not that of its contents";
  // Also where more comes out of one chunk than fits into an array: on Deno that ends the process.
  for (const length of [5000, PIECE, 2_000_000]) {
    const data = zstdCompressSync(text(length), { ...CHECKED, chunkSize: 1 << 22 });
    data[data.length - 1]! ^= 1;
    assertEquals((await refusalOf(data, "zstd")).message, corrupt);
  }
  for (const value of [4, 6]) {
    const frame = zstdFrame({ window: 0, size: { value: value + 256, length: 2 } }, [text(261)]);
    const { code, message } = await refusalOf(frame, "zstd");
    assertEquals([code, message], ["malformed", corrupt]);
  }
});

declareCase("zstd data that end too soon are truncated", async () => {
  const first = zstdCompressSync(text(300), CHECKED);
  const data = concatBytes(first, await streamedFrame(text(50)));
  for (let length = 0; length < data.length; length++) {
    if (length === first.length) continue;
    const { code, offset } = await refusalOf(data.subarray(0, length), "zstd");
    assertEquals([code, offset], ["truncated", length]);
  }
  // Deno adds an empty frame to what does not fit into one chunk.
  const large = zstdCompressSync(text(2_000_000), { chunkSize: 1 << 22 });
  for (let cut = 1; cut < 1_000_000; cut *= 3) {
    const short = large.subarray(0, large.length - cut);
    assertEquals((await refusalOf(short, "zstd", { length: 70_000 })).code, "truncated");
  }
});

declareCase("what follows a frame is one", async () => {
  const data = concatBytes(zstdCompressSync(text(300)), utf8("junk"));
  const { code, offset } = await refusalOf(data, "zstd");
  assertEquals([code, offset], ["malformed", data.length - 4]);
});

declareCase("a window of 128 MiB decodes, a larger one does not", async () => {
  assertEquals(await decodeAll(zstdFrame({ window: 0x88 }, [utf8("abc")]), "zstd"), utf8("abc"));
  const { code, message } = await refusalOf(zstdFrame({ window: 0xa8 }, [utf8("abc")]), "zstd");
  assertEquals(code, "window");
  assertMatch(message, /takes a window of 2147483648 bytes, expected at most 134217728$/);
});

declareCase("a corrupt frame is an error wherever it is corrupt", async () => {
  const random = createRandom(5);
  const bytes = text(1_500_000);
  const data = zstdCompressSync(bytes, CHECKED);
  for (let i = 0; i < 60; i++) {
    const changed = Uint8Array.from(data);
    changed[random.int(10, data.length - 1)]! ^= 1 << random.int(0, 7);
    const length = random.pick([data.length, 50_000]);
    const { code } = await refusalOf(changed, "zstd", { length });
    assertEquals(code === "malformed" || code === "truncated", true);
  }
});

declareCase("no more is decoded than was allowed", async () => {
  const bytes = text(600_000);
  const inputs = [
    ["none", bytes],
    ["gzip", gzipSync(bytes)],
    ["zstd", zstdCompressSync(bytes)],
    ["zstd", await streamedFrame(bytes)],
  ] as const;
  for (const [compression, data] of inputs) {
    assertSame(await decodeAll(data, compression, { maxSize: bytes.length }), bytes);
    const { code, message } = await refusalOf(data, compression, { maxSize: bytes.length - 1 });
    assertEquals(code, "size");
    assertMatch(message, /there are more than 599999 bytes in it/);
  }
  const bomb = bombOf(200_000);
  assertEquals((await refusalOf(bomb, "zstd", { maxSize: 1 << 20 })).code, "size");
  const layers = gzipSync(new Uint8Array(200_000_000));
  assertEquals((await refusalOf(layers, "gzip", { maxSize: 1 << 20 })).code, "size");
});

/** A source of chunks that notes what is done with it. */
class Source {
  asked = 0;
  isClosed = false;
  readonly #data: Uint8Array;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  /** Its chunks of 64 KiB; the one of a number fails. */
  async *chunks(failing = Infinity): AsyncGenerator<Uint8Array> {
    try {
      for (const chunk of chunksOf(this.#data, 1 << 16)) {
        await Promise.resolve();
        if (++this.asked === failing) throw new TypeError("the network is down");
        yield chunk;
      }
    } finally {
      this.isClosed = true;
    }
  }
}

declareCase(
  "what the chunks throw is thrown, and they are closed when nobody wants more",
  async () => {
    const bytes = text(2_000_000);
    for (const compression of ["gzip", "zstd"] as const) {
      const data = compression === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
      const failing = new Source(data);
      await assertRejects(
        () => Array.fromAsync(decode(failing.chunks(5), compression, { maxSize: 1e9 })),
        TypeError,
        "the network is down",
      );
      assertEquals([failing.isClosed, failing.asked], [true, 5]);
      const source = new Source(data);
      for await (const piece of decode(source.chunks(), compression, { maxSize: 1e9 })) {
        assertEquals(piece.constructor, Uint8Array);
        break;
      }
      assertEquals(source.isClosed, true);
    }
  },
);

declareCase("no more is read than is needed soon", async () => {
  const bytes = new Uint8Array(64 << 20);
  for (const [compression, data] of [["gzip", gzipSync(bytes)], ["zstd", bombOf(512)]] as const) {
    const source = new Source(concatBytes(data, data, data));
    let size = 0;
    for await (const piece of decode(source.chunks(), compression, { maxSize: 1e9 })) {
      if (size === 0) assertEquals(source.asked < 6, true);
      size += piece.length;
    }
    assertEquals(size, 3 * bytes.length);
  }
});

/** A frame of so many blocks of 128 KiB of zeros. */
function bombOf(count: number): Uint8Array {
  const blocks = new Uint8Array(4 * count);
  for (let at = 0; at < blocks.length; at += 4) blocks.set([0x02, 0x00, 0x10, 0x00], at);
  blocks[blocks.length - 4]! |= 1;
  return concatBytes(zstdFrame({ window: 0x38 }, []), blocks);
}

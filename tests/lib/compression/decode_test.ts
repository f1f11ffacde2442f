import { assertEquals, assertRejects } from "@std/assert";
import {
  CompressedDataError,
  UnsupportedCompressionError,
} from "../../../lib/compression/compression_error.ts";
import { type Chunks, decodeBy } from "../../../lib/compression/decode.ts";
import type { Decoders } from "../../../lib/compression/decoders.ts";
import type { Compression } from "../../../lib/compression/detect.ts";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { skippableFrame, zstdFrame } from "../../kit/zstd_frames.ts";

const FRAME = zstdFrame({ size: { value: 5, length: 1 } }, [utf8("hello")]);

/** Decoders that note what they are given and say the data decode to `output`; gzip has used `used` bytes. */
class FakeDecoders implements Required<Decoders> {
  readonly given: Uint8Array[] = [];
  readonly gzip: Required<Decoders>["gzip"];
  readonly zstd: Required<Decoders>["zstd"];

  constructor(output: readonly Uint8Array[], used = 0, chunks: "frames" | "block" = "frames") {
    const given = this.given;
    async function* decode(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, number> {
      for await (const chunk of input) given.push(chunk.slice());
      yield* output;
      return used;
    }
    this.gzip = { decode };
    this.zstd = { chunks, decode };
  }
}

async function decoded(
  decoders: Decoders,
  chunks: Chunks,
  compression: Compression,
  maxSize = Infinity,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decodeBy(decoders, chunks, compression, { maxSize })) {
    assertEquals(piece.length > 0, true);
    pieces.push(piece.slice());
  }
  return concatBytes(...pieces);
}

Deno.test("without a decoder there is an error, and none is needed for what is not compressed", async () => {
  assertEquals(await decoded({}, [utf8("a"), new Uint8Array(0), utf8("b")], "none"), utf8("ab"));
  for (const compression of ["gzip", "zstd"] as const) {
    const error = await assertRejects(
      () => decoded({}, [FRAME], compression),
      UnsupportedCompressionError,
      `Cannot decode ${compression} data: there is no decoder for it here`,
    );
    assertEquals(error.format, compression);
  }
});

Deno.test("a decoder of zstd is given what it asks for", async () => {
  const data = concatBytes(FRAME, skippableFrame(0, utf8("skipped")), FRAME, FRAME);
  for (
    const [chunks, expected] of [
      ["frames", [FRAME, concatBytes(FRAME, FRAME)]],
      ["block", [FRAME, FRAME, FRAME]],
    ] as const
  ) {
    const decoders = new FakeDecoders([utf8("hellohellohello")], 0, chunks);
    assertEquals(await decoded(decoders, [data], "zstd"), utf8("hellohellohello"));
    assertEquals(decoders.given, expected);
  }
});

Deno.test("a decoder that loses frames, or makes some up, is found out", async () => {
  for (const output of ["hello", "hellohellohello"]) {
    await assertRejects(
      () => decoded(new FakeDecoders([utf8(output)]), [FRAME, FRAME], "zstd"),
      CompressedDataError,
      `they decode to ${output.length} bytes, expected the 10 that its frames say`,
    );
  }
});

Deno.test("a size that is too large is refused before anything is decoded", async () => {
  const decoders = new FakeDecoders([utf8("hello")]);
  const error = await assertRejects(
    () => decoded(decoders, [FRAME], "zstd", 4),
    CompressedDataError,
    "Cannot decode zstd data: there are more than 4 bytes in it, expected at most as many",
  );
  assertEquals([error.code, decoders.given], ["size", []]);
});

Deno.test("behind what the decoder of gzip has used there may be zero bytes", async () => {
  const data = concatBytes(utf8("member"), new Uint8Array(500_000));
  for (const length of [data.length, 100_000, 4096]) {
    const chunks = Array.from(
      { length: Math.ceil(data.length / length) },
      (_, i) => data.subarray(i * length, (i + 1) * length),
    );
    assertEquals(await decoded(new FakeDecoders([utf8("x")], 6), chunks, "gzip"), utf8("x"));
    const error = await assertRejects(
      () => decoded(new FakeDecoders([], 6), [...chunks, utf8("y")], "gzip"),
      CompressedDataError,
    );
    assertEquals([error.code, error.offset], ["malformed", 6]);
  }
});

Deno.test("small chunks are put together before they are decoded", async () => {
  const bytes = new Uint8Array(600_001).map((_, i) => i % 251 + 1);
  const memory = new Uint8Array(1000);
  function* chunks(): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += memory.length) {
      const part = bytes.subarray(at, at + memory.length);
      memory.set(part);
      yield memory.subarray(0, part.length);
    }
    yield bytes.subarray(0, 70_000);
  }
  const decoders = new FakeDecoders([utf8("x")], bytes.length + 70_000);
  await decoded(decoders, chunks(), "gzip");
  assertEquals(decoders.given.map(({ length }) => length), [2 ** 18, 2 ** 18, 145_713]);
  const expected = concatBytes(bytes, bytes.subarray(0, 70_000));
  assertEquals(concatBytes(...decoders.given).toHex() === expected.toHex(), true);
});

/**
 * Compressed data as what they were made of, whole or not at all.
 *
 * @module
 */

import { CompressedDataError, UnsupportedCompressionError } from "./compression_error.ts";
import type { Decoders, GzipDecoder, ZstdDecoder } from "./decoders.ts";
import type { Compression } from "./detect.ts";
import { regroup } from "./_regroup.ts";
import { ZstdWalker } from "./zstd_walker.ts";

/** Chunks as they come from a file or a network, each valid until the next is asked for. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** How data are decoded. */
export interface DecodeOptions {
  /** The most bytes that they may decode to; what has more is an error. `Infinity` for no limit. */
  readonly maxSize: number;
}

/** {@linkcode decodeBy} with the decoders of a runtime. */
export type Decode = (
  chunks: Chunks,
  compression: Compression,
  options: DecodeOptions,
) => AsyncGenerator<Uint8Array>;

/**
 * Decompresses data of any length, with memory for a few pieces.
 *
 * Members of gzip and frames of zstd may be many. Skippable frames are passed over, and so are zero bytes behind
 * the last member of gzip, as gzip(1) does; anything else there is an error. That all was there is only known when
 * the last piece has been asked for, so nothing that was made of the pieces should be used before.
 *
 * @param decoders Those of the runtime.
 * @returns Pieces, none empty, each valid until the next is asked for.
 * @throws {CompressedDataError} If the data are malformed, truncated, too large or need too large a window.
 * @throws {UnsupportedCompressionError} If there is no decoder for them.
 * @throws What the chunks throw.
 *
 * @example Data that are not compressed, which need no decoder
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeBy } from "composefs-ts";
 *
 * const text = [];
 * const chunks = [new TextEncoder().encode("hel"), new TextEncoder().encode("lo")];
 * for await (const piece of decodeBy({}, chunks, "none", { maxSize: 5 })) {
 *   text.push(new TextDecoder().decode(piece));
 * }
 * assertEquals(text, ["hel", "lo"]);
 * ```
 */
export async function* decodeBy(
  decoders: Decoders,
  chunks: Chunks,
  compression: Compression,
  { maxSize }: DecodeOptions,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of decoded(decoders, chunks, compression, maxSize)) {
    size += piece.length;
    if (size > maxSize) throw tooLarge(compression, maxSize);
    if (piece.length > 0) yield piece;
  }
}

function decoded(
  decoders: Decoders,
  chunks: Chunks,
  compression: Compression,
  maxSize: number,
): Chunks {
  if (compression === "none") return chunks;
  if (compression === "gzip") return decodeGzip(known(decoders.gzip, compression), chunks);
  return decodeZstd(known(decoders.zstd, compression), chunks, maxSize);
}

function known<Decoder>(decoder: Decoder | undefined, compression: Compression): Decoder {
  if (decoder !== undefined) return decoder;
  throw new UnsupportedCompressionError(compression, "there is no decoder for it here");
}

function tooLarge(compression: Compression, maxSize: number): CompressedDataError {
  const subject = compression === "none" ? "data" : `${compression} data`;
  return new CompressedDataError("size", {
    subject,
    state: `there are more than ${maxSize} bytes in it, expected at most as many`,
  });
}

async function* decodeGzip(decoder: GzipDecoder, chunks: Chunks): AsyncGenerator<Uint8Array> {
  /** How many bytes came, up to the last that is not zero. */
  let length = 0;
  async function* watched(): AsyncGenerator<Uint8Array> {
    let offset = 0;
    for await (const chunk of regroup(chunks)) {
      const last = chunk.findLastIndex((byte) => byte !== 0);
      if (last >= 0) length = offset + last + 1;
      offset += chunk.length;
      yield chunk;
    }
    if (offset > 0) return;
    throw new CompressedDataError("truncated", {
      subject: "gzip data",
      offset,
      state: "there are no data, expected a member",
    });
  }
  const used = yield* decoder.decode(watched());
  if (used < length) {
    throw new CompressedDataError("malformed", {
      subject: "gzip data",
      offset: used,
      state:
        "zero bytes are followed by others, expected nothing but zero bytes behind the last member",
    });
  }
}

async function* decodeZstd(
  decoder: ZstdDecoder,
  chunks: Chunks,
  maxSize: number,
): AsyncGenerator<Uint8Array> {
  const walker = new ZstdWalker({ cutBlocks: decoder.chunks === "block" });
  async function* walked(): AsyncGenerator<Uint8Array> {
    for await (const chunk of regroup(chunks)) {
      for (const part of walker.push(chunk)) {
        if (walker.contentSize > maxSize) throw tooLarge("zstd", maxSize);
        yield part;
      }
    }
    walker.finish();
  }
  let size = 0;
  for await (const piece of decoder.decode(walked())) {
    size += piece.length;
    yield piece;
  }
  // Decoders have held the size of each frame against its contents; this is whether they did all of them.
  if (size < walker.contentSize || walker.isSizeKnown && size > walker.contentSize) {
    throw new CompressedDataError("malformed", {
      subject: "zstd data",
      state: `they decode to ${size} bytes, expected the ${walker.contentSize} that its frames say`,
    });
  }
}

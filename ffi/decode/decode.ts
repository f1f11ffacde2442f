/**
 * Decompression by the runtime's own means.
 *
 * @module
 */

import { type Chunks, decodeBy, type DecodeOptions } from "../../lib/compression/decode.ts";
import type { Compression } from "../../lib/compression/detect.ts";
import { nativeDecoders } from "./decoders.ts";

/**
 * Decompresses data of any length, with memory for a few pieces: gzip and zstd, of one member or frame or many.
 *
 * That all was there is only known when the last piece has been asked for, so nothing that was made of the pieces
 * should be used before.
 *
 * @param chunks Each is used until the next is asked for.
 * @param compression `detectCompression` finds it out.
 * @returns Pieces, none empty, each valid until the next is asked for; of 256 KiB, if there are as many.
 * @throws {CompressedDataError} If the data are malformed, truncated, too large or need too large a window.
 * @throws {UnsupportedCompressionError} If there is no decoder for them: for zstd on Node before 22.15.
 * @throws What the chunks throw.
 */
export function decode(
  chunks: Chunks,
  compression: Compression,
  options: DecodeOptions,
): AsyncGenerator<Uint8Array> {
  return decodeBy(nativeDecoders, chunks, compression, options);
}

/**
 * Decompressing as a whole, for tests.
 *
 * @module
 */

import { concatBytes } from "../../lib/bytes/text.ts";
import { CompressedDataError } from "../../lib/compression/compression_error.ts";
import type { Compression } from "../../lib/compression/detect.ts";
import { decode } from "../../ffi/decode/decode.ts";

/** Cuts data into chunks of a length. The same memory is used for each, as readers of files do. */
export function* chunksOf(data: Uint8Array, length: number): Generator<Uint8Array> {
  const memory = new Uint8Array(Math.min(length, data.length));
  for (let at = 0; at < data.length; at += length) {
    const chunk = data.subarray(at, at + length);
    memory.set(chunk);
    yield memory.subarray(0, chunk.length);
    memory.fill(0xee);
  }
}

/** Decodes data that come in chunks of a length. */
export async function decodeAll(
  data: Uint8Array,
  compression: Compression,
  { length = Math.max(data.length, 1), maxSize = 2 ** 30 }: {
    readonly length?: number;
    readonly maxSize?: number;
  } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decode(chunksOf(data, length), compression, { maxSize })) {
    pieces.push(piece.slice());
  }
  return concatBytes(...pieces);
}

/** Decodes data that are not what they should be; says which error that gives, and fails if it gives none. */
export async function refusalOf(
  data: Uint8Array,
  compression: Compression,
  options: Parameters<typeof decodeAll>[2] = {},
): Promise<CompressedDataError> {
  try {
    await decodeAll(data, compression, options);
  } catch (error) {
    if (error instanceof CompressedDataError) return error;
    throw error;
  }
  throw new Error(`${data.length} bytes of ${compression} data were decoded, expected an error`);
}

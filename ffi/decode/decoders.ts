/**
 * Gzip and zstd as Node, Deno and Bun decode them.
 *
 * Their streams differ, and lose data without a word: see `ZstdDecoder`. What is decoded on Node and Bun is
 * decoded on another thread, while pieces before it are looked at; on Deno it is not.
 *
 * @module
 */

import {
  CompressedDataError,
  UnsupportedCompressionError,
} from "../../lib/compression/compression_error.ts";
import type { Decoders } from "../../lib/compression/decoders.ts";
import { runTransform, type ZlibTransform } from "./_run_transform.ts";

type Zlib = typeof import("node:zlib");

/** Length of the arrays that the streams write to; larger ones are no faster. */
const PIECE = 1 << 18;
/** How much waits inside of a stream besides. */
const OPTIONS = { chunkSize: PIECE, highWaterMark: PIECE } as const;

/** Codes of errors that are about this machine and not about the data. */
const OWN_ERRORS = new Set<string | undefined>(["Z_MEM_ERROR", "ZSTD_error_memory_allocation"]);

type NodeError = Error & { readonly code?: string };

/**
 * The decoders of node:zlib. It is loaded when the first of them begins.
 *
 * Node before 22.15 has none for zstd.
 */
export const nativeDecoders: Decoders = {
  gzip: {
    async *decode(chunks) {
      const { createGunzip } = await loadZlib();
      return yield* run("gzip", createGunzip(OPTIONS), chunks);
    },
  },
  zstd: {
    // On Deno and Node, what follows the end of a frame in the same call is lost. And where what a call decodes does
    // not fit into the rest of the stream's array, an error behind that ends the process on Deno: what comes of one
    // block has all been decoded before.
    chunks: "Bun" in globalThis ? "frames" : "block",
    async *decode(chunks) {
      const { createZstdDecompress } = await loadZlib();
      if (createZstdDecompress === undefined) {
        throw new UnsupportedCompressionError("zstd", "this runtime has no decoder for it");
      }
      yield* run("zstd", createZstdDecompress(OPTIONS), chunks);
    },
  },
};

/** Deno takes long to look at it, and most commands decode nothing. */
function loadZlib(): Promise<Partial<Zlib> & Pick<Zlib, "createGunzip">> {
  return import("node:zlib");
}

/** Puts chunks through a stream; its errors become those of the port, those of the chunks stay what they are. */
async function* run(
  format: "gzip" | "zstd",
  stream: ZlibTransform,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, number> {
  let refusal: NodeError | undefined;
  stream.on("error", (error: NodeError) => refusal ??= error);
  try {
    return yield* runTransform(stream, chunks, PIECE);
  } catch (error) {
    if (refusal === undefined || error !== refusal || OWN_ERRORS.has(refusal.code)) throw error;
    throw new CompressedDataError(
      refusal.code === "Z_BUF_ERROR" ? "truncated" : "malformed",
      {
        subject: `${format} data`,
        // What the runtimes say of gzip is the same, in the words of zlib.
        state: format === "gzip"
          ? refusal.message
          : "a frame is corrupt, or its checksum is not that of its contents",
      },
      { cause: error },
    );
  }
}

/**
 * What decompresses: the port behind which each runtime, or page, has its own.
 *
 * A decoder turns chunks into pieces, and sees to what only it can see: that the contents are well-formed and
 * their checksums right. Whether all is there, and nothing else, is for {@linkcode decodeBy}, since decoders of
 * the runtimes are not of one mind about it. `ffi/decode/` has those of Node, Deno and Bun.
 *
 * Chunks and pieces are valid until the next one is asked for.
 *
 * @module
 */

/** Decodes gzip. */
export interface GzipDecoder {
  /**
   * Decodes members that follow each other, up to the end or to a zero byte behind one of them. Chunks behind
   * that are asked for as well, and not used.
   *
   * @returns How many bytes of the chunks belonged to members.
   * @throws {CompressedDataError} If a member is malformed, or anything else than a zero byte or another member
   * follows one.
   */
  decode(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, number>;
}

/** Decodes zstd. */
export interface ZstdDecoder {
  /**
   * What a chunk holds at most: `"frames"`, as many as fit, one of them or the last perhaps in part;
   * `"block"`, one block or the checksum behind the last, perhaps in part, for decoders that lose what follows in
   * the same chunk.
   */
  readonly chunks: "frames" | "block";
  /**
   * Decodes frames that follow each other. It is given no skippable ones, none that ask for a dictionary or a
   * large window, and an end only behind a frame.
   *
   * @throws {CompressedDataError} If a frame is malformed.
   */
  decode(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/** The decoders of a runtime or page. */
export interface Decoders {
  /** Absent if it has none. */
  readonly gzip?: GzipDecoder;
  /** Absent if it has none. */
  readonly zstd?: ZstdDecoder;
}

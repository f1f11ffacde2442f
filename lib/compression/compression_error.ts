/**
 * What is thrown for data that cannot be decompressed.
 *
 * @module
 */

/**
 * What is wrong: `"malformed"`, the format is broken, or a checksum or stored size is not that of the contents;
 * `"truncated"`, the end is missing; `"size"`, there is more in it than was allowed; `"window"`, it takes more
 * memory than decoders give it.
 */
export type CompressedDataCode = "malformed" | "truncated" | "size" | "window";

/** Compressed data are not what they should be. What goes wrong while they are fetched is thrown as it is. */
export class CompressedDataError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "CompressedDataError";
  /** What is wrong. */
  readonly code: CompressedDataCode;
  /** Where, in bytes from the start of the compressed data; undefined where that is not known. */
  readonly offset: number | undefined;

  /**
   * Makes the error.
   *
   * @param subject What was being read: `gzip data`.
   * @param state What is wrong, without the offset.
   */
  constructor(
    code: CompressedDataCode,
    { subject, offset, state }: {
      readonly subject: string;
      readonly offset?: number;
      readonly state: string;
    },
    options?: ErrorOptions,
  ) {
    const place = offset === undefined ? "" : ` at offset ${offset}`;
    super(`Cannot decode ${subject}${place}: ${state}`, options);
    this.code = code;
    this.offset = offset;
  }
}

/** Data are compressed in a way that is not decoded, here or at all. */
export class UnsupportedCompressionError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "UnsupportedCompressionError";
  /** What they are compressed by: `xz`. */
  readonly format: string;

  /**
   * Makes the error.
   *
   * @param state Why not.
   */
  constructor(format: string, state: string, options?: ErrorOptions) {
    super(`Cannot decode ${format} data: ${state}`, options);
    this.format = format;
  }
}

/**
 * The error of keys and certificates that are not encoded as they should be.
 *
 * @module
 */

/** Bytes are not the DER, or text not the PEM, of what was to be read. */
export class EncodingError extends Error {
  /** `EncodingError`, as messages of runtimes begin with. */
  override readonly name = "EncodingError";
}

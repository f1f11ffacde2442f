/**
 * The error of what is no cache of digests.
 *
 * @module
 */

/** A file is no cache of digests, or of no use as one. */
export class CacheFormatError extends Error {
  /** `CacheFormatError`, as messages of runtimes begin with. */
  override readonly name = "CacheFormatError";
}

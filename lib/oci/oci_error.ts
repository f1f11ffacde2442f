/**
 * The error of container images that cannot be read.
 *
 * @module
 */

/**
 * What is wrong:
 *
 * - `"invalid"`: a document of the image breaks its format.
 * - `"unsupported"`: something is of a kind that is not read here, such as an artifact or an encrypted layer.
 * - `"not-found"`: there is no image of that tag, digest, position or platform.
 * - `"ambiguous"`: there are several images, and nothing says which one is meant.
 * - `"reference"`: what was to name an image is no such name.
 */
export type OciErrorCode = "invalid" | "unsupported" | "not-found" | "ambiguous" | "reference";

/** A container image, or the name of one, cannot be used. */
export class OciError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "OciError";
  /** What is wrong, for programs. */
  readonly code: OciErrorCode;

  /** Makes the error; the message says all of it. */
  constructor(code: OciErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What is thrown for an image that breaks the format.
 *
 * @module
 */

/** An image breaks the format of EROFS or composefs, at an offset. */
export class ImageFormatError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "ImageFormatError";
  /** Where, in bytes from the start of the image. */
  readonly offset: number;
  /** What is wrong, without the offset. */
  readonly state: string;

  /**
   * Makes the error.
   *
   * @param offset Bytes from the start of the image.
   * @param state What is wrong, without the offset.
   */
  constructor(offset: number, state: string, options?: ErrorOptions) {
    super(`Invalid image at offset ${offset}: ${state}`, options);
    this.offset = offset;
    this.state = state;
  }
}

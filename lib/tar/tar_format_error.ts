/**
 * What is thrown for a tar archive that breaks the format.
 *
 * @module
 */

/** An archive breaks the format of tar, holds what cannot be read, or is beyond a limit; at an offset. */
export class TarFormatError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "TarFormatError";
  /** Where, in bytes from the start of the archive. */
  readonly offset: number;
  /** What is wrong, without the offset. */
  readonly state: string;

  /**
   * Makes the error.
   *
   * @param offset Bytes from the start of the archive.
   * @param state What is wrong, without the offset.
   */
  constructor(offset: number, state: string, options?: ErrorOptions) {
    super(`Invalid archive at offset ${offset}: ${state}`, options);
    this.offset = offset;
    this.state = state;
  }
}

/** Makes the error for what is being read. */
export type Refuse = (state: string) => TarFormatError;

/**
 * The error of mount options that make no sense.
 *
 * @module
 */

/** An option is unknown, lacks its value, has a wrong one, or does not fit another. */
export class MountOptionError extends Error {
  /** `MountOptionError`, as messages of runtimes begin with. */
  override readonly name = "MountOptionError";
}

/** An option of a name that there is not. */
export class UnknownMountOptionError extends MountOptionError {
  /** The name as it was given. */
  readonly option: string;

  /**
   * Makes the error.
   *
   * @param option The name as it was given.
   * @param shown The option with its value, for the message.
   */
  constructor(option: string, shown: string) {
    super(`Unsupported option ${shown}`);
    this.option = option;
  }
}

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

/**
 * The error of a value that an option or operand cannot have.
 *
 * @module
 */

/** The message says what was expected; which option was meant and what was given is added by who reads the table. */
export class ValueError extends Error {
  /** `ValueError`, as messages of runtimes begin with. */
  override readonly name = "ValueError";
}

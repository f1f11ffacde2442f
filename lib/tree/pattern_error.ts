/**
 * What is thrown for a pattern that is none.
 *
 * @module
 */

/** A pattern that cannot be used. The message says what was expected; whoever has the pattern names it. */
export class PatternError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "PatternError";
}

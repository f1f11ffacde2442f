/**
 * What is thrown for a dump file that breaks the format.
 *
 * @module
 */

/** A dump file breaks the format of composefs-dump(5), at a line. */
export class DumpfileSyntaxError extends SyntaxError {
  /** Tells it from other errors, across realms too. */
  override readonly name = "DumpfileSyntaxError";
  /** The line's number, from 1; 0 if it is the file as a whole. */
  readonly line: number;

  /**
   * Makes the error.
   *
   * @param line 0 if it is the file as a whole.
   * @param state What is wrong, without the line.
   */
  constructor(line: number, state: string, options?: ErrorOptions) {
    super(line === 0 ? `Invalid dump file: ${state}` : `Invalid line ${line}: ${state}`, options);
    this.line = line;
  }
}

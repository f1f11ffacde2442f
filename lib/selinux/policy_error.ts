/**
 * What is thrown for a policy that cannot be read or used.
 *
 * @module
 */

/** A file of an SELinux policy is missing, or holds what cannot be used. */
export class SelinuxPolicyError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "SelinuxPolicyError";
  /** The file, as the caller named it. */
  readonly file: string;
  /** Number of the line, the first being 1; undefined if it is about the whole file. */
  readonly line: number | undefined;

  /** Makes the error; the message names the file and the line. */
  constructor(file: string, state: string, line?: number) {
    const where = line === undefined ? file : `${file}, line ${line}`;
    super(`Cannot read ${where}: ${state}`);
    this.file = file;
    this.line = line;
  }
}

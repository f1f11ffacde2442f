/**
 * What is wrong with a line, as long as it is not known which line it is.
 *
 * @module
 */

/** Thrown by what reads parts of a line; the parser makes a `DumpfileSyntaxError` of it. */
export class LineError extends Error {
  /** Tells it from other errors. */
  override readonly name = "LineError";
}

/** @throws {LineError} If there is a problem. */
export function refuseProblem(problem: string | undefined): void {
  if (problem !== undefined) throw new LineError(problem);
}

/**
 * The error of contents that are not what they should be.
 *
 * @module
 */

/**
 * What is wrong: `"size"`, another length than expected; `"digest"`, other contents than the digest says;
 * `"changed"`, other contents than a moment before; `"name"`, other contents than the name says;
 * `"undigested"`, nothing says what the contents should be; `"missing"`, there are none; `"kind"`, what stands
 * there is no regular file; `"path"`, the path is one that no object has.
 */
export type IntegrityCode =
  | "size"
  | "digest"
  | "changed"
  | "name"
  | "undigested"
  | "missing"
  | "kind"
  | "path";

/** Contents are not there, or not what they should be. */
export class IntegrityError extends Error {
  /** `IntegrityError`, as messages of runtimes begin with. */
  override readonly name = "IntegrityError";
  /** What is wrong with them. */
  readonly code: IntegrityCode;
  /** What they are the contents of, as messages name it: `object "ab/cdef"`. */
  readonly subject: string;

  /**
   * Puts the message together of what is wrong and with what.
   *
   * @param action What was to be done with it.
   */
  constructor(code: IntegrityCode, subject: string, state: string, action: string = "use") {
    super(`Cannot ${action} ${subject}: ${state}`);
    this.code = code;
    this.subject = subject;
  }
}

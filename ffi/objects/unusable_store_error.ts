/**
 * The error of a directory that holds what no object store should.
 *
 * @module
 */

/** Something stands in an object store that is no directory for objects, or belongs to a stranger. */
export class UnusableStoreError extends Error {
  /** `UnusableStoreError`, as messages of runtimes begin with. */
  override readonly name = "UnusableStoreError";
}

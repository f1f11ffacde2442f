/**
 * What is thrown for a tree that cannot be what it is wanted for.
 *
 * @module
 */

/**
 * What is wrong:
 *
 * - `"invalid"`: the tree is none, or a file in it is what no image can hold.
 * - `"too-large"`: a file, or all of them together, take more room than the image's format has.
 * - `"path-too-long"`: a path is longer than the kernel takes one.
 * - `"not-found"`, `"not-a-directory"`, `"not-a-file"`, `"too-many-links"`: a path leads nowhere, or to something
 *   else than was wanted.
 */
export type TreeErrorCode =
  | "invalid"
  | "too-large"
  | "path-too-long"
  | "not-found"
  | "not-a-directory"
  | "not-a-file"
  | "too-many-links";

/** Something is wrong with a tree, or with a path in it. */
export class TreeError extends Error {
  /** Tells it from other errors, across realms too. */
  override readonly name = "TreeError";
  /** What is wrong, for programs. */
  readonly code: TreeErrorCode;
  /** Where, if it is at one place. */
  readonly path: Uint8Array | undefined;

  /** Makes the error; the message says all of it, the path too. */
  constructor(code: TreeErrorCode, message: string, path?: Uint8Array) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

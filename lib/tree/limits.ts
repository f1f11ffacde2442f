/**
 * The limits of what an image can hold, and the checks that state them.
 *
 * They are libcomposefs 1.0.8's, so that what one accepts, the other does. They stand here because the
 * parser of dump files, the image reader and the check of trees all ask for them.
 *
 * @module
 */

import { quote } from "../bytes/text.ts";
import { MAX_PATH_LENGTH } from "./name.ts";
import type { Xattr } from "./tree.ts";

/** Largest file kept in the image itself, in bytes. */
export const MAX_INLINE_SIZE = 5000;
/** Largest external file, in bytes: 1024 chunks of 2^43 bytes. */
export const MAX_EXTERNAL_SIZE = 2 ** 53;
/** Longest xattr name, in bytes, namespace included. */
export const MAX_XATTR_NAME = 255;
/** Longest xattr value, in bytes. */
export const MAX_XATTR_VALUE = 65535;
/** What all xattrs of one file may cost together: see {@linkcode xattrCost}. */
export const MAX_XATTRS_COST = 32767;
/** What a file's xattrs cost before the first one. */
export const XATTR_BASE_COST = 12;

/** Bytes that an xattr is counted as against {@linkcode MAX_XATTRS_COST}. */
export function xattrCost({ name, value }: Xattr): number {
  return 7 + name.length + value.length;
}

/** Says what is wrong with an xattr of a file whose xattrs, this one included, cost `cost`. */
export function xattrProblem({ name }: Xattr, cost: number): string | undefined {
  if (name.length === 0) return "empty xattr name";
  if (name.length > MAX_XATTR_NAME) {
    return `xattr name of ${name.length} bytes, expected at most ${MAX_XATTR_NAME}`;
  }
  return cost > MAX_XATTRS_COST
    ? `xattrs take more than ${MAX_XATTRS_COST} bytes together, at ${quote(name)}`
    : undefined;
}

/** Says what is wrong with a symlink's target. */
export function targetProblem(target: Uint8Array): string | undefined {
  return targetLengthProblem(target.length) ??
    (target.includes(0) ? "invalid symlink: NUL in target" : undefined);
}

/** The same, of a target that is known to hold no NUL. */
export function targetLengthProblem(length: number): string | undefined {
  if (length === 0) return "invalid symlink: no target";
  return length > MAX_PATH_LENGTH
    ? `invalid symlink: target of ${length} bytes, expected at most ${MAX_PATH_LENGTH}`
    : undefined;
}

/** Says what is wrong with the path of a backing file. */
export function payloadProblem(path: Uint8Array): string | undefined {
  return payloadLengthProblem(path.length) ??
    (path.includes(0) ? "invalid payload: NUL byte" : undefined);
}

/** The same, of a path that is known to hold no NUL. */
export function payloadLengthProblem(length: number): string | undefined {
  return length > MAX_PATH_LENGTH
    ? `invalid payload of ${length} bytes, expected at most ${MAX_PATH_LENGTH}`
    : undefined;
}

/**
 * The limits of what an image can hold, and the checks that state them.
 *
 * They are libcomposefs 1.0.8's, so that what one accepts, the other does. Dump parser, tree validation
 * and image reader all ask here.
 *
 * @module
 */

import { printable } from "../bytes/text.ts";
import type { Xattr } from "./tree.ts";

/** Longest name in a directory, in bytes. */
export const MAX_NAME_LENGTH = 255;
/** Longest symlink target and backing file path, in bytes. */
export const MAX_PATH_LENGTH = 4095;
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

/**
 * Checks an xattr of a file whose xattrs, this one included, cost `cost`.
 *
 * @throws {SyntaxError} If the name is empty or too long, or the sum is too high.
 */
export function checkXattrs({ name }: Xattr, cost: number): void {
  if (name.length === 0) throw new SyntaxError("empty xattr name");
  if (name.length > MAX_XATTR_NAME) {
    throw new SyntaxError(
      `xattr name of ${name.length} bytes, expected at most ${MAX_XATTR_NAME}`,
    );
  }
  if (cost > MAX_XATTRS_COST) {
    throw new SyntaxError(
      `xattrs take more than ${MAX_XATTRS_COST} bytes together, at "${printable(name)}"`,
    );
  }
}

/** @throws {SyntaxError} If a name is not one that a directory entry may have. */
export function checkName(name: Uint8Array): void {
  if (name.length === 0) throw new SyntaxError("empty name");
  if (name.length > MAX_NAME_LENGTH) {
    throw new SyntaxError(`name of ${name.length} bytes, expected at most ${MAX_NAME_LENGTH}`);
  }
  if (isDotOrDotDot(name)) throw new SyntaxError("invalid name . or ..");
  if (hasNulOrSlash(name)) {
    throw new SyntaxError(`NUL or slash in name "${printable(name)}"`);
  }
}

/** Tells whether a name holds what no name can. */
export function hasNulOrSlash(name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (name[i] === 0 || name[i] === 0x2f) return true;
  }
  return false;
}

/** Tells whether a name is `.` or `..`. */
export function isDotOrDotDot(name: Uint8Array): boolean {
  return name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e));
}

/** @throws {SyntaxError} If a symlink's target is empty, too long or holds a NUL. */
export function checkTarget(target: Uint8Array): void {
  if (target.length === 0) throw new SyntaxError("invalid symlink: no target");
  if (target.length > MAX_PATH_LENGTH) {
    throw new SyntaxError(
      `invalid symlink: target of ${target.length} bytes, expected at most ${MAX_PATH_LENGTH}`,
    );
  }
  if (target.includes(0)) throw new SyntaxError("invalid symlink: NUL in target");
}

/** @throws {SyntaxError} If a backing file's path is too long or holds a NUL. */
export function checkPayload(path: Uint8Array): void {
  if (path.length > MAX_PATH_LENGTH) {
    throw new SyntaxError(
      `invalid payload of ${path.length} bytes, expected at most ${MAX_PATH_LENGTH}`,
    );
  }
  if (path.includes(0)) throw new SyntaxError("invalid payload: NUL byte");
}

/**
 * Which format version an image takes.
 *
 * Versions 0 and 1 are libcomposefs's, and differ in what overlayfs is told of directories that hold
 * whiteouts: in version 1 they are marked with an opaque xattr, which kernels since 6.8 want. Version 2 is
 * composefs-rs's own: see `_format2.ts`. It is never chosen, only asked for.
 *
 * @module
 */

import { isWhiteout, type Tree } from "../tree/tree.ts";

/** The versions that are written. */
export type FormatVersion = 0 | 1 | 2;

/** The longest file, and the longest target of a link, in bytes, that an image of version 2 holds. */
export const FORMAT2_LIMITS = { inline: 512, target: 1024 } as const;

/** Between which versions the writer may choose, or the one it shall take. */
export interface VersionRange {
  /** The version to use, whatever the tree holds; the limits below are not looked at then. */
  readonly format?: FormatVersion;
  /** The version to use, unless the tree asks for a higher one. Default 0. */
  readonly minVersion?: number;
  /** The highest version the tree may ask for; raised to `minVersion` if lower. Default 1. */
  readonly maxVersion?: number;
}

/**
 * Chooses the version: the lowest allowed, except that whiteouts ask for version 1.
 *
 * @throws {RangeError} If a version that is asked for does not exist: see {@linkcode versionProblem}.
 */
export function chooseVersion<File>(tree: Tree<File>, range: VersionRange): FormatVersion {
  const problem = versionProblem(range);
  if (problem !== undefined) throw new RangeError(problem);
  const { format, minVersion = 0, maxVersion = 1 } = range;
  if (format !== undefined) return format;
  return minVersion === 0 && maxVersion >= 1 && tree.leaves.some(isWhiteout)
    ? 1
    : minVersion as FormatVersion;
}

/** Says which of the versions that are asked for does not exist. */
export function versionProblem(
  { format, minVersion = 0, maxVersion = 1 }: VersionRange,
): string | undefined {
  if (format !== undefined) {
    return format === 0 || format === 1 || format === 2
      ? undefined
      : `Cannot use format version ${format}: expected 0, 1 or 2`;
  }
  return limitProblem(minVersion, "minimum") ?? limitProblem(maxVersion, "maximum");
}

function limitProblem(version: number, which: string): string | undefined {
  return version === 0 || version === 1
    ? undefined
    : `Cannot use ${which} format version ${version}: expected 0 or 1`;
}

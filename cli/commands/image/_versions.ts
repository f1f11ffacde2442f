/**
 * Options that say in which format versions an image may be.
 *
 * @module
 */

import { UsageError } from "../../args/usage_error.ts";

/** Versions as they were asked for. */
export interface Versions {
  readonly minVersion: number | undefined;
  readonly maxVersion: number | undefined;
}

/** @throws {UsageError} If no version can be both. */
export function checkVersions({ minVersion, maxVersion }: Versions): void {
  if (minVersion === undefined || maxVersion === undefined || minVersion <= maxVersion) return;
  throw new UsageError(
    `Cannot use --min-version=${minVersion} with --max-version=${maxVersion}: ` +
      "expected no more than that",
    { usage: false },
  );
}

/**
 * Checks versions where one is asked for by `--format`.
 *
 * @throws {UsageError} If a range is asked for as well.
 */
export function checkFormat({ minVersion, maxVersion }: Versions): void {
  if (minVersion === undefined && maxVersion === undefined) return;
  const other = minVersion === undefined ? "--max-version" : "--min-version";
  throw new UsageError(`Cannot use --format with ${other}: expected one of them`, { usage: false });
}

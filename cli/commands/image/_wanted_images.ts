/**
 * Which images `create` is to make of one tree: in which format versions, by which digests.
 *
 * @module
 */

import { quote, utf8 } from "../../../lib/bytes/text.ts";
import type { FormatVersion, VersionRange } from "../../../lib/composefs/version.ts";
import type { HashAlgorithm } from "../../../lib/digest/hasher.ts";
import type { OptionTable, OptionValues } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { choices } from "../../args/values.ts";
import { isStdin } from "../../stdin.ts";
import { checkFormat, type Versions } from "./_versions.ts";

/** The options that say so, beside C's for a range of versions. */
export const wantedOptions = {
  format: {
    kind: "value",
    value: "N[,N]",
    parse: choices("0", "1", "2"),
    summary: "Use format version N, whatever SOURCE holds",
    help:
      "Versions 0 and 1 are those of the C programs, 2 is that of composefs-rs. With several, an image of each is made, and IMAGE must have {format} in it, which stands for the version.",
    extension: true,
  },
  hash: {
    kind: "value",
    value: "NAME[,NAME]",
    parse: choices("sha256", "sha512"),
    summary: "Name objects and images by this fs-verity digest",
    defaultText: "sha256",
    help:
      "With both, an image by each is made of files that are read once, and IMAGE must have {hash} in it; an object store has objects of one kind. What a dump says of objects stays as it is.",
    extension: true,
  },
} as const satisfies OptionTable;

/** What they come to, with those for a range of versions. */
export type WantedOptions = OptionValues<typeof wantedOptions> & Versions;

/** One image. */
export interface WantedImage {
  readonly algorithm: HashAlgorithm;
  readonly range: VersionRange;
  /** Where it is written; absent if it is not. */
  readonly path?: Uint8Array;
}

/** In this order, whatever that on the command line: caches do not depend on it. */
const ALGORITHMS: readonly HashAlgorithm[] = ["sha256", "sha512"];

/** By which digests images are wanted. */
export function wantedAlgorithms({ hash = ["sha256"] }: WantedOptions): HashAlgorithm[] {
  return ALGORITHMS.filter((algorithm) => hash.includes(algorithm));
}

/**
 * The images that are wanted.
 *
 * @param image IMAGE, if it was given.
 * @throws {UsageError} If options contradict each other, or IMAGE is one name for several images.
 */
export function wantedImages(options: WantedOptions, image: Uint8Array | undefined): WantedImage[] {
  const { format, hash } = options;
  if (format !== undefined) checkFormat(options);
  checkName(image, "format", format);
  checkName(image, "hash", hash);
  const ranges = format === undefined
    ? [rangeOf(options)]
    : format.map((version) => ({ format: Number(version) as FormatVersion }));
  return ranges.flatMap((range) =>
    wantedAlgorithms(options).map((algorithm) => ({
      algorithm,
      range,
      ...(image === undefined ? {} : { path: fillIn(image, options, range, algorithm) }),
    }))
  );
}

function checkName(
  image: Uint8Array | undefined,
  option: "format" | "hash",
  values: readonly string[] | undefined,
): void {
  if (image === undefined || values === undefined || values.length === 1) return;
  if (!isStdin(image) && split(image, option).length > 1) return;
  throw new UsageError(
    `Cannot write several images to ${quote(image)}: expected {${option}} in it, with ` +
      `--${option}=${values.join(",")}`,
    { usage: false },
  );
}

/** IMAGE with what stands for the options that were given filled in. */
function fillIn(
  image: Uint8Array,
  { format, hash }: WantedOptions,
  range: VersionRange,
  algorithm: HashAlgorithm,
): Uint8Array {
  let path = image;
  if (format !== undefined) path = join(split(path, "format"), String(range.format));
  if (hash !== undefined) path = join(split(path, "hash"), algorithm);
  return path;
}

/** The parts of a path around `{name}`. */
function split(path: Uint8Array, name: string): Uint8Array[] {
  const wanted = utf8(`{${name}}`);
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at + wanted.length <= path.length; at++) {
    if (!wanted.every((byte, i) => path[at + i] === byte)) continue;
    parts.push(path.subarray(start, at));
    start = at + wanted.length;
    at = start - 1;
  }
  return [...parts, path.subarray(start)];
}

function join(parts: readonly Uint8Array[], between: string): Uint8Array {
  const bytes = parts.flatMap((part, i) => i === 0 ? [...part] : [...utf8(between), ...part]);
  return Uint8Array.from(bytes);
}

/** As in mkcomposefs: without either option 0 and 1, with one of them the other is 0. */
function rangeOf({ minVersion, maxVersion }: Versions): VersionRange {
  if (minVersion === undefined && maxVersion === undefined) return {};
  return { minVersion: minVersion ?? 0, maxVersion: maxVersion ?? 0 };
}

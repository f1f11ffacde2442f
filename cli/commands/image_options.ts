/**
 * Options and operands of the commands that read images.
 *
 * @module
 */

import { printable } from "../../lib/bytes/text.ts";
import type { ReadTreeOptions } from "../../lib/composefs/open.ts";
import type { ImageView } from "../../lib/composefs/unoverlay.ts";
import type { OptionTable, OptionValues } from "../command.ts";
import { JSON_OPTION } from "../json.ts";
import { UsageError } from "../usage_error.ts";
import { path } from "../values.ts";

/** One or more images. */
export const IMAGES = {
  images: {
    name: "IMAGE",
    summary: "A composefs image",
    repeated: true,
    missing: "No image path specified",
  },
} as const;

/** Limits what is read of an image. */
const FILTER_OPTION = {
  kind: "list",
  value: "NAME",
  parse: path,
  summary: "Keep only this entry of the root directory, with all below it",
  help: "May be given several times. A name that the root directory does not have is ignored.",
} as const;

/** Where objects are looked for. */
export const BASEDIR_OPTION = {
  kind: "value",
  value: "PATH",
  parse: path,
  summary: "Look for objects in the object store PATH",
  help: "Needed by missing-objects; other commands ignore it.",
} as const;

/** Options of every command that reads images. */
export const imageOptions = {
  filter: FILTER_OPTION,
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** What they come to. */
export type ImageOptions = OptionValues<typeof imageOptions>;

/**
 * How the images are to be read.
 *
 * @throws {UsageError} If a filter is a path and not a name.
 */
export function readOptions({ filter }: ImageOptions, view: ImageView): ReadTreeOptions {
  for (const name of filter) {
    if (name.includes(0x2f)) {
      throw new UsageError(`Filter must be a single name: ${printable(name)}`, { usage: false });
    }
  }
  return filter.length > 0 ? { view, rootEntries: filter } : { view };
}

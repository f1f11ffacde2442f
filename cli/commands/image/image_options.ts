/**
 * Options and operands of the commands that read images.
 *
 * @module
 */

import type { OptionTable, OptionValues } from "../../args/command.ts";
import { JSON_OPTION } from "../../json.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND } from "../../references/reference.ts";
import { path } from "../../args/values.ts";

/** One or more images. */
export const IMAGES = {
  images: {
    ...IMAGE_OPERAND,
    repeated: true,
    missing: "No image path specified",
  },
} as const;

/** The same where all of them is read, and something is made of it. */
export const WHOLE_IMAGES = { images: { ...IMAGES.images, readWhole: true } } as const;

/** Limits what is read of an image. */
const FILTER_OPTION = {
  kind: "list",
  value: "NAME",
  parse: path,
  summary: "Keep only this entry of the root directory, with all below it",
  help:
    "A name that no image has in its root directory is an error; composefs-info passes over it.",
} as const;

/** Where objects are looked for. */
export const BASEDIR_OPTION = {
  kind: "value",
  value: "PATH",
  parse: path,
  summary: "Look for objects in the object store PATH",
  help: "Needed by missing-objects; other commands ignore it.",
} as const;

/** Lets an image be written in place of one that has fs-verity. */
export const FORCE_OPTION = {
  kind: "flag",
  summary: "Replace an image even if it has fs-verity",
  extension: true,
} as const;

/** Options of every command that reads images. */
export const imageOptions = {
  filter: FILTER_OPTION,
  json: JSON_OPTION,
} as const satisfies OptionTable;

/** Limits what is read of an image, by paths. */
export const PATH_OPTION = {
  kind: "list",
  value: "PATH",
  parse: path,
  inImage: { followsLinks: false },
  summary: "Keep only this file of the images, with all below it",
  help: "Symbolic links on the way are not followed. A path that no image has is an error.",
} as const;

/** The same for our own, which know of paths. */
export const ownImageOptions = {
  path: PATH_OPTION,
  ...referenceOptions,
  ...imageOptions,
} as const satisfies OptionTable;

/** What they come to. */
export type ImageOptions =
  & OptionValues<typeof imageOptions>
  & Partial<OptionValues<typeof ownImageOptions>>;

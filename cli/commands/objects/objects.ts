/**
 * `objects` and `missing-objects`: what images refer to, and what of it a store lacks.
 *
 * @module
 */

import { compareBytes } from "../../../lib/bytes/compare.ts";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { type Context, defineCommand } from "../../args/command.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import { Basedirs } from "./_content_options.ts";
import {
  BASEDIRS_OPTION,
  type ImageOptions,
  imageOptions,
  selectedTrees,
  WHOLE_IMAGES,
} from "../image/image_options.ts";

/** What `composefs objects` and `composefs-info objects` have in common. */
export const OBJECTS = {
  name: "objects",
  summary: "List the objects that images refer to",
  description: ["Each object path is printed once, in byte order, whatever image it is from."],
  operands: WHOLE_IMAGES,
} as const;

/** What `composefs missing-objects` and `composefs-info missing-objects` have in common. */
export const MISSING_OBJECTS = {
  name: "missing-objects",
  summary: "List the objects that images refer to and the object store lacks",
  description: [
    "An object counts as there if a regular file of its name exists below --basedir, reached through no symbolic link. Without --basedir every object is missing.",
  ],
  operands: WHOLE_IMAGES,
  examples: [{
    summary: "See what has to be fetched before an image can be mounted",
    command: "composefs-info --basedir=objects missing-objects rootfs.cfs",
  }],
} as const;

/** The command `composefs objects`. */
export const objects = defineCommand({
  ...OBJECTS,
  options: imageOptions,
  run: (options, { images }, context) => runObjects(options, images, context, "exact"),
});

/** The command `composefs missing-objects`. */
export const missingObjects = defineCommand({
  ...MISSING_OBJECTS,
  options: { basedir: BASEDIRS_OPTION, ...imageOptions },
  run: (options, { images }, context) => runMissingObjects(options, images, context, "exact"),
});

/** Lists the objects of images. */
export function runObjects(
  options: ImageOptions,
  images: readonly Uint8Array[],
  context: Context,
  view: ImageView,
): number {
  writePaths(collectPaths(options, images, context, view), options, context, view);
  return 0;
}

/** Lists the objects of images that are below none of the base directories. */
export function runMissingObjects(
  options: ImageOptions & { readonly basedir: readonly Uint8Array[] },
  images: readonly Uint8Array[],
  context: Context,
  view: ImageView,
): number {
  const paths = collectPaths(options, images, context, view);
  using basedirs = new Basedirs(context.machine, options);
  const { layers } = basedirs;
  const missing = paths.filter((path) => !layers.some((layer) => layer.has(withoutSlashes(path))));
  writePaths(missing, options, context, view);
  return 0;
}

/** Payloads may begin with slashes; they are below the store all the same. */
function withoutSlashes(path: Uint8Array): Uint8Array {
  let start = 0;
  while (path[start] === SLASH) start++;
  return path.subarray(start);
}

const SLASH = 0x2f;

function collectPaths(
  options: ImageOptions,
  images: readonly Uint8Array[],
  context: Context,
  view: ImageView,
): Uint8Array[] {
  const paths = new Map<string, Uint8Array>();
  for (const tree of selectedTrees(images, options, context, view)) {
    for (const leaf of tree.leaves) {
      if (leaf.kind !== "regular" || leaf.file.kind !== "external") continue;
      const { path } = leaf.file;
      if (path !== undefined) paths.set(latin1(path), path);
    }
  }
  return [...paths.values()].sort(compareBytes);
}

const NEWLINE = utf8("\n");

function writePaths(
  paths: readonly Uint8Array[],
  { json }: ImageOptions,
  { terminal: { stdout } }: Context,
  view: ImageView,
): void {
  for (const path of paths) {
    if (json) {
      stdout.write(jsonLine(jsonBytes("object", path)));
    } else {
      // The C program prints what is there; a path with a newline in it looks like two.
      stdout.write(view === "exact" ? escapeField(path, "path") : path);
      stdout.write(NEWLINE);
    }
  }
}

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
import { storeOptions, storePaths, Stores } from "../../references/stores.ts";
import { type ImageOptions, ownImageOptions, WHOLE_IMAGES } from "../image/image_options.ts";
import { selectedTrees } from "../image/selected_images.ts";
import { REFERENCE_HELP } from "../../references/reference.ts";

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
  description: [...OBJECTS.description, REFERENCE_HELP],
  options: ownImageOptions,
  examples: [{
    summary: "List all that a store has to keep for two images",
    command: "composefs objects old.cfs new.cfs",
  }],
  run: (options, { images }, context) => runObjects(options, images, context, "exact"),
});

/** The command `composefs missing-objects`. */
export const missingObjects = defineCommand({
  ...MISSING_OBJECTS,
  description: [
    "An object counts as there if a regular file of its name exists below one of the stores, reached through no symbolic link. Without a store every object is missing.",
    REFERENCE_HELP,
  ],
  examples: [{
    summary: "See what has to be fetched before an image can be mounted",
    command: "composefs missing-objects --store=objects rootfs.cfs",
  }],
  options: { ...storeOptions, ...ownImageOptions },
  run: ({ store, basedir, ...options }, { images }, context) => {
    const stores = storePaths({ store, basedir }, context);
    return runMissingObjects({ ...options, stores }, images, context, "exact");
  },
});

/** Lists the objects of images. */
export async function runObjects(
  options: ImageOptions,
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<number> {
  writePaths(await collectPaths(options, images, context, view), options, context, view);
  return 0;
}

/** Lists the objects of images that are below none of the base directories. */
export async function runMissingObjects(
  options: ImageOptions & { readonly stores: readonly Uint8Array[] },
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<number> {
  const paths = await collectPaths(options, images, context, view);
  using stores = new Stores(context.machine, options.stores);
  const missing = paths.filter((path) => !stores.has(path));
  writePaths(missing, options, context, view);
  return 0;
}

async function collectPaths(
  options: ImageOptions,
  images: readonly Uint8Array<ArrayBuffer>[],
  context: Context,
  view: ImageView,
): Promise<Uint8Array[]> {
  const paths = new Map<string, Uint8Array>();
  for await (const tree of selectedTrees(images, options, context, view)) {
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

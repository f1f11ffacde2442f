/**
 * Options and operands of the commands that read images.
 *
 * @module
 */

import { latin1, printable, quote } from "../../../lib/bytes/text.ts";
import { dumpImage } from "../../../lib/composefs/dump_image.ts";
import {
  type CheckedImage,
  checkImage,
  hasRootEntry,
  type Visit,
} from "../../../lib/composefs/image_walk.ts";
import { openErofs, type ReadTreeOptions } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { findEntry } from "../../../lib/tree/growing_directory.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import { PathLengths } from "../../../lib/tree/walk.ts";
import type { Context, OptionTable, OptionValues } from "../../args/command.ts";
import { loading, loadTree } from "./load_image.ts";
import { JSON_OPTION } from "../../json.ts";
import { UsageError } from "../../args/usage_error.ts";
import { path } from "../../args/values.ts";

/** One or more images. */
export const IMAGES = {
  images: {
    name: "IMAGE",
    summary: "A composefs image",
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
    "May be given several times. A name that no image has in its root directory is an error; composefs-info passes over it.",
} as const;

/** Where objects are looked for. */
export const BASEDIR_OPTION = {
  kind: "value",
  value: "PATH",
  parse: path,
  summary: "Look for objects in the object store PATH",
  help: "Needed by missing-objects; other commands ignore it.",
} as const;

/** The same where there may be several. */
export const BASEDIRS_OPTION = {
  ...BASEDIR_OPTION,
  kind: "list",
  help: "An object is missing if none of the stores has it.",
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

/** What they come to. */
export type ImageOptions = OptionValues<typeof imageOptions>;

/**
 * Reads the trees of images, one after the other.
 *
 * @throws {UsageError} If a filter is a path and not a name.
 * @throws {Error} At the last one, if a filter has kept nothing of any image.
 */
export function* selectedTrees(
  images: readonly Uint8Array[],
  options: ImageOptions,
  { asC, machine }: Context,
  view: ImageView,
): Generator<Tree<Content>> {
  const read = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for (const image of images) {
    const tree = loadTree(machine, image, read);
    filters.check((name) => findEntry(tree.root.entries, name) !== undefined);
    yield tree;
  }
}

/** Makes what refuses a path that is too long, before anything is printed. */
export function lengthCheck(): Visit {
  const lengths = new PathLengths();
  return (name) => lengths.move(name.depth, name.nameLength, name);
}

/** How images are looked at of which no tree is made. */
export interface LookOptions {
  readonly view: ImageView;
  /** Makes what is told of each name in an image. */
  readonly makeVisit: (() => Visit) | undefined;
}

/** Checks images likewise, of which no tree is made. */
export function* selectedImages(
  images: readonly Uint8Array[],
  options: ImageOptions,
  { asC, machine }: Context,
  { view, makeVisit }: LookOptions,
): Generator<CheckedImage> {
  const { rootEntries } = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for (const path of images) {
    using file = machine.openImage(path);
    const checked = loading(path, () => {
      const { erofs, version } = openErofs(file);
      return checkImage(erofs, { version, view, rootEntries }, makeVisit?.());
    });
    filters.check((name) => hasRootEntry(checked, name));
    yield checked;
  }
}

/** Makes dumps of images likewise. */
export function* selectedDumps(
  images: readonly Uint8Array[],
  options: ImageOptions,
  { asC, machine }: Context,
  { view, makeVisit }: LookOptions,
): Generator<Iterable<Uint8Array<ArrayBuffer>>> {
  const { rootEntries } = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for (const path of images) {
    const { image, reading, dump } = loading(path, () => {
      const { erofs, version } = openErofs(machine.readImage(path).bytes);
      const reading = { version, view, rootEntries };
      return { image: erofs, reading, dump: dumpImage(erofs, reading, makeVisit) };
    });
    filters.check((name) => hasRootEntry({ image, options: reading }, name));
    yield dump;
  }
}

/** Filters of several images, of which each is to keep something of one of them. */
class Filters {
  /** By name, those that have kept nothing yet. */
  readonly #idle: Map<string, Uint8Array>;
  #imagesLeft: number;

  constructor(images: number, names: readonly Uint8Array[]) {
    this.#imagesLeft = images;
    this.#idle = new Map(names.map((name) => [latin1(name), name]));
  }

  /**
   * Looks for the names in the next image.
   *
   * @throws {Error} If it is the last one, and one has never been found.
   */
  check(isThere: (name: Uint8Array) => boolean): void {
    for (const [key, name] of this.#idle) {
      if (isThere(name)) this.#idle.delete(key);
    }
    // The last one is not shown any more: of one image, nothing is.
    if (--this.#imagesLeft > 0) return;
    for (const name of this.#idle.values()) {
      throw new Error(
        `Cannot filter by ${quote(name)}: no such entry in the root directory`,
      );
    }
  }
}

function readOptions({ filter }: ImageOptions, view: ImageView, asC: boolean): ReadTreeOptions {
  for (const name of filter) {
    if (!name.includes(0x2f)) continue;
    const shown = printable(name);
    const message = asC
      ? `Filter must be a single name: ${shown}`
      : `Cannot filter by "${shown}": a path, expected a name in the root directory`;
    throw new UsageError(message, { usage: false });
  }
  return filter.length > 0 ? { view, rootEntries: filter } : { view };
}

/**
 * Reading the images that a command line names, one after the other, as far as its options ask for.
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
import type { Context } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { openAll } from "../../references/open.ts";
import type { ImageOptions } from "./image_options.ts";
import { loading, loadTree } from "./load_image.ts";

/** An operand, as it was given. */
type Word = Uint8Array<ArrayBuffer>;

/**
 * Reads the trees of images, one after the other.
 *
 * @throws {UsageError} If a filter is a path and not a name.
 * @throws {Error} At the last one, if a filter has kept nothing of any image.
 */
export async function* selectedTrees(
  images: readonly Word[],
  options: ImageOptions,
  context: Context,
  view: ImageView,
): AsyncGenerator<Tree<Content>> {
  const { asC } = context;
  const read = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for await (const reference of openAll(images, context)) {
    const tree = loadTree(reference, read);
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
export async function* selectedImages(
  images: readonly Word[],
  options: ImageOptions,
  context: Context,
  { view, makeVisit }: LookOptions,
): AsyncGenerator<CheckedImage> {
  const { asC } = context;
  const { rootEntries } = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for await (const reference of openAll(images, context)) {
    const checked = loading(reference, () => {
      const { erofs, version } = openErofs(reference.image);
      return checkImage(erofs, { version, view, rootEntries }, makeVisit?.());
    });
    filters.check((name) => hasRootEntry(checked, name));
    yield checked;
  }
}

/** Makes dumps of images likewise. */
export async function* selectedDumps(
  images: readonly Word[],
  options: ImageOptions,
  context: Context,
  { view, makeVisit }: LookOptions,
): AsyncGenerator<Iterable<Uint8Array<ArrayBuffer>>> {
  const { asC } = context;
  const { rootEntries } = readOptions(options, view, asC);
  const filters = new Filters(images.length, asC ? [] : options.filter);
  for await (const reference of openAll(images, context)) {
    const { image, reading, dump } = loading(reference, () => {
      const { erofs, version } = openErofs(reference.read().bytes);
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

/**
 * Reading the images that a command line names, one after the other, as far as its options ask for.
 *
 * @module
 */

import { dumpImage } from "../../../lib/composefs/dump_image.ts";
import {
  type CheckedImage,
  checkImage,
  hasPath,
  type Visit,
} from "../../../lib/composefs/image_walk.ts";
import { openErofs } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { findEntry } from "../../../lib/tree/growing_directory.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import type { Content, Directory, Tree } from "../../../lib/tree/tree.ts";
import { PathLengths } from "../../../lib/tree/walk.ts";
import type { Context } from "../../args/command.ts";
import { openAll } from "../../references/open.ts";
import type { ImageOptions } from "./image_options.ts";
import { Filters, readOptions } from "./filters.ts";
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
  const filters = new Filters(images.length, asC ? {} : options);
  for await (const reference of openAll(images, context, options)) {
    const tree = loadTree(reference, read);
    filters.check((path) => treeHas(tree, path));
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
  const filters = new Filters(images.length, asC ? {} : options);
  for await (const reference of openAll(images, context, options)) {
    const checked = loading(reference, () => {
      const { erofs, version } = openErofs(reference.image);
      return checkImage(erofs, { version, view, rootEntries }, makeVisit?.());
    });
    filters.check((path) => hasPath(checked, path));
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
  const filters = new Filters(images.length, asC ? {} : options);
  for await (const reference of openAll(images, context, options)) {
    const { image, reading, dump } = loading(reference, () => {
      const { erofs, version } = openErofs(reference.read().bytes);
      const reading = { version, view, rootEntries };
      return { image: erofs, reading, dump: dumpImage(erofs, reading, makeVisit) };
    });
    filters.check((path) => hasPath({ image, options: reading }, path));
    yield dump;
  }
}

function treeHas({ root }: Tree<Content>, path: Uint8Array): boolean {
  let node: Directory | number | undefined = root;
  for (const name of splitNames(path)) {
    if (node === undefined || typeof node === "number") return false;
    node = findEntry(node.entries, name)?.node;
  }
  return node !== undefined;
}

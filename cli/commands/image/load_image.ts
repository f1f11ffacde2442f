/**
 * Looking at images, with their names in what goes wrong.
 *
 * @module
 */

import {
  type ComposefsImage,
  openImage,
  type ReadTreeOptions,
} from "../../../lib/composefs/open.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import type { OpenedReference } from "../../references/opened.ts";

/** Reads an image and opens it. */
export function loadImage(reference: OpenedReference): ComposefsImage {
  return loading(reference, () => {
    const image = openImage(reference.read().bytes);
    return { ...image, tree: (options) => loading(reference, () => image.tree(options)) };
  });
}

/** Reads an image and the tree in it. */
export function loadTree(
  reference: OpenedReference,
  options: ReadTreeOptions = {},
): Tree<Content> {
  return loadImage(reference).tree(options);
}

/**
 * Looks at an image.
 *
 * @param reference What it is opened by, to be named if it is malformed.
 */
export function loading<T>({ shown }: Pick<OpenedReference, "shown">, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    throw new Error(`Cannot load ${shown}: ${error.message}`, { cause: error });
  }
}

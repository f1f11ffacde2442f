/**
 * Opening the images that an operand names, with the file's name in what goes wrong.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import {
  type ComposefsImage,
  openImage,
  type ReadTreeOptions,
} from "../../../lib/composefs/open.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import type { Machine } from "../../../ffi/machine.ts";

/** Reads an image file and opens it. */
export function loadImage(machine: Machine, path: Uint8Array): ComposefsImage {
  return loading(path, () => {
    const image = openImage(machine.readImage(path).bytes);
    return { ...image, tree: (options) => loading(path, () => image.tree(options)) };
  });
}

/** Reads an image file and the tree in it. */
export function loadTree(
  machine: Machine,
  path: Uint8Array,
  options: ReadTreeOptions = {},
): Tree<Content> {
  return loadImage(machine, path).tree(options);
}

/**
 * Looks at an image.
 *
 * @param path The image file's, to be named if it is malformed.
 */
export function loading<T>(path: Uint8Array, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof ImageFormatError)) throw error;
    throw new Error(`Cannot load ${quote(path)}: ${error.message}`, { cause: error });
  }
}

/**
 * Finding files of an image by the paths that a command line has.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import type { ImageEntry } from "../../../lib/composefs/image_entry.ts";
import type { ComposefsImage } from "../../../lib/composefs/open.ts";
import { isDotOrDotDot } from "../../../lib/tree/name.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { UsageError } from "../../args/usage_error.ts";

const SLASH = 0x2f;

/**
 * Finds a file as lstat(2) does: symbolic links are followed but for the last name, unless a slash is behind it.
 *
 * @throws {TreeError} If the path leads nowhere.
 */
export function findWithoutLast(image: ComposefsImage, path: Uint8Array): ImageEntry {
  const last = splitNames(path).at(-1);
  if (last === undefined || path.at(-1) === SLASH || isDotOrDotDot(last)) return image.lookup(path);
  return tryLookup(image, path.subarray(0, path.length - last.length))?.find(last) ??
    // What is wrong is told of by whoever looks up all of it.
    image.lookup(path);
}

/** Finds a directory; undefined if there is none. */
function tryLookup(image: ComposefsImage, path: Uint8Array): ImageEntry | undefined {
  try {
    const found = image.lookup(path);
    return found.kind === "directory" ? found : undefined;
  } catch (error) {
    if (error instanceof TreeError) return undefined;
    throw error;
  }
}

/**
 * Makes sure that an image has files at paths, symbolic links not followed.
 *
 * @throws {UsageError} If a path goes back up, or stays.
 * @throws {Error} If there is no such file.
 */
export function requirePaths(image: ComposefsImage, paths: readonly Uint8Array[]): void {
  for (const path of paths) {
    refuseDots(path);
    if (!hasPath(image, path)) {
      throw new Error(`Cannot find ${quote(path)}: no such file or directory`);
    }
  }
}

/** Tells whether an image has a file at a path, symbolic links not followed. */
export function hasPath(image: ComposefsImage, path: Uint8Array): boolean {
  let file: ImageEntry | undefined = image.root;
  for (const name of splitNames(path)) {
    file = file?.kind === "directory" ? file.find(name) : undefined;
  }
  return file !== undefined;
}

/**
 * Refuses a path that goes back up, or stays: by its names alone it is not that of a file.
 *
 * @throws {UsageError} If it does.
 */
export function refuseDots(path: Uint8Array): void {
  if (!splitNames(path).some(isDotOrDotDot)) return;
  throw new UsageError(`Cannot look for ${quote(path)}: expected a path without . and ..`, {
    usage: false,
  });
}

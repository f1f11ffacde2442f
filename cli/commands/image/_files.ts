/**
 * The files of an image one by one, each with all that belongs to it.
 *
 * @module
 */

import { type CheckedImage, ImageWalk } from "../../../lib/composefs/image_walk.ts";
import { PathBuffer } from "../../../lib/tree/path_buffer.ts";
import type { Place } from "../../../lib/tree/place.ts";
import type { Content, Leaf } from "../../../lib/tree/tree.ts";
import type { ImageFile } from "./describe.ts";

/** A name in an image. */
export interface FoundFile {
  /** The absolute path: a view, valid until the next. */
  readonly path: Uint8Array;
  readonly file: ImageFile;
  /** Where the file has been met first, if it has been met. */
  readonly first: Place | undefined;
}

/** Looks at all files below the root but the directories that are only on the way to what is selected. */
export function* filesOf(image: CheckedImage): Generator<FoundFile> {
  const linked = readLinked(image);
  /** Where these files have been met first, by nid. */
  const met = new Map<number, Place>();
  /** The directories that the walk is in, the root first. */
  const above: Place[] = [{ name: new Uint8Array() }];
  for (const { walk, path } of steps(image)) {
    const { nid, kind } = walk.inode;
    const place = () => ({ parent: above[walk.depth - 1]!, name: walk.entry.name });
    if (kind === "directory") {
      above[walk.depth] = place();
      if (!walk.isOnWay) yield { path, file: walk.directory(), first: undefined };
      continue;
    }
    const file = linked.get(nid) ?? walk.leaf();
    const first = walk.isAgain ? met.get(nid) : undefined;
    if (!walk.isAgain && image.linked.has(nid)) met.set(nid, place());
    yield { path, file, first };
  }
}

/** Reads the files that have several names, each at its home. */
function readLinked(image: CheckedImage): Map<number, Leaf<Content>> {
  const linked = new Map<number, Leaf<Content>>();
  if (image.linked.size === 0) return linked;
  for (const { walk } of steps(image)) {
    const { nid } = walk.inode;
    if (image.linked.has(nid) && walk.isHome) linked.set(nid, walk.leaf());
  }
  return linked;
}

/** A walk below the root, and the path of each step: a view, valid until the next. */
function* steps(image: CheckedImage): Generator<{ walk: ImageWalk; path: Uint8Array }> {
  const walk = new ImageWalk(image);
  const path = new PathBuffer();
  while (walk.next()) {
    if (walk.depth === 0) continue;
    path.move(walk.depth, walk.entry.name);
    yield { walk, path: path.path };
  }
}

/**
 * What has to be fetched to go from one image to another.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import type { ImageEntry } from "../composefs/image_entry.ts";
import type { ComposefsImage } from "../composefs/open.ts";

/** An object, as an image names it. */
export interface NeededObject {
  /** Its path below the store. */
  readonly path: Uint8Array;
  /** Its length in bytes. */
  readonly size: number;
}

/**
 * Lists the objects that the second image has and the first has not, each once, in the order in which files have
 * them.
 *
 * @throws {ImageFormatError} If an image is malformed.
 */
export function objectsToFetch(before: ComposefsImage, after: ComposefsImage): NeededObject[] {
  const known = new Set<string>();
  for (const { path } of objectsOf(before)) known.add(latin1(path));
  const needed: NeededObject[] = [];
  for (const object of objectsOf(after)) {
    const key = latin1(object.path);
    if (known.has(key)) continue;
    known.add(key);
    needed.push(object);
  }
  return needed;
}

function* objectsOf(image: ComposefsImage): Generator<NeededObject> {
  image.check();
  const pending: Iterator<ImageEntry>[] = [[image.root].values()];
  for (let level = pending.at(-1); level !== undefined; level = pending.at(-1)) {
    const { value, done } = level.next();
    if (done === true) {
      pending.pop();
    } else if (value.kind === "directory") {
      pending.push(value.entries()[Symbol.iterator]());
    } else if (value.kind === "regular") {
      const { node } = value;
      if (node.kind !== "regular" || node.file.kind === "inline") continue;
      const { path, size } = node.file;
      if (path !== undefined) yield { path, size };
    }
  }
}

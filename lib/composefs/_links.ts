/**
 * Under which of its names a file has its inode, the others being links to it.
 *
 * @module
 */

import type { ErofsImage } from "../erofs/image.ts";
import type { ImageInode } from "../erofs/image_inode.ts";
import { DirentCursor } from "../erofs/read_directory.ts";
import { Selection } from "../erofs/selection.ts";
import { type NidSet, rootInode, selectedBelow } from "../erofs/walk.ts";

/** What a walk through an image has met. */
export interface Met {
  /** Nids that can be reached from the root. */
  readonly met: NidSet;
  /** Those that have more than one name. */
  readonly linked: ReadonlySet<number>;
}

/** A directory whose entries are to be looked at. */
interface QueuedDirectory {
  readonly inode: ImageInode;
  readonly parent: number;
  readonly selection: Selection | undefined;
}

/**
 * Finds for each inode with several names the one it lives under: where it stands in the order of the
 * image, which is breadth first.
 *
 * @param paths Names in the root, or paths below it, to which the walk was limited, if it was.
 * @returns Where the dirents are that are links to another name's inode, in bytes from the start of the image;
 * undefined if the image is not in that order, so that no name is more an inode's own than the others.
 */
export function findLinks(
  image: ErofsImage,
  { met, linked }: Met,
  paths?: readonly Uint8Array[],
): Set<number> | undefined {
  const links = new Set<number>();
  if (linked.size === 0) return links;
  const { rootNid } = image.superBlock;
  const inOrder = met[Symbol.iterator]();
  if (inOrder.next().value !== rootNid) return undefined;
  let next = inOrder.next().value;
  const queue: QueuedDirectory[] = [
    { inode: rootInode(image), parent: rootNid, selection: Selection.of(paths) },
  ];
  for (let at = 0; at < queue.length; at++) {
    const { inode, parent, selection } = queue[at]!;
    const dirents = new DirentCursor(image, inode, parent);
    while (dirents.next()) {
      const below = selection === undefined ? undefined : selectedBelow(selection, dirents);
      if (below === "none") continue;
      const { nid, offset } = dirents;
      if (nid === next) {
        next = inOrder.next().value;
        const child = image.inode(nid);
        if (child.kind === "directory") {
          queue.push({ inode: child, parent: inode.nid, selection: below });
        }
      } else if (linked.has(nid)) {
        links.add(offset);
      } else {
        return undefined;
      }
    }
  }
  return next === undefined ? links : undefined;
}

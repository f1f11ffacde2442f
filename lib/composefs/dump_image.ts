/**
 * An image as a dump file, without a tree between the two.
 *
 * @module
 */

import { DumpLines } from "../dumpfile/dump_lines.ts";
import { writeDumpfile } from "../dumpfile/write.ts";
import type { ErofsImage } from "../erofs/image.ts";
import { readTree } from "./_read_tree.ts";
import { checkImage, ImageWalk, surveyImage, type Visit, type WalkOptions } from "./image_walk.ts";

/** As many bytes of a dump are kept until all of the image has been looked at: more than most dumps have. */
const MAX_KEPT = 1 << 26;

/**
 * Looks at everything in an image, and makes a dump file of it.
 *
 * @param makeVisit Makes what is told of each name, before the dump is handed out.
 * @returns The dump's chunks. Each is a view that is valid until the next one is asked for.
 * @throws {ImageFormatError} If the image is not a tree, or anything in it is malformed.
 */
export function dumpImage(
  image: ErofsImage,
  options: WalkOptions,
  makeVisit?: () => Visit,
): Iterable<Uint8Array<ArrayBuffer>> {
  const dump = new Dump(image, options, makeVisit?.());
  const kept: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; dump.walk.linked.size === 0 && size < MAX_KEPT;) {
    const chunk = dump.next();
    if (chunk === undefined) return kept;
    kept.push(chunk.slice());
    size += chunk.length;
  }
  const { linked } = checkImage(image, options, makeVisit?.());
  // Which of a file's names is its home is known when all of them are, and a dump may begin with another one.
  if (linked.size > 0) return writeDumpfile(readTree(surveyImage(image, options)));
  return continued(kept, dump);
}

function* continued(
  kept: readonly Uint8Array<ArrayBuffer>[],
  dump: Dump,
): Generator<Uint8Array<ArrayBuffer>> {
  yield* kept;
  for (let chunk = dump.next(); chunk !== undefined; chunk = dump.next()) yield chunk;
}

const NO_NAME = new Uint8Array();

/** The dump of an image in which each file has one name. */
class Dump {
  readonly walk: ImageWalk;
  readonly #image: ErofsImage;
  readonly #visit: Visit | undefined;
  readonly #lines = new DumpLines();

  constructor(image: ErofsImage, options: WalkOptions, visit: Visit | undefined) {
    this.walk = new ImageWalk({ image, options, links: undefined });
    this.#image = image;
    this.#visit = visit;
  }

  /** The next lines; undefined if there are no more. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    const { walk } = this;
    const lines = this.#lines;
    while (!lines.isFull && walk.next()) {
      this.#visit?.(walk);
      this.#write();
      // The lines are of no use then.
      if (walk.isAgain) break;
    }
    const chunk = lines.take();
    return chunk.length === 0 ? undefined : chunk;
  }

  #write(): void {
    const { walk } = this;
    const lines = this.#lines;
    const { inode, depth } = walk;
    const isDirectory = inode.kind === "directory";
    if (depth === 0) {
      lines.path({ depth, isDirectory }, NO_NAME, 0, 0);
    } else {
      const { nameStart, nameEnd } = walk.entry;
      lines.path({ depth, isDirectory }, this.#image.image, nameStart, nameEnd);
    }
    const object = walk.objectParts();
    if (object !== undefined) lines.object(inode.size, inode, object);
    else if (isDirectory) lines.file({ ...walk.directory(), entries: [] }, false, undefined);
    else lines.file(walk.leaf(), walk.isExtended, undefined);
  }
}

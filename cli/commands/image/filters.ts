/**
 * What options limit images to.
 *
 * @module
 */

import { printable, quote } from "../../../lib/bytes/text.ts";
import type { ReadTreeOptions } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import { UsageError } from "../../args/usage_error.ts";
import { refuseDots } from "./find_file.ts";
import type { ImageOptions } from "./image_options.ts";

/** What several images are limited to, of which each is to be found in one of them. */
export class Filters {
  /** What has not been found yet, and what is wrong if it never is. */
  #idle: { readonly path: Uint8Array; readonly state: string }[];
  #imagesLeft: number;

  /** @param images How many there are. */
  constructor(images: number, { filter = [], path: paths = [] }: Partial<ImageOptions>) {
    this.#imagesLeft = images;
    const names = filter.map((path) => ({
      path,
      state: `Cannot filter by ${quote(path)}: no such entry in the root directory`,
    }));
    const state = images === 1 ? "no such file or directory" : "no image has such a file";
    const others = paths.map((path) => ({ path, state: `Cannot find ${quote(path)}: ${state}` }));
    this.#idle = [...names, ...others];
  }

  /**
   * Looks for them in the next image.
   *
   * @throws {Error} If it is the last one, and one has never been found.
   */
  check(isThere: (path: Uint8Array) => boolean): void {
    this.#idle = this.#idle.filter(({ path }) => !isThere(path));
    // The last one is not shown any more: of one image, nothing is.
    if (--this.#imagesLeft > 0) return;
    for (const { state } of this.#idle) throw new Error(state);
  }
}

/**
 * How images are read that options limit.
 *
 * @throws {UsageError} If a filter is a path and not a name, or a path goes back up.
 */
export function readOptions(
  { filter, path: paths = [] }: ImageOptions,
  view: ImageView,
  asC: boolean,
): ReadTreeOptions {
  for (const name of filter) {
    if (!name.includes(0x2f)) continue;
    const shown = printable(name);
    const message = asC
      ? `Filter must be a single name: ${shown}`
      : `Cannot filter by "${shown}": a path, expected a name in the root directory`;
    throw new UsageError(message, { usage: false });
  }
  const chosen = chosenPaths(paths);
  if (chosen === undefined && (paths.length > 0 || filter.length === 0)) return { view };
  return { view, rootEntries: [...filter, ...chosen ?? []] };
}

/**
 * The paths that images are limited to; undefined if they are not, as the root is all there is.
 *
 * @throws {UsageError} If a path goes back up, or stays.
 */
export function chosenPaths(paths: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
  for (const path of paths) refuseDots(path);
  const isAll = paths.length === 0 || paths.some((path) => splitNames(path).length === 0);
  return isAll ? undefined : paths;
}

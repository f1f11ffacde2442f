/**
 * What has changed in texts: contents of two images, from wherever they can be had.
 *
 * @module
 */

import type { Change } from "../../../lib/compare/changes.ts";
import type { ComparedFile } from "../../../lib/compare/differences.ts";
import { diffLines, type Hunk, isText, MAX_TEXT_SIZE } from "../../../lib/compare/line_diff.ts";
import { readWhole } from "../../../lib/file/file.ts";
import type { DataLayer } from "../../../lib/objects/data_layers.ts";
import type { OpenedReference } from "../../references/opened.ts";
import { sizeOf } from "../image/describe.ts";
import { openFile } from "../objects/content_options.ts";
import { asImageFile } from "./_file_text.ts";

/** The contents of two images. */
export class Texts {
  readonly #layers: readonly [readonly DataLayer[], readonly DataLayer[]];

  /** @param stores Where objects of either are looked for first. */
  constructor(
    [first, second]: readonly [OpenedReference, OpenedReference],
    stores: readonly DataLayer[],
  ) {
    this.#layers = [[...stores, ...first.layers], [...stores, ...second.layers]];
  }

  /**
   * Compares the contents that a file had and has.
   *
   * @returns Undefined if there is nothing to compare; words if it cannot be shown what is different.
   * @throws {Error} If an object is not there, or not what the image says.
   */
  compare(change: Change): Hunk[] | string | undefined {
    if (change.change !== "changed" || !change.attributes.includes("contents")) return undefined;
    const before = this.#read(0, change.before, change.path);
    const after = before && this.#read(1, change.after, change.path);
    if (before === undefined || after === undefined) return undefined;
    return diffLines(before, after) ?? "more lines differ than are shown";
  }

  /** The contents, if they are text. */
  #read(which: 0 | 1, file: ComparedFile, path: Uint8Array): Uint8Array | undefined {
    if (file.kind !== "regular" || sizeOf(asImageFile(file)) > MAX_TEXT_SIZE) return undefined;
    using opened = openFile(file, path, { layers: this.#layers[which] });
    const bytes = readWhole(opened);
    return isText(bytes) ? bytes : undefined;
  }
}

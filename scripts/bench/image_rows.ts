/**
 * Rows about images of very many files, of which little is looked at or little is kept.
 *
 * @module
 */

import { runOurs } from "./dump_rows.ts";
import { makeOnce, type Subject, subjectPath } from "./trees.ts";
import { entryOf, pathOf, type Preparation, type Workshop } from "./workshop.ts";

/** The image of a dump. */
function imageOf(shop: Workshop, dump: Subject): string {
  const path = pathOf(shop, dump);
  return makeOnce(
    subjectPath(shop.directory, `${dump.name}.cfs`),
    (image) => runOurs(shop, "mkcomposefs", ["--from-file", path, "-"], image),
  );
}

/** Prints one file of the image of a dump. C has no command that does. */
export function prepareImageCat(shop: Workshop, dump: Subject, file: string): Preparation {
  const image = imageOf(shop, dump);
  return { entries: shop.ids.map((id) => entryOf(shop, id, "cat", () => [image, file])) };
}

/** Lists the image of a dump. */
export function prepareImageList(shop: Workshop, dump: Subject): Preparation {
  const image = imageOf(shop, dump);
  return {
    entries: shop.ids.map((id) => entryOf(shop, id, "composefs-info", () => ["ls", image])),
  };
}

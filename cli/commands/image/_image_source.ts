/**
 * Images of images: another format version, or another tree.
 *
 * @module
 */

import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import type { Context } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { openImageFile } from "../../references/image_file.ts";
import { loading } from "./load_image.ts";
import type { Input, Source } from "./_source.ts";

/** An image, which says all of its tree but the contents of objects. */
export const imageSource: Source = {
  check({ digestStore, oneFileSystem, cache }) {
    if (digestStore !== undefined) throw refusal("--store", "it has no contents to put there");
    if (oneFileSystem) throw refusal("--one-file-system", "it is on none");
    if (cache !== undefined) throw refusal("--cache", "no files are read");
  },
  read({ as: rules = "container" }, input, changes, context) {
    const tree = changes.applyTo(readTree(input, context), rules);
    return { encode: ({ range }) => encodeImage(tree, range) };
  },
};

function refusal(option: string, reason: string): UsageError {
  return new UsageError(`Cannot use ${option} with an image as SOURCE: ${reason}`, {
    usage: false,
  });
}

function readTree({ source, shown, stream }: Input, context: Context): Tree<Content> {
  using opened = openImageFile({ shown, rest: source, stream, options: {}, context });
  return loading(opened, () => openImage(opened.read().bytes).tree());
}

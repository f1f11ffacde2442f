/**
 * What is mounted: the file that an operand names, or an image made of whatever else it names.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import type { MountSettings } from "../../../lib/mount/options.ts";
import type { Context } from "../../args/command.ts";
import { isImageFile, openReference } from "../../references/open.ts";
import type { OpenedReference } from "../../references/opened.ts";
import type { ReferenceOptions } from "../../references/options.ts";
import { parseReference } from "../../references/reference.ts";
import { Stores } from "../../references/stores.ts";

/** An image to be mounted. */
export interface NamedImage {
  /** Path of the file it is in; or what it is called, if it is in none. */
  readonly name: Uint8Array;
  /** The image, if it is in no file. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/**
 * Finds what an operand names.
 *
 * @throws {Error} If contents of an image that had to be made are in no object store.
 */
export async function namedImage(
  word: Uint8Array<ArrayBuffer>,
  { basedirs = [], ...reading }: MountSettings & ReferenceOptions,
  context: Context,
): Promise<NamedImage> {
  const reference = parseReference(word);
  if (isImageFile(reference, context)) return { name: reference.rest };
  using opened = await openReference(reference, context, reading);
  using stores = new Stores(context.machine, basedirs);
  return { name: word, bytes: readMountable(opened, stores) };
}

/**
 * Reads an image that the stores have all objects of: nobody has put them there on the way.
 *
 * @throws {Error} If the kernel would look for one in vain.
 */
function readMountable(opened: OpenedReference, stores: Stores): Uint8Array<ArrayBuffer> {
  const { bytes } = opened.read();
  const wanted = openImage(bytes).tree().leaves.flatMap((leaf) =>
    leaf.kind === "regular" && leaf.file.kind === "external" && leaf.file.path !== undefined
      ? [leaf.file.path]
      : []
  );
  const missing = wanted.filter((path) => !stores.has(path));
  if (missing.length === 0) return bytes;
  throw new Error(
    `Cannot mount ${opened.shown}: ${missing.length} of ${wanted.length} objects are in no object store, ` +
      `${quote(missing[0]!)} for one; "composefs create" puts them there`,
  );
}

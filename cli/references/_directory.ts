/**
 * Directories as images: `dir:`.
 *
 * @module
 */

import type { DiskLayer } from "../../ffi/disk.ts";
import { concatBytes, latin1, utf8 } from "../../lib/bytes/text.ts";
import { encodeSource, type ReadSource } from "../../lib/composefs/image.ts";
import { INLINE_THRESHOLD } from "../../lib/composefs/contents.ts";
import type { File } from "../../lib/file/file.ts";
import type { DataLayer } from "../../lib/objects/data_layers.ts";
import { pathOf, type Place } from "../../lib/tree/place.ts";
import { walk } from "../../lib/tree/walk.ts";
import { type Named, openedImage, type OpenedReference } from "./opened.ts";
import { directoryRules } from "./rules.ts";

/** What is digested by, as by default in images. */
const ALGORITHM = "sha256";

/** Reads a directory, hard links kept as such, and opens the image of it. */
export async function openDirectory(named: Named): Promise<OpenedReference> {
  const { machine, terminal } = named.context;
  // A link to a directory is as good as the directory.
  const path = concatBytes(named.rest, utf8("/"));
  const scanning = terminal.progress("Scanning", "files");
  const reading = terminal.progress("Digesting", "bytes");
  const { as: rules = "container", threads } = named.options;
  let source: ReadSource;
  try {
    using tree = machine.openTree(path);
    source = await machine.readTree(tree, {
      algorithms: [ALGORITHM],
      hardLinks: true,
      threads,
      transform: directoryRules(rules, tree),
      onScan: scanning.update,
      onRead: reading.update,
    });
  } finally {
    reading.finish();
  }
  const directory = machine.openLayer(path);
  try {
    return openedImage(encodeSource(source), named, {
      layers: [new DirectoryObjects(directory, objectPlaces(source))],
      close: () => directory[Symbol.dispose](),
    });
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
}

/** Where in a directory each object is that an image of it has, by the object's path. */
function objectPlaces({ tree, contents }: ReadSource): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const { node, place } of walk(tree)) {
    if (node.kind !== "regular" || contents.size(node.file) <= INLINE_THRESHOLD) continue;
    const content = contents.content(node.file, ALGORITHM);
    if (content.kind === "external") places.set(latin1(content.path!), place);
  }
  return places;
}

/** The files of a directory as objects. What they hold may have changed, and is verified as in any store. */
class DirectoryObjects implements DataLayer {
  readonly #directory: DiskLayer;
  readonly #places: ReadonlyMap<string, Place>;

  constructor(directory: DiskLayer, places: ReadonlyMap<string, Place>) {
    this.#directory = directory;
    this.#places = places;
  }

  open(path: Uint8Array): File | undefined {
    const place = this.#places.get(latin1(path));
    return place === undefined ? undefined : this.#directory.open(pathOf(place).subarray(1));
  }
}

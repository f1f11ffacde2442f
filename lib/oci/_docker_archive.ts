/**
 * Archives of `docker save`: a list of images, each with a config and layers as files.
 *
 * Newer ones are OCI layouts as well, which this does not look at.
 *
 * @see https://github.com/moby/moby/blob/v28.0.0/image/tarexport/load.go
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { readFile } from "./_blobs.ts";
import { checkLayerCount, MAX_CONFIG_SIZE, readConfig } from "./_config.ts";
import { JsonValue, quoteText } from "./_json.ts";
import { MAX_MANIFEST_SIZE } from "./_manifest.ts";
import { DOCKER_LAYER_TYPE } from "./_media_types.ts";
import { normalizeReference } from "./docker_reference.ts";
import { checkPlatform } from "./_platform_choice.ts";
import type { LayerBlob, OciImage, OpenImageOptions } from "./image.ts";
import type { NamedFiles } from "./named_files.ts";
import { OciError } from "./oci_error.ts";

/** Most names that a message lists. */
const MAX_LISTED = 20;

/** Opens an image of a docker-archive, see `openImage`. */
export function openDockerArchive(files: NamedFiles, options: OpenImageOptions): OciImage {
  if (options.digest !== undefined) {
    throw new OciError(
      "reference",
      "Cannot find an image by its digest: a docker-archive has none",
    );
  }
  const document = "docker-archive (manifest.json)";
  const bytes = readFile(files, "manifest.json", { document, limit: MAX_MANIFEST_SIZE });
  const image = chooseImage(JsonValue.parse(bytes, document).items(), options);
  const configPath = readPath(image.get("Config"));
  const configDocument = `config ${quoteText(configPath)}`;
  const config = readConfig(
    readFile(files, configPath, { document: configDocument, limit: MAX_CONFIG_SIZE }),
    configDocument,
  );
  checkPlatform(config, options, document);
  const paths = image.list("Layers").map(readPath);
  checkLayerCount(paths.length, config, document);
  const annotations: Readonly<Record<string, string>> = Object.create(null);
  const layers = paths.map((path, index): LayerBlob => {
    const open = () => files.open(utf8(path));
    return {
      size: sizeOf(open()),
      mediaType: DOCKER_LAYER_TYPE,
      diffId: config.diffIds[index]!,
      annotations,
      open,
    };
  });
  return { config, layers };
}

function sizeOf(file: Disposable & { readonly size: number }): number {
  file[Symbol.dispose]();
  return file.size;
}

/** Reads the path of a file of the archive, which leads nowhere else. */
function readPath(value: JsonValue): string {
  const path = value.text();
  const isInside = path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
  if (!isInside || path.includes("\0")) throw value.refuse("the path of a file in the archive");
  return path;
}

function chooseImage(
  images: readonly JsonValue[],
  { tag, position }: OpenImageOptions,
): JsonValue {
  if (images.length === 0) throw noImage("there are none");
  if (position !== undefined) {
    const found = images[position];
    if (found === undefined) throw noImage(`there are ${images.length}, counted from 0`);
    return found;
  }
  if (tag === undefined && images.length === 1) return images[0]!;
  const names = images.map((image) => image.list("RepoTags").map((name) => name.text()));
  const list = listNames(names.flat());
  if (tag === undefined) {
    const state = `there are ${images.length} images, and no name says which${list}`;
    throw new OciError("ambiguous", `Cannot choose an image of the docker-archive: ${state}`);
  }
  const wanted = normalizeReference(tag) ?? tag;
  const found = names.findIndex((own) =>
    own.some((name) => name === tag || normalizeReference(name) === wanted)
  );
  if (found < 0) throw noImage(`none is named ${quoteText(tag)}${list}`);
  return images[found]!;
}

function noImage(state: string): OciError {
  return new OciError("not-found", `Cannot find the image in the docker-archive: ${state}`);
}

/** What names there are, to go on after a message. */
function listNames(names: readonly string[]): string {
  if (names.length === 0) return "; none has a name";
  const shown = names.slice(0, MAX_LISTED).map(quoteText);
  return `; names are ${shown.join(", ")}${names.length > MAX_LISTED ? " and more" : ""}`;
}

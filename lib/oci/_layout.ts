/**
 * OCI image layouts: blobs by their digests, and an index that names images.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { IntegrityError } from "../digest/integrity_error.ts";
import type { File } from "../file/file.ts";
import { blobPath, readBlob, readFile } from "./_blobs.ts";
import { checkLayerCount, MAX_CONFIG_SIZE, readConfig } from "./_config.ts";
import type { Descriptor } from "./_descriptor.ts";
import { isDigest, JsonValue, quoteText } from "./_json.ts";
import { MAX_MANIFEST_SIZE, parseDocument, readIndex, readManifest } from "./_manifest.ts";
import { checkPlatform, choosePlatform } from "./_platform_choice.ts";
import type { LayerBlob, OciImage, OpenImageOptions } from "./image.ts";
import type { NamedFiles } from "./named_files.ts";
import { OciError } from "./oci_error.ts";
import type { Platform } from "./platform.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
/** Most bytes of the file that says which version a layout is of. */
const MAX_VERSION_FILE_SIZE = 4096;
/** Most names that a message lists. */
const MAX_LISTED = 20;

/** A manifest that was found, read and checked. */
interface FoundManifest {
  readonly digest: string;
  readonly value: JsonValue;
  /** What it is for, if it has been chosen by that. */
  readonly platform?: Platform | undefined;
}

/** Opens an image of a layout, see `openImage`. */
export function openLayout(files: NamedFiles, options: OpenImageOptions): OciImage {
  checkVersion(files);
  const { digest, value, platform } = findManifest(files, options);
  const manifest = readManifest(value);
  const document = `config ${manifest.config.digest}`;
  const bytes = readBlob(files, manifest.config.digest, manifest.config.size, {
    document,
    limit: MAX_CONFIG_SIZE,
  });
  const config = readConfig(bytes, document, manifest.config.digest);
  checkPlatform(platform ?? config, options, value.document);
  checkLayerCount(manifest.layers.length, config, value.document);
  const layers = manifest.layers.map((layer, index): LayerBlob => ({
    digest: layer.digest,
    size: layer.size,
    mediaType: layer.mediaType,
    compression: layer.compression,
    diffId: config.diffIds[index]!,
    annotations: layer.annotations,
    open: () => openBlob(files, layer),
  }));
  return { manifestDigest: digest, config, layers };
}

function checkVersion(files: NamedFiles): void {
  const document = "image layout (oci-layout)";
  const bytes = readFile(files, "oci-layout", { document, limit: MAX_VERSION_FILE_SIZE });
  const version = JsonValue.parse(bytes, document).get("imageLayoutVersion");
  if (!/^1\.\d+\.\d+$/.test(version.text())) throw version.refuse("a version 1.x");
}

/** Finds the manifest that is meant, through indexes. */
function findManifest(files: NamedFiles, options: OpenImageOptions): FoundManifest {
  const { digest, platform } = options;
  if (digest !== undefined) {
    if (!isDigest(digest)) {
      throw new OciError("reference", `Cannot use ${quoteText(digest)}: not a digest`);
    }
    const found = readDocument(files, { digest });
    if (found.kind === "manifest") return { digest, value: found.value };
    return chooseFrom(files, readIndex(found.value), options, `index ${digest}`);
  }
  const document = "image index (index.json)";
  const bytes = readFile(files, "index.json", { document, limit: MAX_MANIFEST_SIZE });
  const { kind, value } = parseDocument(bytes, document, undefined);
  if (kind !== "index") throw value.refuse("an index");
  const named = nameImage(readIndex(value), options);
  const [only] = named;
  if (named.length > 1) return chooseFrom(files, named, { platform }, document);
  const found = readDocument(files, only!);
  if (found.kind === "manifest") return { digest: only!.digest, value: found.value };
  return chooseFrom(files, readIndex(found.value), { platform }, `index ${only!.digest}`);
}

/** Reads a manifest or an index by its digest. */
function readDocument(
  files: NamedFiles,
  { digest, size, mediaType }: Partial<Descriptor> & Pick<Descriptor, "digest">,
) {
  const document = `manifest ${digest}`;
  const bytes = readBlob(files, digest, size, { document, limit: MAX_MANIFEST_SIZE });
  return parseDocument(bytes, document, mediaType);
}

function chooseFrom(
  files: NamedFiles,
  descriptors: readonly Descriptor[],
  { platform }: Pick<OpenImageOptions, "platform">,
  document: string,
): FoundManifest {
  const read = (descriptor: Descriptor) => {
    const { kind, value } = readDocument(files, descriptor);
    if (kind !== "index") throw value.refuse("an index");
    return readIndex(value);
  };
  const chosen = choosePlatform(descriptors, { platform, document, read });
  const { kind, value } = readDocument(files, chosen);
  if (kind !== "manifest") throw value.refuse("a manifest");
  return { digest: chosen.digest, value, platform: chosen.platform };
}

/**
 * The descriptors of the image that is meant: several if they are one image for several platforms.
 *
 * @returns One or more.
 */
function nameImage(
  descriptors: readonly Descriptor[],
  { tag, position }: OpenImageOptions,
): readonly Descriptor[] {
  if (descriptors.length === 0) throw noImage("there are none");
  if (position !== undefined) {
    const found = descriptors[position];
    if (found === undefined) throw noImage(`there are ${descriptors.length}, counted from 0`);
    return [found];
  }
  const tags = new Set(descriptors.map(({ annotations }) => annotations[REF_NAME]));
  if (tag !== undefined) {
    const found = descriptors.filter(({ annotations }) => annotations[REF_NAME] === tag);
    if (found.length === 0) throw noImage(`there is no tag ${quoteText(tag)}${listTags(tags)}`);
    return found;
  }
  const isOne = tags.size === 1 && descriptors.every(({ platform }) => platform !== undefined);
  if (descriptors.length === 1 || isOne) return descriptors;
  const state = `there are ${descriptors.length} images, and no tag says which${listTags(tags)}`;
  throw new OciError("ambiguous", `Cannot choose an image of the layout: ${state}`);
}

function noImage(state: string): OciError {
  return new OciError("not-found", `Cannot find the image in the layout: ${state}`);
}

/** What tags there are, to go on after a message. */
function listTags(tags: ReadonlySet<string | undefined>): string {
  const names = [...tags].filter((tag) => tag !== undefined);
  if (names.length === 0) return "; none has a tag";
  const shown = names.slice(0, MAX_LISTED).map(quoteText);
  return `; tags are ${shown.join(", ")}${names.length > MAX_LISTED ? " and more" : ""}`;
}

/** Opens a blob, of which only the size is checked. */
function openBlob(files: NamedFiles, { digest, size }: Descriptor): File {
  const file = files.open(utf8(blobPath(digest)));
  if (file.size === size) return file;
  file[Symbol.dispose]();
  throw new IntegrityError("size", `layer ${digest}`, `${file.size} bytes, expected ${size}`);
}

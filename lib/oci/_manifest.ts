/**
 * Manifests and indexes: documents that refer to blobs of an image, or to images.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 *
 * @module
 */

import type { Compression } from "../compression/detect.ts";
import { type Descriptor, readDescriptor } from "./_descriptor.ts";
import { JsonValue, quoteText } from "./_json.ts";
import { CONFIG_TYPES, INDEX_TYPES, LAYER_COMPRESSIONS, MANIFEST_TYPES } from "./_media_types.ts";
import { OciError } from "./oci_error.ts";

/** Most bytes of a manifest or an index that are read. */
export const MAX_MANIFEST_SIZE = 4 * 2 ** 20;

/** A layer as its manifest has it. */
export interface LayerDescriptor extends Descriptor {
  /** How its media type says it is compressed. */
  readonly compression: Compression;
}

/** The manifest of an image. */
export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly LayerDescriptor[];
}

/** Which kind of document it is. */
export type DocumentKind = "index" | "manifest";

/** Tells the kind of document that a media type stands for, undefined if it is no image. */
export function kindOf(mediaType: string): DocumentKind | undefined {
  if (INDEX_TYPES.has(mediaType)) return "index";
  return MANIFEST_TYPES.has(mediaType) ? "manifest" : undefined;
}

/**
 * Parses a manifest or an index.
 *
 * @param mediaType What refers to it says that it is; undefined if nothing does.
 * @throws {OciError} If it is neither, or could be taken for either.
 */
export function parseDocument(
  bytes: Uint8Array,
  document: string,
  mediaType: string | undefined,
): { readonly kind: DocumentKind; readonly value: JsonValue } {
  const value = JsonValue.parse(bytes, document);
  const version = value.get("schemaVersion");
  if (version.count() !== 2) throw version.refuse("2");
  const own = value.find("mediaType");
  if (own !== undefined && mediaType !== undefined && own.text() !== mediaType) {
    throw own.refuse(`${quoteText(mediaType)}, as what refers to it says`);
  }
  const isIndex = value.find("manifests") !== undefined;
  const isManifest = value.find("layers") !== undefined || value.find("config") !== undefined;
  // Programs that believe different members would see different images under one digest.
  if (isIndex && isManifest) {
    throw value.refuse("an index or a manifest, not both in one");
  }
  const type = own?.text() ?? mediaType;
  const kind = type === undefined ? (isManifest ? "manifest" : "index") : kindOf(type);
  if (kind === undefined) throw unsupported(document, `its media type is ${quoteText(type!)}`);
  if (kind === "index" ? isManifest : isIndex) {
    throw value.refuse(kind === "index" ? "an index" : "a manifest");
  }
  return { kind, value };
}

/** Reads the descriptors of an index. */
export function readIndex(value: JsonValue): Descriptor[] {
  return value.list("manifests").map(readDescriptor);
}

/**
 * Reads a manifest.
 *
 * @throws {OciError} If it is not that of an image, or has layers that are no tar archives.
 */
export function readManifest(value: JsonValue): Manifest {
  const config = readDescriptor(value.get("config"));
  if (!CONFIG_TYPES.has(config.mediaType)) {
    const artifact = value.find("artifactType")?.text() || config.mediaType;
    throw unsupported(value.document, `an artifact of type ${quoteText(artifact)}, no image`);
  }
  return {
    config,
    layers: value.list("layers").map((layer) => readLayer(layer, value.document)),
  };
}

function readLayer(value: JsonValue, document: string): LayerDescriptor {
  const descriptor = readDescriptor(value);
  const compression = LAYER_COMPRESSIONS.get(descriptor.mediaType);
  if (compression !== undefined) return { ...descriptor, compression };
  const state = descriptor.mediaType.endsWith("+encrypted")
    ? "is encrypted"
    : "is no layer of a file system";
  const layer = `layer ${descriptor.digest} ${state}`;
  throw unsupported(document, `${layer}, its media type is ${quoteText(descriptor.mediaType)}`);
}

function unsupported(document: string, state: string): OciError {
  return new OciError("unsupported", `Cannot use ${document}: ${state}`);
}

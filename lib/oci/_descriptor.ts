/**
 * Descriptors: what documents of an image say of the blobs that they refer to.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 *
 * @module
 */

import type { JsonValue } from "./_json.ts";
import type { Platform } from "./platform.ts";

/** A blob as it is referred to. */
export interface Descriptor {
  readonly mediaType: string;
  /** As `sha256:HEX`. */
  readonly digest: string;
  /** Bytes of the blob. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** In an index: what the manifest is for. */
  readonly platform?: Platform | undefined;
}

/** Reads a descriptor. */
export function readDescriptor(value: JsonValue): Descriptor {
  return {
    mediaType: value.get("mediaType").text(),
    digest: value.get("digest").digest(),
    size: value.get("size").count(),
    annotations: readAnnotations(value),
    platform: readPlatform(value.find("platform")),
  };
}

/** Annotations have no prototype: a name such as `constructor` is there only if the image has it. */
function readAnnotations(value: JsonValue): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = Object.create(null);
  for (const [name, text] of value.find("annotations")?.members() ?? []) {
    annotations[name] = text.text();
  }
  return annotations;
}

/** Reads what a manifest or config says it is for. */
export function readPlatform(value: JsonValue): Platform;
export function readPlatform(value: JsonValue | undefined): Platform | undefined;
export function readPlatform(value: JsonValue | undefined): Platform | undefined {
  return value === undefined ? undefined : {
    os: value.get("os").text(),
    architecture: value.get("architecture").text(),
    variant: value.find("variant")?.text() || undefined,
  };
}

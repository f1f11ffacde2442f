/**
 * Configs: what an image runs on, and which layers it is made of once they are decompressed.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 *
 * @module
 */

import { digestOf } from "./_blobs.ts";
import { readPlatform } from "./_descriptor.ts";
import { JsonValue } from "./_json.ts";
import { OciError } from "./oci_error.ts";
import type { Platform } from "./platform.ts";

/** Most bytes of a config that are read. */
export const MAX_CONFIG_SIZE = 16 * 2 ** 20;

/** The config of an image: {@linkcode Platform} says what it is for. */
export interface ImageConfig extends Platform {
  /** Its digest, as `sha256:HEX`. */
  readonly digest: string;
  /** Digests of the layers as tar archives, not compressed, the lowest first. */
  readonly diffIds: readonly string[];
  /** The document. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a config.
 *
 * @param digest By its own SHA-256 if nothing refers to it by another.
 * @throws {OciError} If it is none of an image.
 */
export function readConfig(bytes: Uint8Array, document: string, digest?: string): ImageConfig {
  const config = JsonValue.parse(bytes, document);
  const rootfs = config.get("rootfs");
  const type = rootfs.get("type");
  if (type.text() !== "layers") throw type.refuse('"layers"');
  return {
    ...readPlatform(config),
    digest: digest ?? digestOf(bytes),
    diffIds: rootfs.list("diff_ids").map((diffId) => diffId.digest()),
    bytes,
  };
}

/**
 * Makes sure that an image has one layer for each of its config's.
 *
 * @param document What lists the layers, for messages.
 * @throws {OciError} If it has not.
 */
export function checkLayerCount(count: number, { diffIds }: ImageConfig, document: string): void {
  if (count === diffIds.length) return;
  const state = `${count} layers, expected ${diffIds.length}, as many as the config has diff_ids`;
  throw new OciError("invalid", `Cannot use ${document}: ${state}`);
}

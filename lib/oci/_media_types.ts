/**
 * Media types of images, OCI's and Docker's.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
 *
 * @module
 */

import type { Compression } from "../compression/detect.ts";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";

/** Lists of manifests for several platforms. */
export const INDEX_TYPES: ReadonlySet<string> = new Set([
  `${OCI}.index.v1+json`,
  `${DOCKER}.distribution.manifest.list.v2+json`,
]);

/** Manifests: a config and layers. */
export const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  `${OCI}.manifest.v1+json`,
  `${DOCKER}.distribution.manifest.v2+json`,
]);

/** Configs of images. */
export const CONFIG_TYPES: ReadonlySet<string> = new Set([
  `${OCI}.config.v1+json`,
  `${DOCKER}.container.image.v1+json`,
]);

/** What Docker says of layers that are not compressed; those in its archives carry no type. */
export const DOCKER_LAYER_TYPE = `${DOCKER}.image.rootfs.diff.tar`;

/** Layers by their media types. */
export const LAYER_COMPRESSIONS: ReadonlyMap<string, Compression> = new Map(
  [
    [`${OCI}.layer.v1.tar`, "+"],
    [`${OCI}.layer.nondistributable.v1.tar`, "+"],
    [DOCKER_LAYER_TYPE, "."],
    [`${DOCKER}.image.rootfs.foreign.diff.tar`, "."],
  ].flatMap(([tar, separator]): [string, Compression][] => [
    [tar!, "none"],
    [`${tar}${separator}gzip`, "gzip"],
    [`${tar}${separator}zstd`, "zstd"],
  ]),
);

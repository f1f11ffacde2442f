/**
 * Container images as layouts and archives have them: from their files to a config and a list of layers.
 *
 * Documents are read whole and checked; the layers are opened by whoever takes them in, who checks their digests
 * as they stream by.
 *
 * @module
 */

import { openDockerArchive } from "./_docker_archive.ts";
import { openLayout } from "./_layout.ts";
import type { OciImage, OpenImageOptions } from "./image.ts";
import type { NamedFiles } from "./named_files.ts";

/**
 * Finds an image, reads its manifest and config, and lists its layers.
 *
 * Without a tag, a digest or a position there must be one image only, perhaps for several platforms.
 *
 * @throws {OciError} If there is no such image, or it breaks the format.
 * @throws {IntegrityError} If a document is not the one that its digest and size say.
 * @throws What `files` throws for a file that is not there.
 *
 * @example The layers of an image in memory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createHash } from "node:crypto";
 * import { memoryTree, openContainerImage, parsePlatform } from "composefs-ts";
 *
 * const blobs: Record<string, string> = {};
 * function blob(mediaType: string, value: unknown) {
 *   const text = JSON.stringify(value);
 *   const hex = createHash("sha256").update(text).digest("hex");
 *   blobs[hex] = text;
 *   return { mediaType, digest: `sha256:${hex}`, size: text.length };
 * }
 * const type = "application/vnd.oci.image";
 * const config = blob(`${type}.config.v1+json`, {
 *   os: "linux",
 *   architecture: "amd64",
 *   rootfs: { type: "layers", diff_ids: [] },
 * });
 * const manifest = blob(`${type}.manifest.v1+json`, { schemaVersion: 2, config, layers: [] });
 * const layout = memoryTree({
 *   "oci-layout": JSON.stringify({ imageLayoutVersion: "1.0.0" }),
 *   "index.json": JSON.stringify({ schemaVersion: 2, manifests: [manifest] }),
 *   blobs: { sha256: blobs },
 * });
 *
 * const platform = parsePlatform("linux/amd64");
 * const image = openContainerImage(layout, { kind: "layout", platform });
 * assertEquals(image.manifestDigest, manifest.digest);
 * assertEquals(image.config.architecture, "amd64");
 * assertEquals(image.layers.length, 0);
 * ```
 */
export function openImage(files: NamedFiles, options: OpenImageOptions): OciImage {
  return options.kind === "layout" ? openLayout(files, options) : openDockerArchive(files, options);
}

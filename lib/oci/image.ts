/**
 * What a container image is here: a config and a list of layers.
 *
 * @module
 */

import type { Compression } from "../compression/detect.ts";
import type { File } from "../file/file.ts";
import type { ImageConfig } from "./_config.ts";
import type { Platform } from "./platform.ts";

export type { ImageConfig };

/** One layer of an image. */
export interface LayerBlob {
  /** Digest of the blob as it is stored, `sha256:HEX`; absent where only the diff_id is told, in docker-archives. */
  readonly digest?: string | undefined;
  /** Bytes of the blob. */
  readonly size: number;
  /** Media type that the image gives it. */
  readonly mediaType: string;
  /** How it is said to be compressed, undefined where nothing is said. Its first bytes say how it is. */
  readonly compression?: Compression | undefined;
  /** Digest of the layer as a tar archive, not compressed: `sha256:HEX`. */
  readonly diffId: string;
  /** What the image adds about it. The object has no prototype. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * Opens the blob. Of its contents nothing has been checked.
   *
   * @throws {IntegrityError} If it is of another size.
   */
  open(): File;
}

/** An image: a config and its layers. */
export interface OciImage {
  /** Digest of its manifest, `sha256:HEX`; absent for docker-archives, which have none. */
  readonly manifestDigest?: string | undefined;
  /** What it is for, and what its layers are. */
  readonly config: ImageConfig;
  /** Its layers, the lowest first. */
  readonly layers: readonly LayerBlob[];
}

/** Which image is meant. */
export interface OpenImageOptions {
  /** How the files are laid out: as an OCI image layout, or as `docker save` writes them. */
  readonly kind: "layout" | "docker-archive";
  /**
   * In a layout, the image that its annotation `org.opencontainers.image.ref.name` names so; in a docker-archive,
   * one of the RepoTags, such as `example.com/app:1.0`.
   */
  readonly tag?: string | undefined;
  /** In a layout, the digest of a manifest or an index. */
  readonly digest?: string | undefined;
  /** Which image, counted from 0, for those without a name. */
  readonly position?: number | undefined;
  /** What it is to run on, where there are images for several platforms. */
  readonly platform: Platform;
  /** Whether an image that stands alone has to be for that platform, too. Default false: it is taken anyway. */
  readonly needsPlatform?: boolean | undefined;
}

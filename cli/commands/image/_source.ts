/**
 * What `create` asks of a source, and may tell it.
 *
 * @module
 */

import type { TreeRules } from "../../../lib/layers/rules.ts";
import type { Platform } from "../../../lib/oci/platform.ts";
import type { Context } from "../../args/command.ts";
import type { Stream } from "../../references/stream.ts";
import type { Counts, Lacks } from "./_summary.ts";
import type { TreeChanges } from "./_tree_changes.ts";
import type { WantedImage, WantedOptions } from "./_wanted_images.ts";

/** A kind of SOURCE. */
export interface Source<Options extends SourceOptions = SourceOptions> {
  /** @throws {UsageError} If options were given that mean nothing for it. */
  check?(options: Options): void;
  /**
   * Reads it, once for all images that are wanted.
   *
   * @param changes To be made in the tree before it is encoded, by `scan` and `afterScan`, by `after` or by `applyTo`.
   * @throws {Error} If it is none, or cannot be read.
   */
  read(
    options: Options,
    input: Input,
    changes: TreeChanges,
    context: Context,
  ): Reading | Promise<Reading>;
}

/** What has been read. */
export interface Reading {
  readonly encode: EncodeImage;
  /** Counts it, if contents were read; with what tells what a store lacks if they were not put there. */
  readonly count?: (lacks?: Lacks) => Counts;
}

/** Makes an image of what has been read. */
type EncodeImage = (wanted: WantedImage) => Uint8Array<ArrayBuffer>;

/** The options of `create` that say how something is read, as its table describes them. */
export interface SourceOptions extends WantedOptions {
  readonly digestStore: Uint8Array | undefined;
  /** Leaves everything as it is, the store and the cache too. */
  readonly dryRun?: boolean;
  readonly verifyObjects: boolean;
  readonly enableVerity: "try" | "require" | undefined;
  readonly oneFileSystem?: boolean;
  readonly hardlinks: boolean;
  readonly threads: number | undefined;
  readonly cache: Uint8Array | undefined;
  readonly as?: TreeRules | undefined;
  readonly platform?: Platform | undefined;
  readonly maxSize?: number | undefined;
  readonly trustToc?: boolean | undefined;
}

/** What SOURCE names, and IMAGE if it is given. */
export interface Input {
  /** Path of what is read, or `-`. */
  readonly source: Uint8Array<ArrayBuffer>;
  /** As messages name it. */
  readonly shown: string;
  /** What comes in, where that can be read only once and has been looked at. */
  readonly stream?: Stream | undefined;
  readonly image?: Uint8Array | undefined;
}

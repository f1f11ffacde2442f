/**
 * What is measured, a row of the table each, and how long it may take us.
 *
 * @module
 */

import { BIG, DUMPS, OBJECT, R, SMALL, type Subject, T } from "./trees.ts";
import { prepareDiff, prepareExplain } from "./compare_rows.ts";
import { prepareDump, prepareGrowth, prepareInfo } from "./dump_rows.ts";
import { prepareImageCat, prepareImageList } from "./image_rows.ts";
import { prepareLayers } from "./layer_rows.ts";
import { FOUR_LAYERS, GZIP, PLAIN, ZSTD } from "./layouts.ts";
import { prepareReading } from "./read_rows.ts";
import {
  prepareCache,
  prepareDigest,
  prepareFresh,
  prepareFsverity,
  preparePresent,
} from "./tree_rows.ts";
import type { Preparation, Workshop } from "./workshop.ts";

/** A row. */
export interface Row {
  /** How a command line names it. */
  readonly name: string;
  readonly title: string;
  /** What is measured; for dumps and images, what they are made of. */
  readonly subjects: readonly Subject[];
  /** How often the peer's time Bun's executable may take: C's, or that of composefs-rs for layers. */
  readonly limit?: number;
  /** What memory Bun's executable may take, in MiB. */
  readonly memoryLimit?: number;
  /** Stores that are on the disk at a time: one, or all that the row has made. */
  readonly stores?: "one" | "all";
  /** What a reader has to know. */
  readonly note?: string;
  prepare(shop: Workshop): Preparation;
}

/** How much longer Deno may take than Bun's executable may. */
export const DENO_ALLOWANCE = 2;

/** How much longer an entry of the larger of two dumps may take than one of the smaller. */
export const GROWTH_LIMIT = 1.3;

/** All rows, those that leave the trees as they are first. */
export const ROWS: readonly Row[] = [
  {
    name: "R-digest",
    title: "R, digest only",
    subjects: [R],
    limit: 0.8,
    memoryLimit: 200,
    prepare: (shop) => prepareDigest(shop, R),
  },
  {
    name: "R-present",
    title: "R, store present",
    subjects: [R],
    limit: 0.8,
    memoryLimit: 200,
    stores: "one",
    prepare: (shop) => preparePresent(shop, R),
  },
  {
    name: "R-fresh",
    title: "R, fresh store",
    subjects: [R],
    limit: 0.4,
    memoryLimit: 200,
    stores: "all",
    prepare: (shop) => prepareFresh(shop, R, "kept"),
  },
  {
    name: "T-digest",
    title: "T, digest only",
    subjects: [T],
    limit: 1,
    memoryLimit: 350,
    prepare: (shop) => prepareDigest(shop, T),
  },
  {
    name: "T-fresh",
    title: "T, fresh store",
    subjects: [T],
    limit: 0.5,
    memoryLimit: 350,
    stores: "all",
    prepare: (shop) => prepareFresh(shop, T, "kept"),
  },
  {
    name: "big-digest",
    title: "1 GiB file, digest only",
    subjects: [BIG],
    limit: 0.6,
    memoryLimit: 120,
    prepare: (shop) => prepareDigest(shop, BIG),
  },
  {
    name: "big-fresh",
    title: "1 GiB file, fresh store",
    subjects: [BIG],
    limit: 0.5,
    memoryLimit: 120,
    stores: "one",
    prepare: (shop) => prepareFresh(shop, BIG, "removed"),
  },
  {
    name: "R-dump",
    title: "R from its dump",
    subjects: [R],
    limit: 1.5,
    prepare: (shop) => prepareDump(shop, R),
  },
  {
    name: "T-dump",
    title: "T from its dump",
    subjects: [T],
    limit: 1.5,
    prepare: (shop) => prepareDump(shop, T),
  },
  {
    name: "R-info",
    title: "`composefs-info dump` of R",
    subjects: [R],
    limit: 1.5,
    prepare: (shop) => prepareInfo(shop, R),
  },
  {
    name: "R-fsverity",
    title: "`fsverity digest` of R's files",
    subjects: [R],
    limit: 0.7,
    prepare: (shop) => prepareFsverity(shop, R),
  },
  {
    name: "first-tree",
    title: "First byte of a 400 MB object, its tree at hand",
    subjects: [OBJECT],
    memoryLimit: 120,
    prepare: (shop) => prepareReading(shop, OBJECT, { part: "first byte", keepsTree: true }),
  },
  {
    name: "first",
    title: "First byte of a 400 MB object",
    subjects: [OBJECT],
    memoryLimit: 120,
    prepare: (shop) => prepareReading(shop, OBJECT, { part: "first byte", keepsTree: false }),
  },
  {
    name: "cat-tree",
    title: "400 MB object into a pipe, its tree at hand",
    subjects: [OBJECT],
    memoryLimit: 120,
    prepare: (shop) => prepareReading(shop, OBJECT, { part: "whole", keepsTree: true }),
  },
  {
    name: "cat",
    title: "400 MB object into a pipe",
    subjects: [OBJECT],
    memoryLimit: 120,
    prepare: (shop) => prepareReading(shop, OBJECT, { part: "whole", keepsTree: false }),
  },
  {
    name: "image-cat",
    title: "`cat` of one file of an image of 200,001 entries",
    subjects: [SMALL],
    memoryLimit: 60,
    prepare: (shop) => prepareImageCat(shop, SMALL, "/d100/f0500"),
  },
  {
    name: "image-ls",
    title: "`composefs-info ls` of an image of 200,001 entries",
    subjects: [SMALL],
    limit: 2,
    memoryLimit: 90,
    prepare: (shop) => prepareImageList(shop, SMALL),
  },
  {
    name: "R-diff",
    title: "`composefs diff` of R and R with 1 % changed",
    subjects: [R],
    limit: 1.5,
    note: "in place of C our executable prints one of the two as a dump",
    prepare: (shop) => prepareDiff(shop, R),
  },
  {
    name: "small-diff",
    title: "`composefs diff` of two images of 200,001 entries",
    subjects: [SMALL],
    note: "in place of C our executable prints one of them as a dump",
    prepare: (shop) => prepareDiff(shop, SMALL),
  },
  {
    name: "R-explain",
    title: "`composefs explain` of R and R with other owners",
    subjects: [R],
    limit: 3,
    note: "in place of C our executable makes the image of one of the two dumps",
    prepare: (shop) => prepareExplain(shop, R),
  },
  {
    name: "million",
    title: "Dump of 1,000,000 entries",
    subjects: DUMPS,
    memoryLimit: 2560,
    prepare: (shop) => prepareGrowth(shop, DUMPS),
  },
  {
    name: "layer-plain",
    title: "Layer of 300 MB, not compressed",
    subjects: [PLAIN],
    limit: 0.75,
    memoryLimit: 150,
    stores: "all",
    prepare: (shop) => prepareLayers(shop, PLAIN, "fresh"),
  },
  {
    name: "layer-zstd",
    title: "Layer of 300 MB, zstd",
    subjects: [ZSTD],
    limit: 0.75,
    memoryLimit: 150,
    stores: "all",
    prepare: (shop) => prepareLayers(shop, ZSTD, "fresh"),
  },
  {
    name: "layer-gzip",
    title: "Layer of 300 MB, gzip",
    subjects: [GZIP],
    limit: 0.7,
    memoryLimit: 150,
    stores: "all",
    prepare: (shop) => prepareLayers(shop, GZIP, "fresh"),
  },
  {
    name: "layers-gzip",
    title: "Four layers of 75 MB, gzip",
    subjects: [FOUR_LAYERS],
    limit: 0.6,
    memoryLimit: 150,
    stores: "all",
    prepare: (shop) => prepareLayers(shop, FOUR_LAYERS, "fresh"),
  },
  {
    name: "layer-again",
    title: "Layer of 300 MB, not compressed, store present",
    subjects: [PLAIN],
    memoryLimit: 150,
    stores: "one",
    prepare: (shop) => prepareLayers(shop, PLAIN, "present"),
  },
  {
    name: "R-cache",
    title: "R again with `--cache`",
    subjects: [R],
    limit: 0.35,
    memoryLimit: 200,
    note: "1 % of the files have changed; C makes digests of all",
    prepare: (shop) => prepareCache(shop, R),
  },
];

/**
 * Images of dump files for tests that read images: vectors, goldens and random dumps.
 *
 * The library makes them; that they are mkcomposefs's is what the tests of the dump format show.
 *
 * @module
 */

import { versionProblem } from "../../lib/composefs/version.ts";
import { DumpfileSyntaxError } from "../../lib/dumpfile/syntax_error.ts";
import { TreeError } from "../../lib/tree/tree_error.ts";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createImageFromDump } from "../../mod.ts";
import { seeds } from "../../scripts/test/effort.ts";
import type { VersionRange } from "../../scripts/oracle.ts";
import { randomDump } from "../kit/random_dump.ts";
import { VECTORS } from "../kit/vectors.ts";

/** An image on disk. */
export interface DumpImage {
  readonly path: string;
  /** Options that give the versions it was made with. */
  readonly versions: readonly string[];
}

const GOLDEN = new URL("../golden/", import.meta.url);

function write(
  path: string,
  dump: Uint8Array<ArrayBuffer>,
  { minVersion, maxVersion }: VersionRange,
): DumpImage {
  const range = {
    ...(minVersion !== undefined ? { minVersion } : {}),
    ...(maxVersion !== undefined ? { maxVersion } : {}),
  };
  writeFileSync(path, createImageFromDump([dump], range));
  const versions = [];
  if (minVersion !== undefined) versions.push(`--min-version=${minVersion}`);
  if (maxVersion !== undefined) versions.push(`--max-version=${maxVersion}`);
  return { path, versions };
}

/** Writes the images of all vectors and goldens into a directory. */
export function writeFixedImages(directory: string): DumpImage[] {
  const images = VECTORS.map(({ name, dump, versions }) =>
    write(`${directory}/vector-${name}`, dump(), versions)
  );
  for (const name of readdirSync(GOLDEN).sort()) {
    if (!name.endsWith(".dump") || name.startsWith("should-fail-")) continue;
    const versionFile = new URL(`${name}.version`, GOLDEN);
    const version = existsSync(versionFile) ? Number(readFileSync(versionFile, "utf8")) : undefined;
    const dump = new Uint8Array(readFileSync(new URL(name, GOLDEN)));
    const path = `${directory}/golden-${name}`;
    images.push(write(path, dump, { minVersion: version, maxVersion: version }));
  }
  return images;
}

/** Writes the images of random dumps into a directory, those that are accepted of usually `count` seeds. */
export function writeRandomImages(directory: string, count: number): DumpImage[] {
  const images: DumpImage[] = [];
  for (const seed of seeds(0, count)) {
    const { dump, ...versions } = randomDump(seed);
    if (versionProblem(versions) !== undefined) continue;
    try {
      images.push(write(`${directory}/random-${seed}`, dump, versions));
    } catch (error) {
      if (!(error instanceof DumpfileSyntaxError || error instanceof TreeError)) throw error;
    }
  }
  return images;
}

/** Cuts what `dump` prints for several images into the dumps: each begins with the line of its root. */
export function splitDumps(text: string): string[] {
  return text.split(/^(?=\/ )/m);
}

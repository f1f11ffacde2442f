/**
 * The dumps whose images are put before the kernel: vectors, golden files, random ones.
 *
 * @module
 */

import { versionProblem } from "../../../lib/composefs/version.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { readdirSync, readFileSync } from "node:fs";
import { createImageFromDump } from "../../../mod.ts";
import type { VersionRange } from "../../../scripts/oracle.ts";
import { randomDump } from "../random_dump.ts";
import { VECTORS } from "../vectors.ts";

/** A dump and the image that we make of it. */
export interface DumpCase {
  readonly name: string;
  readonly dump: Uint8Array<ArrayBuffer>;
  readonly versions: VersionRange;
  readonly image: Uint8Array<ArrayBuffer>;
}

/** Where the dumps come from. */
export const DUMP_GROUPS = ["vectors", "golden", "random"] as const;

/** One of the sources. */
export type DumpGroup = typeof DUMP_GROUPS[number];

const GOLDEN = new URL("../../golden/", import.meta.url);
const RANDOM_COUNT = 50;

/** Makes all images of a group. */
export function* dumpCases(group: DumpGroup): Generator<DumpCase> {
  switch (group) {
    case "vectors":
      for (const { name, dump, versions } of VECTORS) yield makeCase(name, dump(), versions);
      return;
    case "golden":
      yield* goldenCases();
      return;
    case "random":
      yield* randomCases(0, RANDOM_COUNT);
  }
}

function makeCase(
  name: string,
  dump: Uint8Array<ArrayBuffer>,
  versions: VersionRange,
): DumpCase {
  const { minVersion, maxVersion } = versions;
  const image = createImageFromDump([dump], {
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
  return { name, dump, versions, image };
}

function* goldenCases(): Generator<DumpCase> {
  const names = readdirSync(GOLDEN);
  for (const name of names.sort()) {
    if (!name.endsWith(".dump") || name.startsWith("should-fail-")) continue;
    const read = (file: string) => new Uint8Array(readFileSync(new URL(file, GOLDEN)));
    const version = names.includes(`${name}.version`)
      ? Number(new TextDecoder().decode(read(`${name}.version`)))
      : undefined;
    yield makeCase(name, read(name), { minVersion: version, maxVersion: version });
  }
}

/** The first `count` random dumps from a seed on that are accepted; the others are to be refused. */
function* randomCases(seed: number, count: number): Generator<DumpCase> {
  for (let made = 0; made < count; seed++) {
    const { dump, ...versions } = randomDump(seed);
    if (versionProblem(versions) !== undefined) continue;
    let accepted: DumpCase;
    try {
      accepted = makeCase(`random ${seed}`, dump, versions);
    } catch (error) {
      if (error instanceof DumpfileSyntaxError || error instanceof TreeError) continue;
      throw error;
    }
    made++;
    yield accepted;
  }
}

/**
 * Rows about dumps and images, which start with the tree in one file.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ProgramName } from "./contestants.ts";
import { makeOnce, type Subject, subjectPath } from "./trees.ts";
import { entryOf, imageEntry, pathOf, type Preparation, type Workshop } from "./workshop.ts";

/** Runs the program from source, for what rows are given that is neither a tree nor a dump of its own. */
export function runOurs(
  shop: Workshop,
  program: ProgramName,
  args: readonly string[],
  output: string,
): void {
  const [runtime, ...start] = shop.contestants.command("deno", program)!;
  const stdout = openSync(output, "w");
  try {
    const done = spawnSync(runtime!, [...start, ...args], { stdio: ["ignore", stdout, "inherit"] });
    if (done.status !== 0) throw new Error(`Cannot make "${output}": status ${done.status}`);
  } finally {
    closeSync(stdout);
  }
}

function imageOf(shop: Workshop, subject: Subject): string {
  const path = pathOf(shop, subject);
  return makeOnce(
    subjectPath(shop.directory, `${subject.name}.cfs`),
    (image) => runOurs(shop, "mkcomposefs", [path, "-"], image),
  );
}

/** Makes an image of the dump of a tree. */
export function prepareDump(shop: Workshop, subject: Subject): Preparation {
  const image = imageOf(shop, subject);
  const dump = makeOnce(
    subjectPath(shop.directory, `${subject.name}.dump`),
    (path) => runOurs(shop, "composefs-info", ["dump", image], path),
  );
  return { entries: shop.ids.map((id) => imageEntry(shop, id, () => ["--from-file", dump])) };
}

/** Prints the image of a tree as a dump. */
export function prepareInfo(shop: Workshop, subject: Subject): Preparation {
  const image = imageOf(shop, subject);
  return {
    entries: shop.ids.map((id) => entryOf(shop, id, "composefs-info", () => ["dump", image])),
  };
}

/** Makes images of dumps of several sizes, each contestant of one after the other. */
export function prepareGrowth(shop: Workshop, subjects: readonly Subject[]): Preparation {
  const entries = shop.ids.flatMap((id) =>
    subjects.map((subject) => {
      const path = pathOf(shop, subject);
      const entry = imageEntry(shop, id, () => ["--from-file", path]);
      return { ...entry, entries: Number.parseInt(subject.name) };
    })
  );
  return { entries };
}

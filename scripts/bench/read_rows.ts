/**
 * Rows about contents of an object that are read through an image, each block verified. C has no such command.
 *
 * @module
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runOurs } from "./dump_rows.ts";
import type { Entry } from "./measure.ts";
import { makeOnce, type Subject, subjectPath } from "./trees.ts";
import { helpOf, type Id, pathOf, type Preparation, type Workshop } from "./workshop.ts";

/** What is read, and with what at hand. */
export interface ReadingOptions {
  /** How much of the object the reader of the pipe takes. */
  readonly part: "first byte" | "whole";
  /** Whether the object's Merkle tree is kept from the turn that does not count. */
  readonly keepsTree: boolean;
}

const READERS = { "first byte": `"$@" | head -c 1`, whole: `"$@" | wc -c` } as const;

/** Prints the only file of a tree into a pipe. */
export function prepareReading(
  shop: Workshop,
  subject: Subject,
  { part, keepsTree }: ReadingOptions,
): Preparation {
  const path = pathOf(shop, subject);
  const made = makeOnce(subjectPath(shop.directory, `${subject.name}-made`), (directory) => {
    mkdirSync(directory);
    const args = [`--digest-store=${directory}/objects`, path, `${directory}/image`];
    runOurs(shop, "mkcomposefs", args, `${directory}/output`);
  });
  const entryOf = (id: Id): Entry => {
    const start = id === "c" ? undefined : shop.contestants.command(id, "cat");
    if (start === undefined) return { contestant: id, command: { missing: "no such command" } };
    const cache = keepsTree && helpOf(start).includes("--tree-cache")
      ? [`--tree-cache=${join(shop.scratch, `trees-${id}`)}`]
      : [];
    const args = [...cache, `--basedir=${made}/objects`, `${made}/image`, "/file"];
    return {
      contestant: id,
      command: () => ["sh", "-c", READERS[part], "sh", ...start, ...args],
    };
  };
  return { entries: shop.ids.map(entryOf) };
}

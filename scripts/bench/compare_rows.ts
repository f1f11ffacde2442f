/**
 * Rows about two images of nearly the same tree.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import type { ProgramName } from "./contestants.ts";
import { runOurs } from "./dump_rows.ts";
import type { Entry } from "./measure.ts";
import { makeOnce, type Subject, subjectPath } from "./trees.ts";
import { entryOf, pathOf, type Preparation, type Workshop } from "./workshop.ts";

/** A dump of a tree, an image of it, and the same where one file in so many belongs to another user. */
interface Pair {
  readonly dump: string;
  readonly image: string;
  readonly changedDump: string;
  readonly changedImage: string;
}

/** @param every Of how many files one is changed. */
function pairOf(shop: Workshop, subject: Subject, every: number): Pair {
  const { directory } = shop;
  const name = (suffix: string) => subjectPath(directory, `${subject.name}${suffix}`);
  const image = makeOnce(name(".cfs"), (path) => {
    const source = pathOf(shop, subject);
    const args = subject.name.endsWith(".dump") ? ["--from-file", source] : [source];
    runOurs(shop, "mkcomposefs", [...args, "-"], path);
  });
  const dump = makeOnce(
    name(".dump"),
    (path) => runOurs(shop, "composefs-info", ["dump", image], path),
  );
  const changedDump = makeOnce(name(`-${every}.dump`), (path) => {
    const lines = readFileSync(dump, "latin1").split("\n").map((line, number) =>
      number % every === 0 ? line.replace(/^(\S+ \S+ \S+ \S+ )\d+/, "$14711") : line
    );
    writeFileSync(path, lines.join("\n"), "latin1");
  });
  const changedImage = makeOnce(
    name(`-${every}.cfs`),
    (path) => runOurs(shop, "mkcomposefs", ["--from-file", changedDump, "-"], path),
  );
  return { dump, image, changedDump, changedImage };
}

/** Compares two images, one file in a hundred of which differs; held against printing one of them. */
export function prepareDiff(shop: Workshop, subject: Subject): Preparation {
  const { image, changedImage } = pairOf(shop, subject, 100);
  return againstOwn(shop, ["composefs-info", "dump", image], ["diff", image, changedImage]);
}

/** Explains two dumps, all files of which have another owner; held against making the image of one of them. */
export function prepareExplain(shop: Workshop, subject: Subject): Preparation {
  const { dump, changedDump } = pairOf(shop, subject, 1);
  return againstOwn(
    shop,
    ["create", "--print-digest-only", `dump:${dump}`],
    ["explain", `dump:${dump}`, `dump:${changedDump}`],
  );
}

type Command = readonly [program: ProgramName, ...args: string[]];

/** Nobody else has the command, so our executable takes the place of C with another one of its own. */
function againstOwn(shop: Workshop, base: Command, measured: Command): Preparation {
  const entries = shop.ids.map((id): Entry => {
    const [program, ...args] = id === "c" ? base : measured;
    const entry = entryOf(shop, id === "c" ? "bun" : id, program, () => args);
    // They do not print the same.
    return { ...entry, contestant: id, product: () => "" };
  });
  return { entries };
}

/**
 * How contestants come to their commands in a row: what they are given, where they put it, and what has
 * to be the same.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ContestantId, Contestants, ProgramName } from "./contestants.ts";
import { digestOf, type Entry, type MeasureOptions } from "./measure.ts";
import { pickHundredth, planRootfs } from "./rootfs.ts";
import { makeOnce, rewriteFiles, type Subject, subjectPath } from "./trees.ts";

/** Where the work is done. */
export interface Workshop {
  /** What subjects are kept below. */
  readonly directory: string;
  /** For everything that is gone after the last row. */
  readonly scratch: string;
  readonly contestants: Contestants;
}

/** A row that is ready to be measured. */
export interface Preparation extends Pick<MeasureOptions, "entries" | "beforeTurn"> {
  /** Leaves the subjects as they were. */
  finish?(): void;
}

const IDS = ["c", "bun", "deno"] as const;
type Id = typeof IDS[number];

/**
 * Between a change of files and the run that has to find it. Times of files come from a clock that
 * ticks every 10 ms at most; whoever does not trust files that have only just changed may be more
 * careful than that.
 */
const SETTLE_MILLISECONDS = 2_000;

function pathOf({ directory }: Workshop, subject: Subject): string {
  return makeOnce(subjectPath(directory, subject.name), subject.make);
}

/** An entry of the program's own arguments. */
function entryOf(
  shop: Workshop,
  id: Id,
  program: ProgramName,
  args: (turn: number) => readonly string[],
): Entry {
  const start = shop.contestants.command(id, program);
  const command = start === undefined
    ? { missing: "not installed" }
    : (turn: number) => [...start, ...args(turn)];
  return { contestant: id, command };
}

function imagePath({ scratch }: Workshop, id: ContestantId): string {
  return join(scratch, `${id}.cfs`);
}

/** An entry that makes an image, which is its product. */
function imageEntry(
  shop: Workshop,
  id: Id,
  args: (turn: number) => readonly string[],
): Entry {
  const image = imagePath(shop, id);
  const entry = entryOf(shop, id, "mkcomposefs", (turn) => [...args(turn), image]);
  return { ...entry, product: () => digestOf(image) };
}

/** Digests a tree, and lets tar read it. */
export function prepareDigest(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const tar = shop.contestants.tar(path);
  return {
    entries: [
      ...IDS.map((id) => entryOf(shop, id, "mkcomposefs", () => ["--print-digest-only", path])),
      {
        contestant: "tar",
        command: tar === undefined ? { missing: "not installed" } : () => tar,
      },
    ],
  };
}

function countObjects(store: string): number {
  return readdirSync(store)
    .reduce((count, directory) => count + readdirSync(join(store, directory)).length, 0);
}

/** An entry that makes an image and fills a store. */
function storeEntry(
  shop: Workshop,
  id: Id,
  path: string,
  store: (turn: number) => string,
): Entry {
  const entry = imageEntry(shop, id, (turn) => [`--digest-store=${store(turn)}`, path]);
  return {
    ...entry,
    product: (turn) => `${entry.product!(turn)} and ${countObjects(store(turn))} objects`,
  };
}

/** Makes an image of a tree whose objects are there: the first run, which does not count, fills the store. */
export function preparePresent(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const store = join(shop.scratch, `${subject.name}-present`);
  mkdirSync(store);
  return { entries: IDS.map((id) => storeEntry(shop, id, path, () => store)) };
}

/**
 * Makes an image of a tree and a new store in every run.
 *
 * @param fate Of the store: a large one is kept, because ext4 is slow to create files for minutes after
 * many were deleted.
 */
export function prepareFresh(
  shop: Workshop,
  subject: Subject,
  fate: "kept" | "removed",
): Preparation {
  const path = pathOf(shop, subject);
  function storePath(id: ContestantId, turn: number): string {
    return join(shop.scratch, `${subject.name}-${id}-${turn}`);
  }
  return {
    entries: IDS.map((id) => ({
      ...storeEntry(shop, id, path, (turn) => storePath(id, turn)),
      after(turn) {
        if (fate === "removed") rmSync(storePath(id, turn), { recursive: true });
      },
    })),
    beforeTurn(turn) {
      for (const id of IDS) mkdirSync(storePath(id, turn));
    },
  };
}

/** Digests a tree after a hundredth of its files have changed, with a cache of digests or, in C, without. */
export function prepareCache(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const { files } = planRootfs();
  const changed: Set<typeof files[number]> = new Set();
  const entries = IDS.map((id): Entry => {
    const start = shop.contestants.command(id, "mkcomposefs");
    if (id !== "c" && start !== undefined && !helpOf(start).includes("--cache")) {
      return { contestant: id, command: { missing: "not supported" } };
    }
    const cache = id === "c" ? [] : [`--cache=${join(shop.scratch, `${id}.cache`)}`];
    return entryOf(shop, id, "mkcomposefs", () => [...cache, "--print-digest-only", path]);
  });
  return {
    entries,
    async beforeTurn(turn) {
      // The turn that does not count fills the caches.
      if (turn === 0) return;
      const sample = pickHundredth(files, turn);
      rewriteFiles(path, sample, turn);
      for (const file of sample) changed.add(file);
      await setTimeout(SETTLE_MILLISECONDS);
    },
    finish: () => rewriteFiles(path, [...changed], 0),
  };
}

function helpOf([program, ...args]: readonly string[]): string {
  return spawnSync(program!, [...args, "--help"], { encoding: "utf8" }).stdout;
}

/** Runs the program from source, for what rows are given that is neither a tree nor a dump of its own. */
function runOurs(
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
  return { entries: IDS.map((id) => imageEntry(shop, id, () => ["--from-file", dump])) };
}

/** Prints the image of a tree as a dump. */
export function prepareInfo(shop: Workshop, subject: Subject): Preparation {
  const image = imageOf(shop, subject);
  return { entries: IDS.map((id) => entryOf(shop, id, "composefs-info", () => ["dump", image])) };
}

/** Digests the files of a tree as they come from a shell, as many at a time as a command line takes. */
export function prepareFsverity(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const list = join(shop.scratch, "files");
  writeFileSync(list, planRootfs().files.map((file) => `${join(path, file.path)}\0`).join(""));
  const entries = IDS.map((id): Entry => {
    const { command, ...entry } = entryOf(shop, id, "fsverity", () => ["digest"]);
    if (typeof command !== "function") return { ...entry, command };
    return { ...entry, command: (turn) => ["xargs", "-0", ...command(turn)], stdin: list };
  });
  return { entries };
}

/** Makes images of dumps of several sizes, each contestant of one after the other. */
export function prepareGrowth(shop: Workshop, subjects: readonly Subject[]): Preparation {
  const entries = IDS.flatMap((id) =>
    subjects.map((subject) => {
      const path = pathOf(shop, subject);
      const entry = imageEntry(shop, id, () => ["--from-file", path]);
      return { ...entry, entries: Number.parseInt(subject.name) };
    })
  );
  return { entries };
}

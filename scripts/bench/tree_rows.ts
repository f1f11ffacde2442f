/**
 * Rows about directory trees: their digests, their stores, their files.
 *
 * @module
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Entry } from "./measure.ts";
import { pickHundredth, type PlannedFile, planRootfs } from "./rootfs.ts";
import { rewriteFiles, type Subject } from "./trees.ts";
import {
  entryOf,
  helpOf,
  type Id,
  imageEntry,
  pathOf,
  type Preparation,
  type Workshop,
} from "./workshop.ts";

/**
 * Between a change of files and the run that has to find it. Times of files come from a clock that
 * ticks every 10 ms at most; whoever does not trust files that have only just changed may be more
 * careful than that.
 */
const SETTLE_MILLISECONDS = 2_000;

/** Digests a tree, and lets tar read it. */
export function prepareDigest(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const entries = shop.ids.map((id) =>
    entryOf(shop, id, "mkcomposefs", () => ["--print-digest-only", path])
  );
  if (!shop.ids.includes("c")) return { entries };
  const tar = shop.contestants.tar(path);
  const command = tar === undefined ? { missing: "not installed" } : () => tar;
  return { entries: [...entries, { contestant: "tar", command }] };
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
  return { entries: shop.ids.map((id) => storeEntry(shop, id, path, () => store)) };
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
  function storePath(id: Id, turn: number): string {
    return join(shop.scratch, `${subject.name}-${id}-${turn}`);
  }
  return {
    entries: shop.ids.map((id) => ({
      ...storeEntry(shop, id, path, (turn) => storePath(id, turn)),
      after(turn) {
        if (fate === "removed") rmSync(storePath(id, turn), { recursive: true });
      },
    })),
    beforeTurn(turn) {
      for (const id of shop.ids) mkdirSync(storePath(id, turn));
    },
  };
}

/** Digests a tree after a hundredth of its files have changed, with a cache of digests or, in C, without. */
export function prepareCache(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const { files } = planRootfs();
  const changed: Set<PlannedFile> = new Set();
  const entries = shop.ids.map((id): Entry => {
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

/** Bytes of a command line: room for all files. Linux takes a quarter of a stack's size, 6 MiB at most. */
const COMMAND_LINE = 4_000_000;
const STACK_KIBIBYTES = 32_768;

/** Runs a command in a directory, with names from standard input, a NUL behind each, as further arguments. */
const WITH_ARGUMENTS =
  `ulimit -s ${STACK_KIBIBYTES}; cd "$0"; exec xargs -0 -s ${COMMAND_LINE} "$@"`;

/** Digests the files of a tree by their names, in one process. */
export function prepareFsverity(shop: Workshop, subject: Subject): Preparation {
  const path = pathOf(shop, subject);
  const list = join(shop.scratch, "files");
  writeFileSync(list, planRootfs().files.map((file) => `${file.path}\0`).join(""));
  const entries = shop.ids.map((id): Entry => {
    const { command, ...entry } = entryOf(shop, id, "fsverity", () => ["digest"]);
    if (typeof command !== "function") return { ...entry, command };
    return {
      ...entry,
      command: (turn) => ["sh", "-c", WITH_ARGUMENTS, path, ...command(turn)],
      stdin: list,
    };
  });
  return { entries };
}

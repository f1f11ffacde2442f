/**
 * Images of directories; and what to say where SOURCE is something else that people give.
 *
 * @module
 */

import type { DiskTree } from "../../../ffi/disk.ts";
import type { Machine } from "../../../ffi/machine.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { encodeSource } from "../../../lib/composefs/image.ts";
import type { Tree } from "../../../lib/tree/tree.ts";
import { walk } from "../../../lib/tree/walk.ts";
import type { Context } from "../../args/command.ts";
import { makeHeapRoom } from "../../engine.ts";
import { directoryRules } from "../../references/rules.ts";
import { note } from "../../note.ts";
import { isStdin } from "../../stdin.ts";
import { loadCache, saveCache } from "./_cache_file.ts";
import { openedStore } from "./_opened_store.ts";
import type { Input, Reading, Source, SourceOptions } from "./_source.ts";
import { countRead } from "./_summary.ts";
import { inTurn, type TreeChanges } from "./_tree_changes.ts";
import { wantedAlgorithms } from "./_wanted_images.ts";

/** A directory, whose files are read and may be put into a store. */
export const directorySource: Source = {
  read: readDirectory,
};

async function readDirectory(
  options: SourceOptions,
  input: Input,
  changes: TreeChanges,
  context: Context,
): Promise<Reading> {
  const { terminal, machine } = context;
  using tree = openDirectory(input, machine);
  // The C program reads what it writes, or not, as it happens.
  if (!context.asC) checkOutputs(input, options.digestStore, machine);
  const algorithms = wantedAlgorithms(options);
  const rules = directoryRules(options.as ?? "container", tree, changes.keptXattrs);
  const scanning = terminal.progress("Scanning", "files");
  const reading = terminal.progress("Reading file contents", "bytes");
  // One of them is enough to see that something is going on.
  let isReading = false;
  const cache = options.cache === undefined
    ? undefined
    : loadCache(options.cache, algorithms, context);
  makeHeapRoom(cache?.size ?? 0);
  try {
    using opened = openedStore(options, context);
    const read = await machine.readTree(tree, {
      algorithms,
      ...changes.scan,
      // Rules that drop xattrs look at them first, and images of layers have hard links.
      ...(rules === undefined ? {} : { xattrs: "all" as const }),
      transform: inTurn(rules, changes.afterScan),
      hardLinks: options.hardlinks || rules !== undefined,
      threads: options.threads,
      store: opened.store,
      cache,
      believeCache: !options.verifyObjects,
      onScan: (found) => {
        if (!isReading) scanning.update(found);
      },
      onRead: (done, total) => {
        isReading = true;
        reading.update(done, total);
      },
    });
    opened.tell();
    if (!changes.setsOwners) noteOwners(tree, input.source, context);
    if (rules !== undefined && !changes.setsOwners) noteLostOwners(read.tree, context);
    if (cache !== undefined && options.dryRun !== true) saveCache(options.cache!, cache, context);
    const added = opened.store?.added;
    return {
      encode: ({ algorithm, range }) => encodeSource(read, { ...range, algorithm }),
      count: (lacks) => countRead(read, algorithms[0]!, lacks ?? added),
    };
  } finally {
    scanning.finish();
    reading.finish();
  }
}

/**
 * Opens a directory to make an image of.
 *
 * @throws {Error} If it is none; the message says what was probably meant.
 */
function openDirectory({ source }: Input, machine: Machine): DiskTree {
  const tree = machine.openTree(source);
  const { kind } = tree.root("none");
  if (kind === "directory") return tree;
  tree[Symbol.dispose]();
  const meant = kind === "regular" ? "; --from-file takes a dump" : "";
  throw new Error(
    `Cannot make an image of ${quote(source)}: a ${kind} file, expected a directory${meant}`,
  );
}

/**
 * Makes sure that nothing is made in the tree that is being read: it would be a part of the image, or not,
 * by chance, and make each image another one.
 *
 * @throws {Error} If something would be.
 */
function checkOutputs(
  { source, image }: Input,
  store: Uint8Array | undefined,
  machine: Machine,
): void {
  const check = (path: Uint8Array, what: string) => {
    if (!machine.isWithin(path, source)) return;
    throw new Error(
      `Cannot make an image of ${quote(source)}: the ${what} ${quote(path)} lies in it`,
    );
  };
  if (store !== undefined) check(store, "object store");
  if (image !== undefined && !isStdin(image)) check(image, "image");
}

/** Tells of owners that could not be told. */
function noteOwners(tree: DiskTree, source: Uint8Array, context: Context): void {
  const { hiddenOwners } = tree;
  if (hiddenOwners === 0) return;
  note(
    context,
    `${hiddenOwners} files in ${quote(source)} have owners that this user namespace does not ` +
      "know: in the image they belong to 65534",
  );
}

/**
 * Tells of owners that got lost when an image was unpacked, whose digest is to come out again: who is not root
 * unpacks all files as their own.
 */
function noteLostOwners(tree: Tree<number>, context: Context): void {
  const user = context.machine.userId();
  if (user === 0) return;
  for (const { node } of walk(tree)) {
    if (node.stat.uid !== user) return;
  }
  note(
    context,
    `all files belong to user ${user}: if they were unpacked without root's rights, owners and ` +
      "capabilities of the image are lost, and its digest is another one",
  );
}

/**
 * Images of directories; and what to say where SOURCE is something else that people give.
 *
 * @module
 */

import { SyscallError } from "../../../ffi/sys/errno.ts";
import type { DiskStore, DiskTree } from "../../../ffi/disk.ts";
import type { Machine } from "../../../ffi/machine.ts";
import { quote } from "../../../lib/bytes/text.ts";
import { encodeSource } from "../../../lib/composefs/image.ts";
import type { Context } from "../../args/command.ts";
import { makeHeapRoom } from "../../engine.ts";
import { note } from "../../note.ts";
import { isStdin } from "../../stdin.ts";
import { loadCache, saveCache } from "./_cache_file.ts";
import type { Operands, Reading, Source, SourceOptions } from "./_source.ts";
import { countRead } from "./_summary.ts";
import type { TreeChanges } from "./_tree_changes.ts";
import { wantedAlgorithms } from "./_wanted_images.ts";

/** A directory, whose files are read and may be put into a store. */
export const directorySource: Source = {
  isMeant: () => true,
  read: readDirectory,
};

async function readDirectory(
  options: SourceOptions,
  operands: Operands,
  changes: TreeChanges,
  context: Context,
): Promise<Reading> {
  const { terminal, machine } = context;
  using tree = openDirectory(operands, machine);
  // The C program reads what it writes, or not, as it happens.
  if (!context.asC) checkOutputs(operands, options.digestStore, machine);
  const algorithms = wantedAlgorithms(options);
  const scanning = terminal.progress("Scanning", "files");
  const reading = terminal.progress("Reading file contents", "bytes");
  // One of them is enough to see that something is going on.
  let isReading = false;
  const cache = options.cache === undefined
    ? undefined
    : loadCache(options.cache, algorithms, context);
  makeHeapRoom(cache?.size ?? 0);
  try {
    using store = options.digestStore === undefined || options.dryRun === true
      ? undefined
      : machine.openStore(options.digestStore, {
        verifyObjects: options.verifyObjects,
        seal: options.enableVerity,
      });
    const read = await machine.readTree(tree, {
      algorithms,
      ...changes.scan,
      transform: changes.afterScan,
      hardLinks: options.hardlinks,
      threads: options.threads,
      store,
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
    if (store !== undefined) noteStore(store, options.digestStore!, context);
    if (!changes.setsOwners) noteOwners(tree, operands.source, context);
    if (cache !== undefined && options.dryRun !== true) saveCache(options.cache!, cache, context);
    const added = store?.added;
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
function openDirectory(operands: Operands, machine: Machine): DiskTree {
  const { source } = operands;
  try {
    const tree = machine.openTree(source);
    const { kind } = tree.root("none");
    if (kind === "directory") return tree;
    const meant = hint(operands, machine) ??
      (kind === "regular" ? "; --from-file takes a dump" : "");
    throw new Error(
      `Cannot make an image of ${quote(source)}: a ${kind} file, expected a directory${meant}`,
    );
  } catch (error) {
    if (!(error instanceof SyscallError) || error.code !== "ENOENT") throw error;
    throw new Error(`${error.message}${hint(operands, machine) ?? ""}`, { cause: error });
  }
}

function hint({ source, image }: Operands, machine: Machine): string | undefined {
  if (isStdin(source)) return "; - is standard input with --from-file only";
  if (image === undefined || !machine.isDirectory(image)) return undefined;
  return `; ${quote(image)} is a directory: SOURCE comes first, then IMAGE`;
}

/**
 * Makes sure that nothing is made in the tree that is being read: it would be a part of the image, or not,
 * by chance, and make each image another one.
 *
 * @throws {Error} If something would be.
 */
function checkOutputs(
  { source, image }: Operands,
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

/** Tells what has been put right in a store, and what mounts will lack. */
function noteStore(store: DiskStore, path: Uint8Array, context: Context): void {
  for (const { path, found } of store.repairs) {
    note(context, `replaced ${quote(path)}, which was no object of that name: ${found}`);
  }
  if (store.hasVerity !== false || context.asC) return;
  note(
    context,
    `objects in ${quote(path)} have no fs-verity, which the file system or the kernel lacks: ` +
      "no mount can require it",
  );
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

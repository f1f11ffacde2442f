/**
 * Reading a directory, with all of its files, for images of it.
 *
 * @module
 */

import { type ReadSource, readSource, type ReadSourceOptions } from "../../lib/composefs/image.ts";
import type { Linux } from "../sys/linux.ts";
import { InterruptedError } from "../sys/signals.ts";
import type { DirectoryTree } from "../tree/source_tree.ts";
import { TreeReader, type TreeReaderOptions } from "./tree_reader.ts";

/**
 * Reads a directory and, if a store is given, puts its files there. Then they are on the disk; if it fails,
 * those that are complete are kept.
 *
 * @throws {TreeError} If the tree holds what an image cannot.
 * @throws {IntegrityError} If a file changes while it is read.
 * @throws {SyscallError} If something cannot be read or written.
 */
export async function readTree(
  linux: Linux,
  tree: DirectoryTree,
  scan: Omit<ReadSourceOptions, "reader">,
  files: TreeReaderOptions,
): Promise<ReadSource> {
  const { store, cache } = files;
  try {
    using reader = new TreeReader(linux, tree, files);
    const read = await readSource(tree, { ...scan, reader, fingerprints: cache });
    store?.flush();
    return read;
  } catch (error) {
    // On a full disk, say, what is complete need not be made again. Whoever interrupts does not want to
    // wait for the disk.
    if (!(error instanceof InterruptedError)) store?.keep();
    throw error;
  }
}

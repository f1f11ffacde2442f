/**
 * What `create` makes sure of before it begins, and what it tells in the end that is no error.
 *
 * @module
 */

import { printable } from "../../../lib/bytes/text.ts";
import type { Context } from "../../args/command.ts";
import { isStdin } from "../../stdin.ts";
import { note } from "../../note.ts";
import type { DiskStore, DiskTree } from "../../../ffi/disk.ts";
import type { Machine } from "../../../ffi/machine.ts";
import { UsageError } from "../../args/usage_error.ts";
import type { Operands } from "./_source_operand.ts";

/** Versions as they were asked for. */
export interface Versions {
  readonly minVersion: number | undefined;
  readonly maxVersion: number | undefined;
}

/** @throws {UsageError} If no version can be both. */
export function checkVersions({ minVersion, maxVersion }: Versions): void {
  if (minVersion === undefined || maxVersion === undefined || minVersion <= maxVersion) return;
  throw new UsageError(
    `Cannot use --min-version=${minVersion} with --max-version=${maxVersion}: ` +
      "expected no more than that",
    { usage: false },
  );
}

/**
 * Checks versions where one is asked for by `--format`.
 *
 * @throws {UsageError} If a range is asked for as well.
 */
export function checkFormat({ minVersion, maxVersion }: Versions): void {
  if (minVersion === undefined && maxVersion === undefined) return;
  const other = minVersion === undefined ? "--max-version" : "--min-version";
  throw new UsageError(`Cannot use --format with ${other}: expected one of them`, { usage: false });
}

/**
 * Makes sure that nothing is made in the tree that is being read: it would be a part of the image, or not,
 * by chance, and make each image another one.
 *
 * @throws {Error} If something would be.
 */
export function checkOutputs(
  { source, image }: Operands,
  store: Uint8Array | undefined,
  machine: Machine,
): void {
  const check = (path: Uint8Array, what: string) => {
    if (!machine.isWithin(path, source)) return;
    throw new Error(
      `Cannot make an image of "${printable(source)}": the ${what} "${printable(path)}" lies in it`,
    );
  };
  if (store !== undefined) check(store, "object store");
  if (image !== undefined && !isStdin(image)) check(image, "image");
}

/** Tells what has been put right in a store, and what mounts will lack. */
export function noteStore(store: DiskStore, path: Uint8Array, context: Context): void {
  for (const { path, found } of store.repairs) {
    note(context, `replaced "${printable(path)}", which was no object of that name: ${found}`);
  }
  if (store.hasVerity !== false || context.asC) return;
  note(
    context,
    `objects in "${
      printable(path)
    }" have no fs-verity, which the file system or the kernel lacks: ` +
      "no mount can require it",
  );
}

/** Tells of owners that could not be told. */
export function noteOwners(tree: DiskTree, source: Uint8Array, context: Context): void {
  const { hiddenOwners } = tree;
  if (hiddenOwners === 0) return;
  note(
    context,
    `${hiddenOwners} files in "${
      printable(source)
    }" have owners that this user namespace does not ` +
      "know: in the image they belong to 65534",
  );
}

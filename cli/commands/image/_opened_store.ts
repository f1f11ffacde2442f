/**
 * The store that `create` fills, if one is given, and what there is to say of it afterwards.
 *
 * @module
 */

import type { DiskStore } from "../../../ffi/disk.ts";
import { quote } from "../../../lib/bytes/text.ts";
import type { Context } from "../../args/command.ts";
import { note } from "../../note.ts";
import type { SourceOptions } from "./_source.ts";

/** A store that may be there. Dispose of it, or declare it with `using`. */
export interface OpenedStore extends Disposable {
  readonly store: DiskStore | undefined;
  /** Tells what has been put right in it, and what mounts will lack. */
  tell(): void;
}

/**
 * Opens the store that options name, unless nothing is to be changed.
 *
 * @throws {SyscallError} If it cannot be opened or made.
 */
export function openedStore(
  { digestStore: path, verifyObjects, enableVerity, dryRun = false }: SourceOptions,
  context: Context,
): OpenedStore {
  if (path === undefined || dryRun) return { store: undefined, tell() {}, [Symbol.dispose]() {} };
  const store = context.machine.openStore(path, { verifyObjects, seal: enableVerity });
  return {
    store,
    tell: () => noteStore(store, path, context),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

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

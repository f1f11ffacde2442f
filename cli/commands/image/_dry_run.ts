/**
 * `create --dry-run`: what would be written, of which nothing is.
 *
 * @module
 */

import type { DiskLayer } from "../../../ffi/disk.ts";
import type { Machine } from "../../../ffi/machine.ts";
import { SyscallError } from "../../../ffi/sys/errno.ts";
import { quote, utf8 } from "../../../lib/bytes/text.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import type { Counts, Lacks } from "./_summary.ts";

/** An object store that is only looked at, and need not be there. Dispose of it, or declare it with `using`. */
export class PlannedStore implements Disposable {
  readonly #layer: DiskLayer | undefined;

  /** @throws {SyscallError} If it is there and cannot be opened. */
  constructor(machine: Machine, path: Uint8Array) {
    this.#layer = openLayer(machine, path);
  }

  /** Tells whether an object would be new in it. What has another size would be replaced. */
  readonly lacks: Lacks = (digest, size) => {
    const path = utf8(objectPath(digest));
    if (this.#layer === undefined || !this.#layer.has(path)) return true;
    const file = this.#layer.open(path);
    const found = file?.size;
    file?.[Symbol.dispose]();
    return found !== size;
  };

  [Symbol.dispose](): void {
    this.#layer?.[Symbol.dispose]();
  }
}

function openLayer(machine: Machine, path: Uint8Array): DiskLayer | undefined {
  try {
    return machine.openLayer(path);
  } catch (error) {
    if (error instanceof SyscallError && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Says in a line which image would be written, its line end included. */
export function plannedImage(path: Uint8Array, size: number): string {
  return `Would write ${quote(path)}, ${size} bytes\n`;
}

/** Says in a line what would come into a store, its line end included. */
export function plannedObjects(
  store: Uint8Array,
  { newObjects = 0, newObjectBytes = 0 }: Pick<Counts, "newObjects" | "newObjectBytes">,
): string {
  return `Would add to ${quote(store)}: ${newObjects} objects of ${newObjectBytes} bytes\n`;
}

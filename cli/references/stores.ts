/**
 * The object stores that a command line names.
 *
 * @module
 */

import type { DiskLayer } from "../../ffi/disk.ts";
import type { Machine } from "../../ffi/machine.ts";

/** Open object stores. Dispose of them, or declare them with `using`. */
export class Stores implements Disposable {
  readonly #layers: DiskLayer[] = [];

  /**
   * Opens the stores.
   *
   * @throws {SyscallError} If one is not there.
   */
  constructor(machine: Machine, paths: readonly Uint8Array[]) {
    try {
      for (const path of paths) this.#layers.push(machine.openLayer(path));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** In the order of the command line. */
  get layers(): readonly DiskLayer[] {
    return this.#layers;
  }

  /** Tells whether one of them has a regular file at a path. */
  has(path: Uint8Array): boolean {
    return this.#layers.some((layer) => layer.has(withoutSlashes(path)));
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) layer[Symbol.dispose]();
  }
}

const SLASH = 0x2f;

/** Paths may begin with slashes; they are below the store all the same. */
function withoutSlashes(path: Uint8Array): Uint8Array {
  let start = 0;
  while (path[start] === SLASH) start++;
  return path.subarray(start);
}

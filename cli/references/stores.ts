/**
 * The object stores that a command line names.
 *
 * @module
 */

import { SyscallError } from "../../ffi/sys/errno.ts";
import { utf8 } from "../../lib/bytes/text.ts";
import type { DiskLayer } from "../../ffi/disk.ts";
import type { Machine } from "../../ffi/machine.ts";
import type { Context, OptionTable, OptionValues } from "../args/command.ts";
import { UsageError } from "../args/usage_error.ts";
import { path } from "../args/values.ts";

/** The variable that names an object store where no option does. */
export const STORE_VARIABLE = "COMPOSEFS_STORE";

/** The option of commands that read objects, and the name that it had before. */
export const storeOptions = {
  store: {
    kind: "list",
    value: "DIR",
    parse: path,
    summary: "Look for objects in the object store DIR",
    help:
      `Of an object that is in more than one store, the first counts. Without this option the store that ${STORE_VARIABLE} names is taken, if that is set.`,
  },
  basedir: {
    kind: "list",
    value: "DIR",
    parse: path,
    summary: "The same as --store",
    hidden: true,
  },
} as const satisfies OptionTable;

/**
 * Paths of the stores that options name, or else the environment does.
 *
 * @throws {UsageError} If the option goes by both of its names, whose order would be lost.
 */
export function storePaths(
  { store, basedir }: OptionValues<typeof storeOptions>,
  { asC, machine }: Pick<Context, "asC" | "machine">,
): readonly Uint8Array[] {
  if (store.length > 0 && basedir.length > 0) {
    throw new UsageError("Cannot use --store with --basedir: they are the same, expected one name");
  }
  const named = [...store, ...basedir];
  if (named.length > 0 || asC) return named;
  const variable = machine.trustedVariable(STORE_VARIABLE);
  return variable === undefined ? [] : [variable];
}

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
      for (const path of paths) {
        const layer = machine.openLayer(path);
        this.#layers.push(layer);
        tryLook(layer, path);
      }
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

/** What no object is called. */
const NO_OBJECT = utf8("-");

/**
 * Looks into a store, so that it is told once if nobody may.
 *
 * @throws {SyscallError} If that is refused.
 */
function tryLook(layer: DiskLayer, path: Uint8Array): void {
  try {
    layer.has(NO_OBJECT);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { errno, syscall } = error;
    const action = "look for objects in";
    throw new SyscallError(errno, { syscall, action, subject: path, cause: error });
  }
}

const SLASH = 0x2f;

/** Paths may begin with slashes; they are below the store all the same. */
function withoutSlashes(path: Uint8Array): Uint8Array {
  let start = 0;
  while (path[start] === SLASH) start++;
  return path.subarray(start);
}

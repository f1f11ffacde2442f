/**
 * A directory while its entries are still arriving, in whatever order.
 *
 * Entries that come in byte order, as they do in nearly every dump file and image, cost one comparison
 * each. The first that does not makes an index of the names, and the order is restored at the end.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { binary } from "../bytes/text.ts";
import type { Directory, Entry, Node, Stat } from "./tree.ts";

/** A {@linkcode Directory} that entries can be added to. Call `settle` when all are there. */
export class GrowingDirectory<File> implements Directory<File> {
  readonly kind = "directory";
  readonly stat: Stat;
  readonly entries: Entry<File>[] = [];
  declare readonly size?: number;
  #index: Map<string, Node<File>> | undefined;

  constructor(stat: Stat, size?: number) {
    this.stat = stat;
    if (size !== undefined) this.size = size;
  }

  /** Adds an entry; returns false, and adds nothing, if the name is taken. */
  add(name: Uint8Array, node: Node<File>): boolean {
    const { length } = this.entries;
    const last = length > 0 ? this.entries[length - 1] : undefined;
    if (this.#index === undefined && last !== undefined && compareBytes(last.name, name) >= 0) {
      this.#index = new Map(this.entries.map((entry) => [binary(entry.name), entry.node]));
    }
    if (this.#index !== undefined) {
      const key = binary(name);
      if (this.#index.has(key)) return false;
      this.#index.set(key, node);
    }
    this.entries.push({ name, node });
    return true;
  }

  /** Finds the node of a name added so far. */
  get(name: Uint8Array): Node<File> | undefined {
    const last = this.entries.at(-1);
    if (last !== undefined && equalBytes(last.name, name)) return last.node;
    if (this.#index !== undefined) return this.#index.get(binary(name));
    return findEntry(this.entries, name)?.node;
  }

  /** Brings the entries into byte order and drops the index. */
  settle(): void {
    if (this.#index === undefined) return;
    this.#index = undefined;
    this.entries.sort((a, b) => compareBytes(a.name, b.name));
  }
}

/** Finds a name among entries in ascending byte order. */
export function findEntry<File>(
  entries: readonly Entry<File>[],
  name: Uint8Array,
): Entry<File> | undefined {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle]!;
    const order = compareBytes(entry.name, name);
    if (order === 0) return entry;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

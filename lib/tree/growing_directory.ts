/**
 * A directory while its entries are still arriving, in whatever order.
 *
 * Entries that come in byte order, as they do in nearly every dump file and image, cost one comparison
 * each. The first that does not makes an index of the names, and the order is restored at the end.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { latin1 } from "../bytes/text.ts";
import type { Directory, Entry, Stat } from "./tree.ts";

/** A {@linkcode Directory} that entries can be added to. Call `settle` when all are there. */
export class GrowingDirectory implements Directory {
  readonly kind = "directory";
  readonly stat: Stat;
  readonly entries: Entry[] = [];
  declare readonly size?: number;
  #index: Map<string, Entry> | undefined;

  constructor(stat: Stat, size?: number) {
    this.stat = stat;
    if (size !== undefined) this.size = size;
  }

  /** Adds an entry; returns false, and adds nothing, if the name is taken. */
  add(entry: Entry): boolean {
    const { name } = entry;
    const { length } = this.entries;
    const last = length > 0 ? this.entries[length - 1] : undefined;
    if (this.#index === undefined && last !== undefined && compareBytes(last.name, name) >= 0) {
      this.#index = new Map(this.entries.map((each) => [latin1(each.name), each]));
    }
    if (this.#index !== undefined) {
      const key = latin1(name);
      if (this.#index.has(key)) return false;
      this.#index.set(key, entry);
    }
    this.entries.push(entry);
    return true;
  }

  /** Finds a name added so far. */
  get(name: Uint8Array): Entry | undefined {
    const last = this.entries.at(-1);
    if (last !== undefined && equalBytes(last.name, name)) return last;
    if (this.#index !== undefined) return this.#index.get(latin1(name));
    return findEntry(this.entries, name);
  }

  /** Brings the entries into byte order and drops the index. */
  settle(): void {
    if (this.#index === undefined) return;
    this.#index = undefined;
    this.entries.sort((a, b) => compareBytes(a.name, b.name));
  }
}

/** Finds a name among entries in ascending byte order. */
export function findEntry(
  entries: readonly Entry[],
  name: Uint8Array,
): Entry | undefined {
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

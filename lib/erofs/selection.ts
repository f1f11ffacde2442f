/**
 * A part of a tree, chosen by paths: what is named, with all below it, and the directories on the way there.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import { splitNames } from "../tree/place.ts";

/** What is selected of one directory. Undefined stands for everything. */
export class Selection {
  /** By name: undefined if all below it is selected. */
  readonly #names = new Map<string, Selection | undefined>();

  /**
   * Makes a selection.
   *
   * @param paths Names joined by slashes; one without a name selects nothing.
   */
  static of(paths: readonly Uint8Array[] | undefined): Selection | undefined {
    if (paths === undefined) return undefined;
    const selection = new Selection();
    for (const path of paths) {
      const names = splitNames(path).map(latin1);
      const last = names.pop();
      if (last === undefined) continue;
      let directory: Selection | undefined = selection;
      for (const name of names) {
        if (directory !== undefined) directory = directory.#enter(name);
      }
      if (directory !== undefined) directory.#names.set(last, undefined);
    }
    return selection;
  }

  /** Selects the way through a name; undefined if all below it is selected already. */
  #enter(name: string): Selection | undefined {
    if (!this.#names.has(name)) this.#names.set(name, new Selection());
    return this.#names.get(name);
  }

  /**
   * Looks for a name.
   *
   * @returns What is selected below it; `"none"` if it is not selected itself.
   */
  find(name: Uint8Array): Selection | undefined | "none" {
    const key = latin1(name);
    const found = this.#names.get(key);
    return found !== undefined || this.#names.has(key) ? found : "none";
  }
}

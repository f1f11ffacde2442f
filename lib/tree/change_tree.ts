/**
 * A tree made of another one: some names left out, metadata changed.
 *
 * @module
 */

import type { Excludes, ExcludeState } from "./excludes.ts";
import { findEntry } from "./growing_directory.ts";
import { unusualHomes } from "./homes.ts";
import type { Directory, Entry, FileKind, Home, ImageForm, Leaf, Stat, Tree } from "./tree.ts";

/** Makes a tree of another one, whatever its regular files are. */
export type TreeTransform = <File>(tree: Tree<File>) => Tree<File>;

/** What {@linkcode changeTree} changes. */
export interface TreeChange {
  /** Leaves out names, with all below them. The root stays. */
  readonly excludes?: Excludes | undefined;
  /** Leaves out files that are no directories. */
  isLeftOut?(leaf: Leaf<unknown>): boolean;
  /** Makes the metadata of a file, once for each, whatever names it has. Absent, all stay as they are. */
  stat?(stat: Stat, kind: FileKind): Stat;
}

/**
 * Makes a tree of another one, which stays as it is.
 *
 * A file is left out with its last name. One that keeps some of its names has a link count of just those, and lives
 * in the image under the first of them, if the name that it lived under is gone.
 *
 * @example A tree that belongs to root
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { changeTree, parseDumpfile } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 1000 1000 0 0.0 - - -\n";
 * const tree = parseDumpfile([new TextEncoder().encode(dump)]);
 * const { root } = changeTree(tree, { stat: (stat) => ({ ...stat, uid: 0, gid: 0 }) });
 * assertEquals([root.stat.uid, root.stat.gid], [0, 0]);
 * ```
 */
export function changeTree<File>(tree: Tree<File>, change: TreeChange): Tree<File> {
  return new TreeChanger(tree, change).run();
}

type MutableEntry = { -readonly [Field in keyof Entry]: Entry[Field] };

/** A directory whose entries are being copied. */
interface Level {
  readonly entries: readonly Entry[];
  readonly copied: MutableEntry[];
  readonly state: ExcludeState;
  next: number;
}

const NO_STATE: ExcludeState = [];

class TreeChanger<File> {
  readonly #tree: Tree<File>;
  readonly #change: TreeChange;
  readonly #levels: Level[] = [];
  /** By number of the leaf: how many names it keeps, and how many it loses. */
  readonly #kept: Uint32Array;
  readonly #lost: Uint32Array;
  readonly #isLeftOut: Uint8Array;
  /** Names of leaves in the new tree. */
  readonly #names: MutableEntry[] = [];
  /** Directories that are homes, with what becomes of them. */
  readonly #homes: Map<Directory, Directory | undefined>;

  constructor(tree: Tree<File>, change: TreeChange) {
    const { leaves, form } = tree;
    this.#tree = tree;
    this.#change = change;
    this.#kept = new Uint32Array(leaves.length);
    this.#lost = new Uint32Array(leaves.length);
    this.#isLeftOut = Uint8Array.from(leaves, (leaf) => change.isLeftOut?.(leaf) ? 1 : 0);
    const homes = [...form?.homes?.values() ?? []];
    this.#homes = new Map(homes.map(({ directory }) => [directory, undefined]));
  }

  run(): Tree<File> {
    const { excludes } = this.#change;
    const root = this.#enter(this.#tree.root, excludes?.root ?? NO_STATE);
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.entries[level.next++];
      if (entry === undefined) {
        this.#levels.pop();
        continue;
      }
      const { name, node } = entry;
      const isDirectory = typeof node !== "number";
      const isExcluded = excludes?.has(level.state, name, isDirectory) ?? false;
      if (!isDirectory) this.#leaf(entry.name, node, isExcluded, level.copied);
      else if (isExcluded) this.#lose(node);
      else {
        const state = excludes?.enter(level.state, name) ?? NO_STATE;
        level.copied.push({ name, node: this.#enter(node, state) });
      }
    }
    return this.#finish(root);
  }

  #enter(directory: Directory, state: ExcludeState): Directory {
    const { entries } = directory;
    const copied: MutableEntry[] = [];
    this.#levels.push({ entries, copied, state, next: 0 });
    const copy: Directory = {
      ...directory,
      stat: this.#stat(directory.stat, "directory"),
      entries: copied,
    };
    if (this.#homes.has(directory)) this.#homes.set(directory, copy);
    return copy;
  }

  #leaf(name: Uint8Array, node: number, isExcluded: boolean, copied: MutableEntry[]): void {
    if (isExcluded || this.#isLeftOut[node] === 1) {
      this.#lost[node]!++;
      return;
    }
    this.#kept[node]!++;
    const entry = { name, node };
    copied.push(entry);
    this.#names.push(entry);
  }

  /** Counts the names that are lost with a directory. */
  #lose(directory: Directory): void {
    const pending = [directory];
    for (let lost = pending.pop(); lost !== undefined; lost = pending.pop()) {
      for (const { node } of lost.entries) {
        if (typeof node === "number") this.#lost[node]!++;
        else pending.push(node);
      }
    }
  }

  #finish(root: Directory): Tree<File> {
    const leaves: Leaf<File>[] = [];
    const numbers = this.#tree.leaves.map((leaf, number) =>
      this.#kept[number]! > 0 ? leaves.push(this.#changed(leaf, number)) - 1 : -1
    );
    for (const entry of this.#names) entry.node = numbers[entry.node as number]!;
    const tree = { root, leaves };
    const { form } = this.#tree;
    return form === undefined ? tree : { ...tree, form: this.#form(form, tree, numbers) };
  }

  #changed(leaf: Leaf<File>, number: number): Leaf<File> {
    const { stat, kind } = leaf;
    const nlink = this.#kept[number]!;
    return { ...leaf, stat: this.#stat(this.#lost[number]! > 0 ? { ...stat, nlink } : stat, kind) };
  }

  #stat(stat: Stat, kind: FileKind): Stat {
    return this.#change.stat?.(stat, kind) ?? stat;
  }

  #form(form: ImageForm, tree: Tree<File>, numbers: readonly number[]): ImageForm {
    const homes = new Map<number, Home>();
    for (const [number, { directory, name }] of form.homes ?? []) {
      const copy = this.#homes.get(directory);
      const leaf = numbers[number]!;
      if (copy === undefined || findEntry(copy.entries, name)?.node !== leaf) continue;
      homes.set(leaf, { directory: copy, name });
    }
    const extended = [...form.extended ?? []].map((number) => numbers[number]!);
    return {
      homes: unusualHomes(tree, homes),
      extended: new Set(extended.filter((number) => number >= 0)),
    };
  }
}

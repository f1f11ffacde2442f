/**
 * The walk through a tree: every name in it, whatever its depth, without recursion.
 *
 * @module
 */

import { printable, quote } from "../bytes/text.ts";
import { MAX_PATH_LENGTH } from "./name.ts";
import { PathBuffer } from "./path_buffer.ts";
import type { Place } from "./place.ts";
import type { Directory, Node, Tree } from "./tree.ts";
import { TreeError } from "./tree_error.ts";

/** One name met on a walk. The walk itself: what it says is so until it moves on. */
export interface Step<File> {
  /** The file that the name stands for, the root at first. */
  readonly node: Node<File>;
  /** Number of the leaf that it is; -1 if it is a directory. */
  readonly leaf: number;
  /** Name in the parent directory; empty for the root. */
  readonly name: Uint8Array;
  /** 0 for the root, 1 for its entries, and so on. */
  readonly depth: number;
  /** Where the file was met before, if this is a further name of it; else undefined. */
  readonly again: Place | undefined;
  /** Absolute path, `/` for the root. A view, valid until the next step. */
  readonly path: Uint8Array<ArrayBuffer>;
  /** Where the name is: to be kept where a path would be too long for that. */
  readonly place: Place;
}

/**
 * Walks a tree depth first: to a directory, then to its entries in byte order, each with all below it.
 *
 * @returns The same object at each step: take out of it what is to be kept.
 *
 * @example The paths of a tree
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseDumpfile, walk } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - hi -\n";
 * const tree = parseDumpfile([new TextEncoder().encode(dump)]);
 * const paths: string[] = [];
 * for (const { path } of walk(tree)) paths.push(new TextDecoder().decode(path));
 * assertEquals(paths, ["/", "/a"]);
 * ```
 */
export function* walk<File>(tree: Tree<File>): Generator<Step<File>, void, void> {
  const walk = new TreeWalk(tree, nameCounts(tree));
  while (walk.next()) yield walk;
}

const NO_NAME = new Uint8Array();

/** The walk, for the loops that see every name of a large tree; elsewhere {@linkcode walk} is more convenient. */
export class TreeWalk<File> implements Step<File> {
  node: Node<File>;
  leaf = -1;
  name: Uint8Array = NO_NAME;
  /** -1 before the first move. */
  depth = -1;
  again: Place | undefined = undefined;
  readonly #tree: Tree<File>;
  /** The directory that the walk is in, and those above it, the root first. */
  readonly #directories: Directory[] = [];
  /** For each of them, which entry comes next. */
  readonly #next: number[] = [];
  /** For each of them its place, once that was asked for. */
  readonly #places: (Place | undefined)[] = [];
  readonly #path = new PathBuffer();
  /** Down to which depth the path is that of the step. */
  #pathDepth = 0;
  readonly #counts: Uint32Array | undefined;
  /** Where files with several names were met first. */
  readonly #met = new Map<number, Place>();

  /** @param counts What {@linkcode nameCounts} says of the tree; without it, `again` is not told. */
  constructor(tree: Tree<File>, counts?: Uint32Array) {
    this.#tree = tree;
    this.#counts = counts;
    this.node = tree.root;
  }

  /**
   * Moves to the next name, at first the root; returns false if there is none.
   *
   * @throws {TreeError} If it leads to a leaf that is not in the table.
   */
  next(): boolean {
    const { node, depth } = this;
    if (depth < 0) {
      this.depth = 0;
      return true;
    }
    const directories = this.#directories;
    if (depth === directories.length && node.kind === "directory") {
      directories.push(node);
      this.#next.push(0);
      this.#places[depth] = undefined;
    }
    for (let level = directories.length - 1; level >= 0; level--) {
      const entry = directories[level]!.entries[this.#next[level]!++];
      if (entry !== undefined) {
        this.name = entry.name;
        this.depth = level + 1;
        if (this.#pathDepth > level) this.#pathDepth = level;
        this.#arrive(entry.node);
        return true;
      }
      directories.pop();
      this.#next.pop();
    }
    return false;
  }

  #arrive(node: Directory | number): void {
    this.again = undefined;
    if (typeof node !== "number") {
      this.node = node;
      this.leaf = -1;
      return;
    }
    this.leaf = node;
    const leaf = this.#tree.leaves[node];
    if (leaf === undefined) {
      const { length } = this.#tree.leaves;
      throw new TreeError(
        "invalid",
        `Cannot use ${quote(this.path)}: file ${node} of ${length}`,
        this.path.slice(),
      );
    }
    this.node = leaf;
    if (this.#counts === undefined || this.#counts[node]! < 2) return;
    this.again = this.#met.get(node);
    if (this.again === undefined) this.#met.set(node, this.place);
  }

  /** The directory that the name stands in; undefined for the root. */
  get directory(): Directory | undefined {
    return this.#directories[this.depth - 1];
  }

  get path(): Uint8Array<ArrayBuffer> {
    const path = this.#path;
    if (this.depth === 0) path.move(0, NO_NAME);
    for (let depth = this.#pathDepth + 1; depth <= this.depth; depth++) {
      path.move(depth, this.#nameAt(depth));
    }
    this.#pathDepth = this.depth;
    return path.path;
  }

  get place(): Place {
    const { depth } = this;
    return depth <= 0 ? ROOT : { parent: this.#directoryPlace(depth - 1), name: this.name };
  }

  /** Place of the directory `depth` levels below the root that the walk is in. */
  #directoryPlace(depth: number): Place {
    const places = this.#places;
    let known = depth;
    while (known > 0 && places[known] === undefined) known--;
    places[0] = ROOT;
    for (known++; known <= depth; known++) {
      places[known] = { parent: places[known - 1]!, name: this.#nameAt(known) };
    }
    return places[depth]!;
  }

  /** The name on the way that leads `depth` levels below the root. */
  #nameAt(depth: number): Uint8Array {
    return this.#directories[depth - 1]!.entries[this.#next[depth - 1]! - 1]!.name;
  }
}

const ROOT: Place = { name: NO_NAME };

/** Counts the names of each leaf; returns undefined if none has several. */
export function nameCounts<File>({ root, leaves }: Tree<File>): Uint32Array | undefined {
  const counts = new Uint32Array(leaves.length);
  let several = false;
  const pending: Directory[] = [root];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    const { entries } = directory;
    for (let i = 0; i < entries.length; i++) {
      const { node } = entries[i]!;
      if (typeof node !== "number") pending.push(node);
      else if (++counts[node]! > 1) several = true;
    }
  }
  return several ? counts : undefined;
}

/**
 * Refuses a tree that has a path which is longer than the kernel takes one.
 *
 * @throws {TreeError} If there is one, with its start.
 */
export function checkPathLengths<File>(tree: Tree<File>): void {
  const lengths = new PathLengths();
  const walk = new TreeWalk(tree);
  while (walk.next()) lengths.move(walk.depth, walk.name.length, walk);
}

/**
 * Refuses paths that are longer than the kernel takes one, met on a walk. Paths together may be longer than a
 * tree by as many times as it has levels: a small image can have gigabytes of them.
 */
export class PathLengths {
  /** Length of the path at each depth, the root's first. */
  readonly #lengths = [0];

  /**
   * Moves to a name `depth` levels below the root, in the directory last visited one level up.
   *
   * @param walk Makes the path, for the message.
   * @throws {TreeError} If it is too long, with its start.
   */
  move(depth: number, nameLength: number, walk: { readonly path: Uint8Array }): void {
    if (depth === 0) return;
    const length = this.#lengths[depth - 1]! + 1 + nameLength;
    this.#lengths[depth] = length;
    if (length <= MAX_PATH_LENGTH) return;
    const { path } = walk;
    const start = printable(path.subarray(0, SHOWN_LENGTH));
    throw new TreeError(
      "path-too-long",
      `Cannot list "${start}…": a path of ${length} bytes, expected at most ${MAX_PATH_LENGTH}`,
      path.slice(),
    );
  }
}

/** Bytes that a message shows of a path. */
const SHOWN_LENGTH = 60;

/**
 * Walking a tree of any depth without recursion.
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { printable } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { MAX_PATH_LENGTH } from "./limits.ts";
import type { Directory, Entry, Node } from "./tree.ts";

/** One node met on a walk. */
export interface Step<File> {
  readonly node: Node<File>;
  /** Name in the parent directory; empty for the root. */
  readonly name: Uint8Array;
  /** 0 for the root, 1 for its entries, and so on. */
  readonly depth: number;
}

const NO_NAME = new Uint8Array();

/**
 * A place in a tree that moves depth first: to a directory, then to its entries in byte order, each with
 * all below it. Hard links are visited like any node and not followed.
 *
 * For the loops that see every node of a large tree; elsewhere {@linkcode walk} is more convenient.
 */
export class TreeWalk<File> implements Step<File> {
  node: Node<File>;
  name: Uint8Array = NO_NAME;
  /** -1 before the first move. */
  depth = -1;
  /** Entries of the directory that the walk is in, and of those above it. */
  readonly #levels: (readonly Entry<File>[])[] = [];
  /** For each of them, which entry comes next. */
  readonly #next: number[] = [];

  constructor(root: Directory<File>) {
    this.node = root;
  }

  /** Moves to the next node, at first the root; returns false if there is none. */
  next(): boolean {
    const { node } = this;
    if (this.depth < 0) {
      this.depth = 0;
      return true;
    }
    const levels = this.#levels;
    if (node.kind === "directory" && this.depth === levels.length) {
      levels.push(node.entries);
      this.#next.push(0);
    }
    for (let level = levels.length - 1; level >= 0; level--) {
      const entry = levels[level]![this.#next[level]!++];
      if (entry !== undefined) {
        this.node = entry.node;
        this.name = entry.name;
        this.depth = level + 1;
        return true;
      }
      levels.pop();
      this.#next.pop();
    }
    return false;
  }

  /** The absolute path of the node. Made when it is asked for: a walk that never asks pays nothing. */
  path(): Uint8Array {
    const path = new PathBuffer();
    for (let level = 0; level < this.depth; level++) {
      path.move(level + 1, this.#levels[level]![this.#next[level]! - 1]!.name);
    }
    return path.path;
  }
}

/**
 * Refuses a tree that has a path which is longer than the kernel takes one. Its paths together may be longer
 * than the tree by as many times as it has levels: a small image can have gigabytes of them.
 *
 * @throws {RangeError} If there is one, with its start.
 */
export function checkPathLengths<File>(tree: Directory<File>): void {
  const lengths = [0];
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    if (walk.depth === 0) continue;
    const length = lengths[walk.depth - 1]! + 1 + walk.name.length;
    lengths[walk.depth] = length;
    if (length <= MAX_PATH_LENGTH) continue;
    const start = printable(walk.path().subarray(0, SHOWN_LENGTH));
    throw new RangeError(
      `Cannot list "${start}…": a path of ${length} bytes, expected at most ${MAX_PATH_LENGTH}`,
    );
  }
}

/** Bytes that a message shows of a path. */
const SHOWN_LENGTH = 60;

/** Walks a tree as {@linkcode TreeWalk} does, a step at a time. */
export function* walk<File>(root: Directory<File>): Generator<Step<File>, void, void> {
  const walk = new TreeWalk(root);
  while (walk.next()) yield { node: walk.node, name: walk.name, depth: walk.depth };
}

/**
 * The path of the node a walk stands at, kept in one buffer: a step costs its own name, not its depth.
 */
export class PathBuffer {
  /** The path, up to `length`, and room for longer ones; another array when it has outgrown this one. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  /** Length of the path at each depth, the root's first. */
  readonly #lengths: number[] = [0];

  /** Moves to an entry `depth` levels below the root, in the directory last visited one level up. */
  move(depth: number, name: Uint8Array): void {
    if (depth === 0) {
      this.#lengths.length = 1;
      return;
    }
    const parent = this.#lengths[depth - 1]!;
    const length = parent + 1 + name.length;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.bytes.subarray(0, parent));
      this.bytes = larger;
    }
    this.bytes[parent] = 0x2f;
    copyBytes(this.bytes, parent + 1, name);
    this.#lengths.length = depth + 1;
    this.#lengths[depth] = length;
  }

  /** Length of the path, 0 for the root's. */
  get length(): number {
    return this.#lengths[this.#lengths.length - 1]!;
  }

  /** The absolute path, `/` for the root. A view, valid until the next move. */
  get path(): Uint8Array<ArrayBuffer> {
    const { length } = this;
    return length === 0 ? ROOT_PATH : viewOf(this.bytes, 0, length);
  }
}

const ROOT_PATH = Uint8Array.of(0x2f);

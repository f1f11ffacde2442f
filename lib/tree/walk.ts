/**
 * Walking a tree of any depth without recursion.
 *
 * @module
 */

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
 * Walks a tree depth first: a directory, then its entries in byte order, each with all below it.
 * Hard links are visited like any node and not followed.
 */
export function* walk<File>(root: Directory<File>): Generator<Step<File>, void, void> {
  yield { node: root, name: NO_NAME, depth: 0 };
  const stack: { entries: readonly Entry<File>[]; next: number }[] = [
    { entries: root.entries, next: 0 },
  ];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const entry = top.entries[top.next++];
    if (entry === undefined) {
      stack.pop();
      continue;
    }
    yield { node: entry.node, name: entry.name, depth: stack.length };
    if (entry.node.kind === "directory") stack.push({ entries: entry.node.entries, next: 0 });
  }
}

/**
 * The path of the node a walk stands at, kept in one buffer: a step costs its own name, not its depth.
 */
export class PathBuffer {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
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
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.#bytes.subarray(0, parent));
      this.#bytes = larger;
    }
    this.#bytes[parent] = 0x2f;
    this.#bytes.set(name, parent + 1);
    this.#lengths.length = depth;
    this.#lengths.push(length);
  }

  /** The absolute path, `/` for the root. A view, valid until the next move. */
  get path(): Uint8Array<ArrayBuffer> {
    const length = this.#lengths.at(-1)!;
    return length === 0 ? ROOT_PATH : this.#bytes.subarray(0, length);
  }
}

const ROOT_PATH = Uint8Array.of(0x2f);

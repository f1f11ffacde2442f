/**
 * The path of where a walk through a tree stands.
 *
 * @module
 */

import { copyBytes } from "../bytes/copy.ts";
import { viewOf } from "../bytes/view.ts";

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
    this.#enter(depth, name.length);
    if (depth > 0) copyBytes(this.bytes, this.length - name.length, name);
  }

  /** Moves likewise to an entry whose name is a part of `bytes`. */
  moveTo(depth: number, bytes: Uint8Array, start: number, end: number): void {
    this.#enter(depth, end - start);
    let to = this.length;
    for (let at = end; at > start;) this.bytes[--to] = bytes[--at]!;
  }

  /** Makes room for the name, behind a slash. */
  #enter(depth: number, nameLength: number): void {
    if (depth === 0) {
      this.#lengths.length = 1;
      return;
    }
    const parent = this.#lengths[depth - 1]!;
    const length = parent + 1 + nameLength;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.bytes.subarray(0, parent));
      this.bytes = larger;
    }
    this.bytes[parent] = 0x2f;
    this.#lengths.length = depth + 1;
    this.#lengths[depth] = length;
  }

  /** Length of the path of the directory `depth` levels below the root that the walk is in, or has come to. */
  lengthAt(depth: number): number {
    return this.#lengths[depth]!;
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

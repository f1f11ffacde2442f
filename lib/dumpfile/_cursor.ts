/**
 * Finds the directory that a line's path leads to.
 *
 * Neighbouring lines share most of their paths, so the cursor stays at the directory of the line before
 * and only walks what differs: a line costs its own length, not its depth times the size of the tree.
 *
 * @module
 */

import { LineError } from "./_line_error.ts";
import { quote } from "../bytes/text.ts";
import { GrowingDirectory } from "../tree/growing_directory.ts";
import type { PathSpan } from "./_fields.ts";

const SLASH = 0x2f;

/** A place in a growing tree that moves from directory to directory. */
export class DirectoryCursor {
  readonly root: GrowingDirectory;
  /** Where the path lies that the cursor stands at, as it was spelled. */
  #bytes: Uint8Array = new Uint8Array();
  #start = 0;
  #length = 0;
  /** For each directory on the way, where in the path its name ends. */
  readonly #ends: number[] = [];
  readonly #directories: GrowingDirectory[] = [];
  /** Whether the last move succeeded. */
  #arrived = true;

  constructor(root: GrowingDirectory) {
    this.root = root;
  }

  /**
   * Moves to the directory that holds the last name of a path.
   *
   * @param path Names with one or more slashes before and between them. Its bytes are kept.
   * @throws {LineError} If a name on the way is missing or not a directory.
   */
  move(path: PathSpan): GrowingDirectory {
    const { bytes, start } = path;
    const length = Math.max(path.slash - start, 0);
    const common = this.#common(bytes, start, length);
    const stay = this.#arrived && common === length && common === this.#length;
    this.#bytes = bytes;
    this.#start = start;
    this.#length = length;
    if (!stay) this.#walk(path, common);
    const { length: depth } = this.#directories;
    return depth > 0 ? this.#directories[depth - 1]! : this.root;
  }

  /** How much of the old path also begins the new one. */
  #common(bytes: Uint8Array, start: number, length: number): number {
    const old = this.#bytes;
    const oldStart = this.#start;
    const limit = Math.min(this.#length, length);
    let common = 0;
    while (common < limit && old[oldStart + common] === bytes[start + common]) common++;
    return common;
  }

  #walk(path: PathSpan, common: number): void {
    this.#arrived = false;
    const { bytes, start } = path;
    const end = start + this.#length;
    this.#leave(common);
    let directory = this.#directories.at(-1) ?? this.root;
    let position = start + (this.#ends.at(-1) ?? 0);
    while (true) {
      while (position < end && bytes[position] === SLASH) position++;
      if (position >= end) break;
      let nameEnd = position;
      while (nameEnd < end && bytes[nameEnd] !== SLASH) nameEnd++;
      const child = directory.get(bytes.subarray(position, nameEnd))?.node;
      if (child === undefined) throw refusal("parent directory missing", path);
      if (!(child instanceof GrowingDirectory)) throw refusal("parent must be a directory", path);
      directory = child;
      this.#directories.push(child);
      this.#ends.push(nameEnd - start);
      position = nameEnd;
    }
    this.#arrived = true;
  }

  /** Goes up until all that is left of the old path also begins the new one. */
  #leave(common: number): void {
    while (this.#ends.length > 0) {
      const end = this.#ends.at(-1)!;
      const ended = end === this.#length || this.#bytes[this.#start + end] === SLASH;
      if (end <= common && ended) break;
      this.#ends.pop();
      this.#directories.pop();
    }
  }
}

function refusal(state: string, { bytes, start, end }: PathSpan): LineError {
  return new LineError(`${state} for ${quote(bytes.subarray(start, end))}`);
}

/**
 * Finds the directory that a line's path leads to.
 *
 * Neighbouring lines share most of their paths, so the cursor stays at the directory of the line before
 * and only walks what differs: a line costs its own length, not its depth times the size of the tree.
 *
 * @module
 */

import { printable } from "../bytes/text.ts";
import { GrowingDirectory } from "../tree/growing_directory.ts";
import type { Content } from "../tree/tree.ts";

const SLASH = 0x2f;

/** A place in a growing tree that moves from directory to directory. */
export class DirectoryCursor {
  readonly root: GrowingDirectory<Content>;
  /** The path the cursor stands at, as it was spelled. */
  #path: Uint8Array = new Uint8Array();
  /** For each directory on the way, where in the path its name ends. */
  readonly #ends: number[] = [];
  readonly #directories: GrowingDirectory<Content>[] = [];

  constructor(root: GrowingDirectory<Content>) {
    this.root = root;
  }

  /**
   * Moves to the directory at `path`.
   *
   * @param path Names with one or more slashes before, between and behind them. Kept until the next move.
   * @param whole The path that messages name.
   * @throws {SyntaxError} If a name on the way is missing or not a directory.
   */
  move(path: Uint8Array, whole: Uint8Array): GrowingDirectory<Content> {
    this.#keepCommon(path);
    let directory = this.#directories.at(-1) ?? this.root;
    let position = this.#ends.at(-1) ?? 0;
    while (true) {
      while (path[position] === SLASH) position++;
      if (position >= path.length) break;
      let end = path.indexOf(SLASH, position);
      if (end < 0) end = path.length;
      const child = directory.get(path.subarray(position, end));
      if (child === undefined) {
        throw new SyntaxError(`parent directory missing for "${printable(whole)}"`);
      }
      if (!(child instanceof GrowingDirectory)) {
        throw new SyntaxError(`parent must be a directory for "${printable(whole)}"`);
      }
      directory = child;
      this.#directories.push(child);
      this.#ends.push(end);
      position = end;
    }
    return directory;
  }

  /** Goes back up until all that is left of the old path also begins the new one. */
  #keepCommon(path: Uint8Array): void {
    const old = this.#path;
    const limit = Math.min(old.length, path.length);
    let common = 0;
    while (common < limit && old[common] === path[common]) common++;
    while (this.#ends.length > 0) {
      const end = this.#ends.at(-1)!;
      if (end <= common && (end === path.length || path[end] === SLASH)) break;
      this.#ends.pop();
      this.#directories.pop();
    }
    this.#path = path;
  }
}

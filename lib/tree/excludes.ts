/**
 * Names that are left out of a tree, by patterns.
 *
 * A pattern is matched name by name on the way down: how far it has come is known of each directory, so that a name
 * costs its own length and not that of its path.
 *
 * @module
 */

import { splitNames } from "./place.ts";
import { Glob } from "./glob.ts";
import { isDotOrDotDot, MAX_PATH_LENGTH } from "./name.ts";
import { PatternError } from "./pattern_error.ts";

const SLASH = 0x2f;
const STAR = 0x2a;
const EXCLAMATION_MARK = 0x21;

/** Any number of names, also none: `**`. */
const ANY_NAMES = "**";

/** A pattern that names match, with all below them. Made by {@linkcode parseExclude}. */
export interface Exclude {
  /** As it was given. */
  readonly text: Uint8Array;
  /** What stands for one name each, and `**` for any number of names, which is never the last. */
  readonly parts: readonly (Glob | "**")[];
  /** Whether only directories match. */
  readonly isForDirectories: boolean;
}

/**
 * Reads a pattern.
 *
 * With a slash in front it is a path from the root of the tree, otherwise the end of a path from wherever: `/tmp` is
 * one file, `*.o` and `.git/config` are all of that name. With a slash at its end it is for directories only. Each
 * part is a {@linkcode Glob}, other than `**`, which stands for any number of names: `/var/**` is all that is in
 * `/var`, and with something behind it that is meant at any depth below `/var`.
 *
 * @throws {PatternError} If it is none, or nothing can match it.
 *
 * @example All that is in /tmp, but not /tmp
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Excludes, memoryTree, parseExclude, scanTree } from "composefs-ts";
 *
 * const excludes = new Excludes([parseExclude(new TextEncoder().encode("/tmp/*"))]);
 * const source = memoryTree({ "etc": {}, "tmp": { "a": "hello" } });
 * const { root, leaves } = scanTree(source, () => undefined, { excludes });
 * assertEquals([root.entries.length, leaves.length], [2, 0]);
 * ```
 */
export function parseExclude(text: Uint8Array): Exclude {
  if (text.length === 0) throw new PatternError("expected a pattern");
  if (text.length > MAX_PATH_LENGTH) {
    throw new PatternError(`expected at most ${MAX_PATH_LENGTH} bytes`);
  }
  if (text.includes(0)) throw new PatternError("expected no NUL");
  if (text[0] === EXCLAMATION_MARK) {
    throw new PatternError("expected no ! in front: all patterns exclude; a name has \\!");
  }
  const names = splitNames(text);
  if (names.length === 0) throw new PatternError("expected less than all of the tree");
  const parts: (Glob | "**")[] = [];
  if (text[0] !== SLASH) parts.push(ANY_NAMES);
  for (const name of names) {
    if (isDotOrDotDot(name)) {
      throw new PatternError("expected no . or .. in it: / in front is the root of the tree");
    }
    if (!isAnyNames(name)) parts.push(new Glob(name));
    else if (parts.at(-1) !== ANY_NAMES) parts.push(ANY_NAMES);
  }
  if (parts.at(-1) === ANY_NAMES) parts.push(new Glob(Uint8Array.of(STAR)));
  return { text, parts, isForDirectories: text.at(-1) === SLASH };
}

function isAnyNames(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === STAR && name[1] === STAR;
}

/**
 * How far patterns have come at a directory: numbers of the parts that an entry of it may match, besides those that
 * may be matched anywhere.
 */
export type ExcludeState = readonly number[];

const NOTHING: ExcludeState = Object.freeze([]);

/** A part of a pattern. */
interface Part {
  readonly glob: Glob | typeof ANY_NAMES;
  /** The pattern, if this is its last part. */
  readonly end: Exclude | undefined;
}

/** Patterns together. */
export class Excludes {
  readonly #patterns: readonly Exclude[];
  /** The parts of all patterns, one behind the other. */
  readonly #parts: Part[] = [];
  /** Numbers of parts that may be matched anywhere: those that are the last of their patterns, and others. */
  readonly #lastAnywhere: number[] = [];
  readonly #firstAnywhere: number[] = [];
  readonly #used = new Set<Exclude>();
  /** At the root of the tree. */
  readonly root: ExcludeState;

  /**
   * Puts patterns together.
   *
   * @param patterns Of {@linkcode parseExclude}.
   */
  constructor(patterns: readonly Exclude[]) {
    this.#patterns = patterns;
    const root: number[] = [];
    for (const pattern of patterns) {
      const { parts } = pattern;
      const first = this.#parts.length;
      const last = parts.length - 1;
      parts.forEach((glob, i) => this.#parts.push({ glob, end: i === last ? pattern : undefined }));
      if (parts[0] !== ANY_NAMES) root.push(first);
      else if (last === 1) this.#lastAnywhere.push(first + 1);
      else this.#firstAnywhere.push(first + 1);
    }
    this.root = root;
  }

  /** Patterns that nothing has matched so far. */
  get unused(): readonly Exclude[] {
    return this.#patterns.filter((pattern) => !this.#used.has(pattern));
  }

  /** Tells whether an entry of a directory is excluded. */
  has(directory: ExcludeState, name: Uint8Array, isDirectory: boolean): boolean {
    // Each of them, for the patterns that are used.
    const isAnywhere = this.#isEnd(this.#lastAnywhere, name, isDirectory);
    return this.#isEnd(directory, name, isDirectory) || isAnywhere;
  }

  /** Tells whether a name is the end of what one of the parts is the last of. */
  #isEnd(parts: readonly number[], name: Uint8Array, isDirectory: boolean): boolean {
    let isEnd = false;
    for (let i = 0; i < parts.length; i++) {
      const { glob, end } = this.#parts[parts[i]!]!;
      if (end === undefined || end.isForDirectories && !isDirectory) continue;
      if (glob === ANY_NAMES || !glob.matches(name)) continue;
      this.#used.add(end);
      isEnd = true;
    }
    return isEnd;
  }

  /** Moves on to a directory that is an entry of another one. */
  enter(directory: ExcludeState, name: Uint8Array): ExcludeState {
    const next = new Set<number>();
    for (const number of directory) this.#pass(number, name, next);
    for (const number of this.#firstAnywhere) this.#pass(number, name, next);
    if (next.size === 0) return NOTHING;
    // In a deep tree most states are those of the directory above, and need not be kept again.
    const isSame = next.size === directory.length && directory.every((part) => next.has(part));
    return isSame ? directory : [...next];
  }

  /** Notes what may come behind a part, if a name is what it stands for. */
  #pass(number: number, name: Uint8Array, next: Set<number>): void {
    const { glob, end } = this.#parts[number]!;
    const isAnyNames = glob === ANY_NAMES;
    if (!isAnyNames && (end !== undefined || !glob.matches(name))) return;
    const reached = isAnyNames ? number : number + 1;
    next.add(reached);
    if (this.#parts[reached]!.glob === ANY_NAMES) next.add(reached + 1);
  }
}

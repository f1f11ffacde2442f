/**
 * Where the names of members lead, within the tree that has been merged so far.
 *
 * @module
 */

import { latin1, quote } from "../bytes/text.ts";
import { isDotOrDotDot, MAX_PATH_LENGTH, nameProblem } from "../tree/name.ts";
import { splitNames } from "../tree/place.ts";
import { type MergedDirectory, originOf } from "./_merged.ts";

/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
/** Names that a path may lead through, those of its links' targets included: no path by itself has more. */
const MAX_STEPS = MAX_PATH_LENGTH;
const SLASH = 0x2f;

/** Says why a path leads nowhere. */
export type Refuse = (state: string) => Error;

/**
 * The names of a path from the root, checked. `..` takes back the name before it, and is nothing at the root;
 * what it names may not be there.
 */
export function cleanNames(path: Uint8Array, refuse: Refuse): Uint8Array[] {
  const names: Uint8Array[] = [];
  let length = 0;
  for (const name of splitNames(path)) {
    if (isDotOrDotDot(name)) {
      const back = name.length === 2 ? names.pop() : undefined;
      if (back !== undefined) length -= 1 + back.length;
      continue;
    }
    const problem = nameProblem(name);
    if (problem !== undefined) throw refuse(problem);
    length += 1 + name.length;
    names.push(name);
  }
  if (length > MAX_PATH_LENGTH) throw refuse(lengthProblem(length));
  return names;
}

/** The names of a path that may not lead back. */
export function plainNames(path: Uint8Array, refuse: Refuse): Uint8Array[] {
  if (splitNames(path).some((name) => name.length === 2 && isDotOrDotDot(name))) {
    throw refuse(`".." in ${quote(path)}, expected a path that leads down only`);
  }
  return cleanNames(path, refuse);
}

/** Where a path leads: to a directory, and through names that are no directories in it. */
export interface Reached<File> {
  readonly directory: MergedDirectory<File>;
  /** The first of them is not there, or a file. */
  readonly missing: readonly string[];
}

/**
 * Follows a path with the root as its root directory: symbolic links are followed below it, `..` of the root is
 * the root. Behind what is not there, names are taken as they stand, `..` as taking one back.
 *
 * @param names None of them `.` or `..`.
 * @throws What `refuse` makes, if the path leads through too many links.
 */
export function follow<File>(
  root: MergedDirectory<File>,
  names: readonly Uint8Array[],
  refuse: Refuse,
): Reached<File> {
  const pending = names.toReversed();
  const missing: string[] = [];
  let directory = root;
  let links = 0;
  let steps = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (++steps > MAX_STEPS) throw refuse(`it leads through more than ${MAX_STEPS} names`);
    if (isDotOrDotDot(name)) {
      if (name.length === 1) continue;
      if (missing.pop() === undefined) directory = directory.parent ?? root;
      continue;
    }
    const key = latin1(name);
    const node = missing.length > 0 ? undefined : directory.children.get(key);
    const leaf = node?.kind === "leaf" ? originOf(node).leaf : undefined;
    if (node?.kind === "directory") {
      directory = node;
    } else if (leaf?.kind === "symlink") {
      if (++links > MAX_LINKS) throw refuse("it leads through too many symbolic links");
      if (leaf.target[0] === SLASH) directory = root;
      for (const part of splitNames(leaf.target).reverse()) pending.push(part);
    } else {
      missing.push(key);
    }
  }
  return { directory, missing };
}

/**
 * Finds the directory that a path names, without following anything.
 *
 * @throws What `refuse` makes, if there is none.
 */
export function descend<File>(
  root: MergedDirectory<File>,
  names: readonly Uint8Array[],
  refuse: Refuse,
): MergedDirectory<File> {
  let directory = root;
  for (const name of names) {
    const node = directory.children.get(latin1(name));
    if (node === undefined) {
      throw refuse(`the directory ${quote(name)} above it does not exist`);
    }
    if (node.kind !== "directory") throw refuse(`${quote(name)} above it is not a directory`);
    directory = node;
  }
  return directory;
}

/** Says that a path is too long. */
export function lengthProblem(length: number): string {
  return `a path of ${length} bytes, expected at most ${MAX_PATH_LENGTH}`;
}

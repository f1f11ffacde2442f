/**
 * Finding a file by its path, in whatever has directories.
 *
 * @module
 */

import { quote, utf8 } from "../bytes/text.ts";
import { findEntry } from "./growing_directory.ts";
import { isDotOrDotDot } from "./name.ts";
import { splitNames } from "./place.ts";
import type { Directory, FileKind, Leaf, Node, Symlink, Tree } from "./tree.ts";
import { TreeError, type TreeErrorCode } from "./tree_error.ts";

/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
const SLASH = 0x2f;

/** Where paths lead through. */
export interface PathSpace<Place> {
  /** Where absolute paths start, and all others too. */
  readonly root: Place;
  /** Finds a name, neither `.` nor `..`, in a directory. */
  find(directory: Place, name: Uint8Array): Place | undefined;
  kind(place: Place): FileKind;
  /** The target of a symbolic link. */
  target(link: Place): Uint8Array;
}

/**
 * Follows a path as the kernel would with the root as its root directory: symbolic links, also the last
 * name's, are followed below it, `..` of the root is the root.
 *
 * @param path Relative to the root, whether it begins with a slash or not.
 * @throws {TreeError} If the path leads nowhere.
 */
export function followPath<Place>(space: PathSpace<Place>, path: Uint8Array): Place {
  const refuse = (code: TreeErrorCode, state: string) =>
    new TreeError(code, `Cannot find ${quote(path)}: ${state}`, path);
  /** From the root to where the walk stands. */
  let above: Place[] = [space.root];
  /** Names still to go, the next one last. */
  const pending = splitNames(path).reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (isDotOrDotDot(name)) {
      if (name.length === 2 && above.length > 1) above.pop();
      continue;
    }
    const place = space.find(above.at(-1)!, name);
    if (place === undefined) throw refuse("not-found", "no such file or directory");
    const kind = space.kind(place);
    if (kind === "directory") {
      above.push(place);
    } else if (kind === "symlink") {
      if (++links > MAX_LINKS) throw refuse("too-many-links", "too many levels of symbolic links");
      const target = space.target(place);
      if (target[0] === SLASH) above = [space.root];
      for (const part of splitNames(target).reverse()) pending.push(part);
    } else {
      if (pending.length > 0) {
        throw refuse("not-a-directory", `${quote(name)} is not a directory`);
      }
      return place;
    }
  }
  return above.at(-1)!;
}

/**
 * Finds a file of a tree as the kernel would with the tree as its root directory: symbolic links, also the last
 * name's, are followed within the tree, `..` of the root is the root.
 *
 * @param path Relative to the root, whether it begins with a slash or not; text is taken as UTF-8.
 * @throws {TreeError} If the path leads nowhere.
 *
 * @example A file of a dump
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lookupPath, parseDumpfile } from "composefs-ts";
 *
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - hi -\n";
 * const tree = parseDumpfile([new TextEncoder().encode(dump)]);
 * assertEquals(lookupPath(tree, "/a").kind, "regular");
 * ```
 */
export function lookupPath<File>(
  tree: Tree<File>,
  path: Uint8Array | string,
): Directory | Exclude<Leaf<File>, { kind: "symlink" }> {
  const space: PathSpace<Node<File>> = {
    root: tree.root,
    find(directory, name) {
      const { node } = findEntry((directory as Directory).entries, name) ?? {};
      return typeof node === "number" ? tree.leaves[node] : node;
    },
    kind: ({ kind }) => kind,
    target: (link) => (link as Symlink).target,
  };
  const bytes = typeof path === "string" ? utf8(path) : path;
  return followPath(space, bytes) as Directory | Exclude<Leaf<File>, { kind: "symlink" }>;
}

/**
 * Finding a file of a tree by its path.
 *
 * @module
 */

import { printable } from "../bytes/text.ts";
import { findEntry } from "./growing_directory.ts";
import { isDotOrDotDot } from "./name.ts";
import { splitNames } from "./place.ts";
import type { Directory, Leaf, Tree } from "./tree.ts";
import { TreeError, type TreeErrorCode } from "./tree_error.ts";

/** As many symbolic links as the kernel follows. */
const MAX_LINKS = 40;
const SLASH = 0x2f;

/**
 * Finds a file as the kernel would with the tree as its root directory: symbolic links, also the last
 * name's, are followed within the tree, `..` of the root is the root.
 *
 * @param path Relative to the root, whether it begins with a slash or not.
 * @throws {TreeError} If the path leads nowhere.
 */
export function lookupPath<File>(
  tree: Tree<File>,
  path: Uint8Array,
): Directory | Exclude<Leaf<File>, { kind: "symlink" }> {
  const refuse = (code: TreeErrorCode, state: string) =>
    new TreeError(code, `Cannot find "${printable(path)}": ${state}`, path);
  /** From the root to where the walk stands. */
  let above: Directory[] = [tree.root];
  /** Names still to go, the next one last. */
  const pending = splitNames(path).reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (isDotOrDotDot(name)) {
      if (name.length === 2 && above.length > 1) above.pop();
      continue;
    }
    const entry = findEntry(above.at(-1)!.entries, name);
    if (entry === undefined) throw refuse("not-found", "no such file or directory");
    const node = typeof entry.node === "number" ? tree.leaves[entry.node]! : entry.node;
    if (node.kind === "directory") {
      above.push(node);
    } else if (node.kind === "symlink") {
      if (++links > MAX_LINKS) throw refuse("too-many-links", "too many levels of symbolic links");
      if (node.target[0] === SLASH) above = [tree.root];
      for (const part of splitNames(node.target).reverse()) pending.push(part);
    } else {
      if (pending.length > 0) {
        throw refuse("not-a-directory", `"${printable(name)}" is not a directory`);
      }
      return node;
    }
  }
  return above.at(-1)!;
}

/**
 * By what the objects of a tree are digested.
 *
 * @module
 */

import type { HashAlgorithm } from "../digest/hasher.ts";
import type { Content, Tree } from "../tree/tree.ts";

/** What the digest of the first object that has one is by; undefined if none has. */
export function objectAlgorithm(tree: Tree<Content> | undefined): HashAlgorithm | undefined {
  for (const leaf of tree?.leaves ?? []) {
    if (leaf.kind !== "regular" || leaf.file.kind !== "external") continue;
    if (leaf.file.digest !== undefined) return leaf.file.digest.algorithm;
  }
  return undefined;
}

/**
 * What rules about metadata are made of.
 *
 * @module
 */

import { changeTree } from "../tree/change_tree.ts";
import type { Content, FileKind, Stat, Tree } from "../tree/tree.ts";
import { walk } from "../tree/walk.ts";
import type { Way } from "./rule.ts";

/** A way that makes the metadata of each file anew. */
export function statWay(
  stat: (stat: Stat, kind: FileKind) => Stat,
  text: Omit<Way, "apply"> = {},
): Way {
  return { ...text, apply: (tree) => changeTree(tree, { stat }) };
}

/** Metadata of which most files of a tree have some part; undefined if no part is that common. */
export function commonest(tree: Tree<Content>, part: (stat: Stat) => string): Stat | undefined {
  const counts = new Map<string, { readonly stat: Stat; count: number }>();
  let files = 0;
  for (const { node: { stat } } of walk(tree)) {
    files++;
    const key = part(stat);
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { stat, count: 1 });
    else found.count++;
  }
  return [...counts.values()].find(({ count }) => 2 * count > files)?.stat;
}

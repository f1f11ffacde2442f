/**
 * The rules by which a tree is made of layers, or of a tree what others seal.
 *
 * @module
 */

import type { XattrFilter } from "../tree/source.ts";
import type { Tree } from "../tree/tree.ts";
import type { ReadPolicyFile } from "../selinux/policy.ts";
import { type LayerMember, LayerMerger } from "./merge.ts";
import { bootTree, type SealedXattrs, sealTree } from "./seal.ts";

/**
 * By which rules: `"container"`, what the layers unpack to; `"sealed"` and `"bootable"`, what composefs-rs makes of
 * them as a container and as a system to boot.
 */
export type TreeRules = "container" | "sealed" | "bootable";

/** How {@linkcode followRules} goes about it. */
export interface FollowRulesOptions<File> {
  /** Which xattrs stay in a tree that is sealed; `"allowlist-only"` if absent. */
  readonly xattrs?: SealedXattrs | XattrFilter | undefined;
  /** Gives the contents of files for which `isPolicyPath` is true. Asked by the rules `"bootable"` only. */
  readonly readFile: ReadPolicyFile<File>;
}

/** A layer that has been read. */
export interface NamedLayer<File> {
  /** What messages name. */
  readonly shown: string;
  /** Its members, in their order. */
  readonly members: readonly LayerMember<File>[];
}

/**
 * Makes one tree of layers.
 *
 * @param layers The lowest first.
 * @throws {LayerError} If a member of one cannot be applied to what lies below it.
 * @throws {TreeError} If the tree lacks what it must have to be sealed.
 * @throws {SelinuxPolicyError} If it has an SELinux policy that cannot be read.
 */
export function treeOfLayers<File>(
  layers: Iterable<NamedLayer<File>>,
  rules: TreeRules,
  options: FollowRulesOptions<File>,
): Tree<File> {
  const merger = new LayerMerger<File>(rules === "container" ? "container" : "sealed");
  for (const { shown, members } of layers) merger.apply(members, shown);
  return followRules(merger.finish(), rules, options);
}

/**
 * Makes of a tree what the rules say. By those of `"container"` it stays as it is.
 *
 * @throws {TreeError} If it lacks what it must have to be sealed.
 * @throws {SelinuxPolicyError} If it has an SELinux policy that cannot be read.
 */
export function followRules<File>(
  tree: Tree<File>,
  rules: TreeRules,
  { xattrs, readFile }: FollowRulesOptions<File>,
): Tree<File> {
  switch (rules) {
    case "container":
      return tree;
    case "sealed":
      return sealTree(tree, { xattrs });
    case "bootable":
      return bootTree(tree, { xattrs, readFile });
  }
}

/**
 * The rules of `--as` for trees that are there already: directories, dumps and images.
 *
 * @module
 */

import type { DiskTree } from "../../ffi/disk.ts";
import { encodeImage } from "../../lib/composefs/image.ts";
import { readWhole } from "../../lib/file/file.ts";
import { followRules, type TreeRules } from "../../lib/layers/rules.ts";
import { isPolicyPath, type ReadPolicyFile } from "../../lib/selinux/policy.ts";
import type { TreeTransform } from "../../lib/tree/change_tree.ts";
import type { XattrFilter } from "../../lib/tree/source.ts";
import type { Content, Tree } from "../../lib/tree/tree.ts";
import { walk } from "../../lib/tree/walk.ts";

/** Bytes of a file of a policy that are read at most. */
const MAX_POLICY_FILE = 1 << 26;

/**
 * What rules make of the tree of a directory; undefined if they leave it as it is.
 *
 * @param source The directory, in which the files of an SELinux policy are read.
 * @param xattrs Which xattrs stay where the rules drop some.
 */
export function directoryRules(
  rules: TreeRules,
  source: DiskTree,
  xattrs?: XattrFilter,
): TreeTransform | undefined {
  if (rules === "container") return undefined;
  return (tree) => {
    const readFile = rules === "bootable" ? policyFiles(tree, source) : () => undefined;
    return followRules(tree, rules, { xattrs, readFile });
  };
}

/** The files of an SELinux policy in a directory, by the files of its tree. */
export function policyFiles<File>(tree: Tree<File>, source: DiskTree): ReadPolicyFile<File> {
  const files = new Map<File, Uint8Array>();
  for (const { node, path } of walk(tree)) {
    if (node.kind !== "regular" || !isPolicyPath(path)) continue;
    using file = source.open(path.slice(1));
    if (file.size <= MAX_POLICY_FILE) files.set(node.file, readWhole(file));
  }
  return (file) => files.get(file);
}

/**
 * Makes an image of a tree whose contents are decided, by rules. Of an SELinux policy in it only the files are at
 * hand that the image holds itself.
 */
export function encodeByRules(
  tree: Tree<Content>,
  rules: TreeRules = "container",
): Uint8Array<ArrayBuffer> {
  return encodeImage(contentRules(rules)?.(tree) ?? tree, { isValid: rules === "container" });
}

/** What rules make of a tree whose contents are decided; undefined if they leave it as it is. */
export function contentRules(
  rules: TreeRules,
  xattrs?: XattrFilter,
): ((tree: Tree<Content>) => Tree<Content>) | undefined {
  if (rules === "container") return undefined;
  return (tree) => followRules(tree, rules, { xattrs, readFile: inlineFile });
}

/** Gives the contents of files that an image holds itself: no others of an SELinux policy in it are at hand. */
export function inlineFile(file: Content): Uint8Array | undefined {
  return file.kind === "inline" ? file.bytes : undefined;
}

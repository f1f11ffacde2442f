/**
 * Rules about where images have the contents of files.
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { fsVerityDigest } from "../digest/fs_verity.ts";
import { objectPath } from "../digest/object_path.ts";
import { type Content, contentSize, externalContent, type Leaf, type Tree } from "../tree/tree.ts";
import { withLeaves } from "../tree/rebuild_tree.ts";
import { objectAlgorithm } from "./object_algorithm.ts";
import type { Rule, Way } from "./rule.ts";

/** A way that decides anew where contents are. */
function contentWay(file: (file: Content) => Content, text: Omit<Way, "apply"> = {}): Way {
  const change = (leaf: Leaf<Content>): Leaf<Content> => {
    if (leaf.kind !== "regular") return leaf;
    const changed = file(leaf.file);
    return changed === leaf.file ? leaf : { ...leaf, file: changed };
  };
  return { ...text, apply: (tree) => withLeaves(tree, tree.leaves.map(change)) };
}

const INLINE_LIMIT: Rule = {
  name: "inline-limit",
  says: "fewer files are kept in the image, and more as objects",
  knownOf:
    "builds of libcomposefs's library and other writers with a limit of their own, instead of 64 bytes",
  changes: ["contents"],
  *ways({ tree, towards }) {
    const algorithm = objectAlgorithm(towards?.tree) ?? objectAlgorithm(tree) ?? "sha256";
    const limit = towards === undefined ? 0 : largestInline(towards.tree);
    yield contentWay((file) => {
      if (file.kind === "external" || file.bytes.length <= limit) return file;
      const digest = fsVerityDigest(file.bytes, { algorithm });
      return externalContent(file.bytes.length, utf8(objectPath(digest)), digest);
    }, { detail: `up to ${limit} bytes` });
  },
};

function largestInline({ leaves }: Tree<Content>): number {
  let largest = 0;
  for (const leaf of leaves) {
    if (leaf.kind !== "regular" || leaf.file.kind !== "inline") continue;
    largest = Math.max(largest, leaf.file.bytes.length);
  }
  return largest;
}

const NO_DIGESTS: Rule = {
  name: "no-digests",
  says: "images do not hold the digests of objects",
  knownOf: "Podman on file systems without fs-verity, dumps that name objects alone",
  changes: ["contents"],
  ways: () => [
    contentWay((file) =>
      file.kind === "inline" || file.digest === undefined
        ? file
        : externalContent(file.size, file.path, undefined)
    ),
  ],
};

const OTHER_ALGORITHM: Rule = {
  name: "other-algorithm",
  says: "objects are named by digests of the other algorithm",
  knownOf: "composefs-rs, whose repositories have SHA-512 by default; create --hash=sha512",
  changes: ["contents"],
  ways({ tree, towards }) {
    const to = objectAlgorithm(towards?.tree);
    if (towards === undefined || to === undefined || to === objectAlgorithm(tree)) return [];
    const others = new Map<Content, Content>();
    for (const { before, after, attributes } of towards.differences) {
      if (!attributes.includes("contents")) continue;
      if (before?.kind !== "regular" || after?.kind !== "regular") continue;
      if (contentSize(before.file) === contentSize(after.file)) others.set(before.file, after.file);
    }
    return [
      contentWay((file) => others.get(file) ?? file, {
        isCopied: true,
        detail: "which says nothing of contents, but that sizes agree",
        option: `--hash=${to}`,
      }),
    ];
  },
};

/** In the order in which they are applied. */
export const CONTENT_RULES: readonly Rule[] = [INLINE_LIMIT, NO_DIGESTS, OTHER_ALGORITHM];

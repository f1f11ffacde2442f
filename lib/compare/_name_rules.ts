/**
 * Rules about which names there are.
 *
 * @module
 */

import { compareBytes, equalBytes } from "../bytes/compare.ts";
import { quote, utf8 } from "../bytes/text.ts";
import { changeTree } from "../tree/change_tree.ts";
import { rebuildTree } from "../tree/rebuild_tree.ts";
import type { Directory, Entry, FileKind, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { walk } from "../tree/walk.ts";
import type { Rule } from "./rule.ts";

const NO_DEVICES: Rule = {
  name: "no-devices",
  says: "devices are left out",
  knownOf:
    "unpackers that run without root's rights; mkcomposefs --skip-devices; rsync without -D and git, which leave out named pipes and sockets, too",
  changes: ["presence"],
  *ways({ tree }) {
    yield { option: "--skip-devices", apply: (tree) => without(tree, DEVICES) };
    if (!tree.leaves.some(({ kind }) => SPECIAL_FILES.includes(kind))) return;
    yield {
      detail: "and named pipes and sockets with them",
      apply: (tree) => without(tree, [...DEVICES, ...SPECIAL_FILES]),
    };
  },
};

const DEVICES: readonly FileKind[] = ["block", "character"];

const SPECIAL_FILES: readonly FileKind[] = ["fifo", "socket"];

function without<File>(tree: Tree<File>, kinds: readonly FileKind[]): Tree<File> {
  return changeTree(tree, { isLeftOut: ({ kind }) => kinds.includes(kind) });
}

const NO_EMPTY_DIRECTORIES: Rule = {
  name: "no-empty-directories",
  says: "directories without any file in them are left out",
  knownOf: "git; archives of a list of files",
  isOneWay: true,
  changes: ["presence"],
  ways: () => [{ apply: withoutEmptyDirectories }],
};

function withoutEmptyDirectories<File>(tree: Tree<File>): Tree<File> {
  const filled = new Set<Directory>([tree.root]);
  const above: Directory[] = [];
  for (const { node, depth } of walk(tree)) {
    above.length = depth;
    if (node.kind === "directory") {
      above.push(node);
      continue;
    }
    for (let i = above.length - 1; i > 0 && !filled.has(above[i]!); i--) filled.add(above[i]!);
  }
  return rebuildTree(tree, {
    entries: ({ entries }) =>
      entries.filter(({ node }) => typeof node === "number" || filled.has(node)),
  });
}

const TEXT_NAMES: Rule = {
  name: "text-names",
  says: "bytes of names that are no UTF-8 become U+FFFD",
  knownOf: "whatever keeps names in JSON: tables of zstd:chunked layers, tools that print JSON",
  changes: ["presence", "target"],
  ways: () => [{ apply: textNames }],
};

function textNames<File>(tree: Tree<File>): Tree<File> {
  const { root } = rebuildTree(tree, { entries: ({ entries }) => textEntries(entries) });
  const leaves = tree.leaves.map((leaf) =>
    leaf.kind === "symlink" ? { ...leaf, target: asText(leaf.target) } : leaf
  );
  return { root, leaves };
}

/** @throws {TreeError} If two names become one. */
function textEntries(entries: readonly Entry[]): readonly Entry[] {
  const renamed = entries.map(({ name, node }) => ({ name: asText(name), node }))
    .sort((a, b) => compareBytes(a.name, b.name));
  for (const [i, { name }] of renamed.entries()) {
    if (i === 0 || !equalBytes(name, renamed[i - 1]!.name)) continue;
    throw new TreeError("invalid", `Cannot use ${quote(name)}: it is there twice`, name);
  }
  return renamed;
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

function asText(name: Uint8Array): Uint8Array {
  const text = utf8(DECODER.decode(name));
  return equalBytes(text, name) ? name : text;
}

/** In the order in which they are applied. */
export const NAME_RULES: readonly Rule[] = [TEXT_NAMES, NO_DEVICES, NO_EMPTY_DIRECTORIES];

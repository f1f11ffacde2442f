/**
 * Rules about hard links, SELinux labels, and directories that somebody makes up.
 *
 * @module
 */

import { latin1, utf8 } from "../bytes/text.ts";
import { bootTree, type SealedXattrs, sealTree } from "../layers/seal.ts";
import { labelTree } from "../selinux/label_tree.ts";
import { readPolicy } from "../selinux/policy.ts";
import { changeTree } from "../tree/change_tree.ts";
import { findEntry } from "../tree/growing_directory.ts";
import { countLinks, dropNameless, rebuildTree, withLeaves } from "../tree/rebuild_tree.ts";
import type { Content, Directory, Entry, Leaf, Stat, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { nameCounts } from "../tree/walk.ts";
import { kindTimes } from "./_time_rules.ts";
import type { Aspect, Rule, RuleCase, Way } from "./rule.ts";

const OF_DIRECTORIES: readonly Aspect[] = ["mode", "owner", "time", "xattrs"];

const SPLIT_LINKS: Rule = {
  name: "split-links",
  says: "names of one file become files of their own",
  knownOf:
    "mkcomposefs of a directory, and composefs create without --hardlinks; rsync without -H, cp -r, git, ostree checkout",
  changes: ["links"],
  ways: () => [{ apply: splitLinks }],
};

function splitLinks<File>(tree: Tree<File>): Tree<File> {
  const counts = nameCounts(tree);
  const leaves: Leaf<File>[] = tree.leaves.map((leaf) => alone(leaf));
  if (counts === undefined) return withLeaves(tree, leaves);
  const met = new Uint8Array(tree.leaves.length);
  const own = (number: number): number => {
    if (met[number] === 0) {
      met[number] = 1;
      return number;
    }
    // Rules tell files by their metadata, which those that come after may change.
    const leaf = leaves[number]!;
    return leaves.push({ ...leaf, stat: { ...leaf.stat } }) - 1;
  };
  const { root } = rebuildTree({ root: tree.root, leaves }, {
    entries: ({ entries }) =>
      entries.map(({ name, node }) => ({
        name,
        node: typeof node === "number" ? own(node) : node,
      })),
  });
  return { root, leaves };
}

function alone<File>(leaf: Leaf<File>): Leaf<File> {
  const { stat } = leaf;
  return stat.nlink === 1 ? leaf : { ...leaf, stat: { ...stat, nlink: 1 } };
}

const ROOT_AS_USR: Rule = {
  name: "root-as-usr",
  sealing: "part",
  says: "the root has the metadata of /usr",
  knownOf: "composefs-rs, for every image of layers",
  changes: OF_DIRECTORIES,
  ways: ({ tree }) =>
    findDirectory(tree, "usr") === undefined
      ? []
      : [rootWay((tree) => directoryAt(tree, "usr").stat)],
};

/** A way that gives the root other metadata. */
function rootWay(make: (tree: Tree<Content>) => Stat, text: Omit<Way, "apply"> = {}): Way {
  return {
    ...text,
    apply: (tree) => {
      // Rules tell files by their metadata, so the root gets some of its own.
      const stat = { ...make(tree) };
      return rebuildTree(tree, {
        stat: (directory, names) => names.length === 0 ? stat : directory.stat,
      });
    },
  };
}

const MADE_UP_ROOT: Rule = {
  name: "made-up-root",
  says: "the root, which no layer describes, has metadata of its own",
  knownOf:
    "Podman, where it is 0555 and as old as the pull; umoci, where it is 0755 and as old as the unpacking; bsdtar, which does not restore the time of the directory that it is to fill (seen with 3.6.2)",
  changes: OF_DIRECTORIES,
  *ways({ towards }) {
    if (towards !== undefined) {
      yield rootWay(() => towards.tree.root.stat, {
        isCopied: true,
        detail: "as the other has it",
      });
      return;
    }
    for (const mode of [0o755, 0o555]) {
      const known = { mode, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0 };
      yield rootWay(({ root }) => ({ ...root.stat, ...known }), {
        detail: `${mode.toString(8)}, of root, at time 0`,
      });
    }
  },
};

const LINK_PERMISSIONS: Rule = {
  name: "link-permissions",
  says: "files with several names have the permissions of another of their entries in the layer",
  knownOf: "buildah and Podman, which act on the header of each hard link (seen with buildah 1.28)",
  changes: ["mode"],
  ways: ({ towards }) => {
    const modes = new Map<Stat, number>();
    for (const { before, after } of towards?.differences ?? []) {
      if (before === undefined || before.kind === "directory" || before.stat.nlink < 2) continue;
      if (after?.kind === before.kind) modes.set(before.stat, after.stat.mode);
    }
    return modes.size === 0 ? [] : [{
      isCopied: true,
      detail: "as the other has them",
      apply: (tree) =>
        changeTree(tree, { stat: (stat) => ({ ...stat, mode: modes.get(stat) ?? stat.mode }) }),
    }];
  },
};

const DIRECTORY_TIMES: Rule = {
  name: "directory-times",
  says: "directories have times of their own",
  knownOf:
    "umoci and Podman, for directories that layers imply and do not describe, or change anything in; unpackers that set a directory's time before they fill it",
  changes: ["time"],
  ways: ({ towards }) => kindTimes("directory", towards),
};

const RUN_EMPTIED: Rule = {
  name: "run-emptied",
  sealing: "part",
  says: "/run is empty and has the time of /usr",
  knownOf: "composefs-rs, for every image of layers",
  changes: ["presence", "time", "links"],
  ways: ({ tree }) =>
    hasDirectories(tree, "usr", "run")
      ? [{ apply: (tree) => empty(tree, ["run"], directoryAt(tree, "usr").stat) }]
      : [],
};

const BOOT_EMPTIED: Rule = {
  name: "boot-emptied",
  sealing: "more",
  says: "/boot and /sysroot are empty and have the time of /usr",
  knownOf: "composefs-rs, for images to boot",
  changes: ["presence", "time", "links"],
  ways: ({ tree }) =>
    hasDirectories(tree, "usr", "boot")
      ? [
        { apply: (tree) => empty(tree, BOOT_DIRECTORIES, directoryAt(tree, "usr").stat) },
        {
          detail: "without nanoseconds, as before 0.9.3",
          apply: (tree) =>
            empty(tree, BOOT_DIRECTORIES, { ...directoryAt(tree, "usr").stat, mtimeNsec: 0 }),
        },
      ]
      : [],
};

const BOOT_DIRECTORIES: readonly string[] = ["boot", "sysroot"];

const NO_ENTRIES: readonly Entry[] = [];

/** Empties directories in the root, and gives them a time. */
function empty<File>(
  tree: Tree<File>,
  emptied: readonly string[],
  { mtime, mtimeNsec }: Stat,
): Tree<File> {
  const isEmptied = (names: readonly Uint8Array[]) =>
    names.length === 1 && emptied.includes(latin1(names[0]!));
  const made = rebuildTree(tree, {
    stat: ({ stat }, names) => isEmptied(names) ? { ...stat, mtime, mtimeNsec } : stat,
    entries: ({ entries }, names) => isEmptied(names) ? NO_ENTRIES : entries,
  });
  return countLinks(dropNameless(made));
}

const OF_SEALED: readonly Aspect[] = [...OF_DIRECTORIES, "presence", "links"];

/** Lists of xattrs that composefs-rs has options for. */
const SEALED_XATTRS: readonly SealedXattrs[] = ["allowlist-only", "keep-user-xattrs"];

/** A way for each list. */
function sealedWays(
  rules: "sealed" | "bootable",
  apply: (tree: Tree<Content>, xattrs: SealedXattrs) => Tree<Content>,
): Way[] {
  return SEALED_XATTRS.map((xattrs) => ({
    detail: `with ${xattrs}`,
    option: `--as=${rules}${xattrs === "allowlist-only" ? "" : ` --xattrs=${xattrs}`}`,
    apply: (tree) => apply(tree, xattrs),
  }));
}

const SEALED: Rule = {
  name: "sealed",
  sealing: "whole",
  says: "the tree is sealed: the root as /usr, /run empty, no xattrs but those of a list",
  knownOf: "composefs-rs, for every image of layers",
  changes: OF_SEALED,
  ways: () => sealedWays("sealed", (tree, xattrs) => sealTree(tree, { xattrs })),
};

const BOOTABLE: Rule = {
  name: "bootable",
  sealing: "whole",
  says:
    "the tree is sealed for booting: as sealed, with /boot and /sysroot empty, and SELinux labels of the policy in it",
  knownOf: "composefs-rs with --bootable, bootc",
  changes: OF_SEALED,
  ways: ({ readFile }) =>
    readFile === undefined
      ? []
      : sealedWays("bootable", (tree, xattrs) => bootTree(tree, { xattrs, readFile })),
};

const POLICY_LABELS: Rule = {
  name: "policy-labels",
  says: "files have the SELinux labels of the policy in the tree",
  knownOf: "composefs-rs for images to boot, setfiles, ostree and rpm-ostree commits",
  changes: ["xattrs", "links"],
  ways: ({ readFile }: RuleCase) =>
    readFile === undefined ? [] : [false, true].map((isTerminated) => ({
      detail: isTerminated
        ? "that end with a NUL, as setfiles writes them"
        : "without a NUL behind",
      apply: (tree: Tree<Content>) => labelTree(tree, readPolicy(tree, readFile), { isTerminated }),
    })),
};

/** A directory in the root that has been found there before. */
function directoryAt<File>(tree: Tree<File>, name: string): Directory {
  const directory = findDirectory(tree, name);
  if (directory !== undefined) return directory;
  throw new TreeError("invalid", `Cannot find "/${name}": no such directory`, utf8(`/${name}`));
}

function hasDirectories<File>(tree: Tree<File>, ...names: readonly string[]): boolean {
  return names.every((name) => findDirectory(tree, name) !== undefined);
}

function findDirectory<File>({ root }: Tree<File>, name: string): Directory | undefined {
  const node = findEntry(root.entries, utf8(name))?.node;
  return typeof node === "number" ? undefined : node;
}

/** Those that replace what others do bit by bit; before them. */
export const WHOLE_RULES: readonly Rule[] = [SEALED, BOOTABLE];

/** In the order in which they are applied. */
export const TREE_RULES: readonly Rule[] = [
  RUN_EMPTIED,
  BOOT_EMPTIED,
  SPLIT_LINKS,
  POLICY_LABELS,
];

/** After the rules for all files, since they make some different. */
export const DIRECTORY_RULES: readonly Rule[] = [
  ROOT_AS_USR,
  MADE_UP_ROOT,
  DIRECTORY_TIMES,
  LINK_PERMISSIONS,
];

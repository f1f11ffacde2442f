/**
 * What composefs-rs makes of a tree before it seals it as an image, so that the same container has the same
 * identifier wherever it comes from: layers, or a directory that they were unpacked to.
 *
 * The root takes the metadata of `/usr`, since layers and engines disagree on it; `/run` is empty, as it is on a
 * running system; xattrs that a build leaves behind are dropped. A bootable image also has nothing in `/boot`, which
 * may hold its own identifier, and in `/sysroot`, and the SELinux contexts of the policy it brings along.
 *
 * @see composefs-rs 0.9.4, `crates/composefs/src/generic_tree.rs`, `crates/composefs-boot/src/lib.rs`
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { labelTree } from "../selinux/label_tree.ts";
import { readPolicy, type ReadPolicyFile } from "../selinux/policy.ts";
import { findEntry } from "../tree/growing_directory.ts";
import { selectXattrs } from "../tree/select_xattrs.ts";
import type { XattrFilter } from "../tree/source.ts";
import { countLinks, dropNameless, rebuildTree } from "../tree/rebuild_tree.ts";
import type { Directory, Stat, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { parseXattrPatterns } from "../tree/xattr_patterns.ts";

/**
 * Which xattrs of a container stay in a sealed image: `security.capability` alone, or those in `user.` too. The
 * names are those of composefs-rs's option `--xattrs`.
 */
export type SealedXattrs = "allowlist-only" | "keep-user-xattrs";

/** How {@linkcode sealTree} goes about it. */
export interface SealOptions {
  /**
   * Which xattrs stay, of those that the tree has from the start. Default `"allowlist-only"`; any but the two words
   * makes an image that composefs-rs does not make.
   */
  readonly xattrs?: SealedXattrs | XattrFilter | undefined;
}

/** How {@linkcode bootTree} goes about it. */
export interface BootOptions<File> extends SealOptions {
  /** Gives the contents of files for which `isPolicyPath` is true. */
  readonly readFile: ReadPolicyFile<File>;
}

/**
 * Makes of a tree what composefs-rs seals.
 *
 * @returns Another tree, without form; link counts are the numbers of names.
 * @throws {TreeError} If `/usr` is missing, or it or `/run` is no directory.
 *
 * @example The root is as /usr
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryNode, memoryTree, scanTree, sealTree } from "composefs-ts";
 *
 * const source = memoryTree({ "usr": new MemoryNode({}, { mode: 0o711 }), "run": { "lock": "" } });
 * const sealed = sealTree(scanTree(source, ({ size }) => size));
 * assertEquals(sealed.root.stat.mode, 0o711);
 * assertEquals(sealed.leaves.length, 0);
 * ```
 */
export function sealTree<File>(tree: Tree<File>, options: SealOptions = {}): Tree<File> {
  return seal(tree, [], options);
}

/**
 * Makes of a tree what composefs-rs seals as a bootable image: {@linkcode sealTree}, and what is for booting.
 *
 * @returns Another tree, without form; link counts are the numbers of names.
 * @throws {TreeError} If `/usr`, `/boot` or `/sysroot` is missing, or one of them or `/run` is no directory.
 * @throws {SelinuxPolicyError} If the tree has an SELinux policy that cannot be read.
 */
export function bootTree<File>(tree: Tree<File>, options: BootOptions<File>): Tree<File> {
  const bootable = seal(tree, ["boot", "sysroot"], options);
  return labelTree(bootable, readPolicy(bootable, options.readFile));
}

/** The sealed tree, in which directories are empty that have to be there. */
function seal<File>(
  tree: Tree<File>,
  names: readonly string[],
  { xattrs = "allowlist-only" }: SealOptions,
): Tree<File> {
  const usr = directoryAt(tree, "usr");
  const run = findDirectory(tree, "run");
  const directories = names.map((name) => directoryAt(tree, name));
  if (run !== undefined) directories.push(run);
  const keptXattrs = xattrFilter(xattrs);
  const emptied = new Set(directories);
  const stats = timesOf(usr, directories).set(tree.root, usr.stat);
  const select = (stat: Stat) => ({ ...stat, xattrs: selectXattrs(stat.xattrs, keptXattrs) });
  const rebuilt = rebuildTree(tree, {
    stat: (directory) => select(stats.get(directory) ?? directory.stat),
    entries: (directory) => emptied.has(directory) ? [] : directory.entries,
  });
  const { root, leaves } = dropNameless(rebuilt);
  return countLinks({
    root,
    leaves: leaves.map((leaf) => ({ ...leaf, stat: select(leaf.stat) })),
  });
}

/** The words of composefs-rs are lists of patterns, as others know them. */
function xattrFilter(xattrs: SealedXattrs | XattrFilter): XattrFilter {
  return xattrs === "allowlist-only" || xattrs === "keep-user-xattrs"
    ? parseXattrPatterns(utf8(xattrs))
    : xattrs;
}

/** A directory in the root that has to be there. */
function directoryAt<File>(tree: Tree<File>, name: string): Directory {
  const directory = findDirectory(tree, name);
  if (directory === undefined) throw refusal(name, "no such directory");
  return directory;
}

/** A directory in the root; undefined if nothing is there. */
function findDirectory<File>({ root, leaves }: Tree<File>, name: string): Directory | undefined {
  const node = findEntry(root.entries, utf8(name))?.node;
  if (typeof node !== "number") return node;
  throw refusal(name, `a ${leaves[node]!.kind}, expected a directory`);
}

function refusal(name: string, state: string): TreeError {
  return new TreeError("invalid", `Cannot seal the tree: "/${name}": ${state}`, utf8(`/${name}`));
}

/** Metadata of directories, with the time of another one. */
function timesOf(usr: Directory, directories: readonly Directory[]): Map<Directory, Stat> {
  const { mtime, mtimeNsec } = usr.stat;
  return new Map(directories.map((each) => [each, { ...each.stat, mtime, mtimeNsec }]));
}

/**
 * The gate before the image writer: a tree that passed here can be written.
 *
 * What a scan or a dump file gives has a tree's form, though a file system may say anything of a file; a
 * tree that a library user built by hand may be anything its types allow. Behind the gate nothing is
 * checked again.
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import { latin1, quote } from "../bytes/text.ts";
import { findEntry } from "../tree/growing_directory.ts";
import {
  MAX_EXTERNAL_SIZE,
  MAX_INLINE_SIZE,
  payloadProblem,
  targetProblem,
  XATTR_BASE_COST,
  xattrCost,
  xattrProblem,
} from "../tree/limits.ts";
import { nameProblem } from "../tree/name.ts";
import type { Content, Directory, Leaf, Stat, Tree } from "../tree/tree.ts";
import { TreeError } from "../tree/tree_error.ts";
import { TreeWalk } from "../tree/walk.ts";

/**
 * Checks that a tree can be made into an image.
 *
 * @throws {TreeError} If it cannot; the message names the path and what was expected there.
 */
export function validateTree(tree: Tree<Content>): void {
  const directories = new Set<Directory>();
  checkNodes(tree, { directories, fileProblem: contentProblem });
  checkForm(tree, directories);
}

/**
 * Checks the same of a tree that a scan has made: each directory stands at one place of it, and numbers lead
 * to leaves.
 *
 * @throws {TreeError} As {@linkcode validateTree}.
 */
export function validateScannedTree<File>(tree: Tree<File>): void {
  checkNodes(tree, {});
}

/** What else is checked. */
interface MoreChecks<File> {
  /** Gets all directories, none of which may be met twice. */
  readonly directories?: Set<Directory>;
  fileProblem?(file: File): string | undefined;
}

/** Checks each file by itself, each name with its neighbours, and in other ways. */
function checkNodes<File>(
  tree: Tree<File>,
  { directories, fileProblem }: MoreChecks<File>,
): void {
  const met = new Uint8Array(tree.leaves.length);
  /** The last name met at each depth. */
  const previous: (Uint8Array | undefined)[] = [];
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    const { node, name, depth, leaf } = walk;
    let problem = depth > 0 ? nameProblem(name) ?? orderProblem(name, previous[depth]) : undefined;
    previous[depth] = name;
    if (node.kind === "directory") {
      previous[depth + 1] = undefined;
      if (directories?.has(node)) {
        problem ??= "the same directory stands at another place of the tree";
      }
      directories?.add(node);
      problem ??= statProblem(node.stat);
    } else if (met[leaf] === 0) {
      met[leaf] = 1;
      problem ??= statProblem(node.stat) ?? leafProblem(node, fileProblem);
    }
    if (problem !== undefined) throw refusal(walk.path, problem);
  }
  const nameless = met.indexOf(0);
  if (nameless >= 0) throw refusal(ROOT, `no name leads to file ${nameless} of ${met.length}`);
}

const ROOT = Uint8Array.of(0x2f);

function checkForm({ leaves, form }: Tree<Content>, directories: ReadonlySet<Directory>): void {
  for (const [leaf, { directory, name }] of form?.homes ?? []) {
    if (directories.has(directory) && findEntry(directory.entries, name)?.node === leaf) continue;
    throw refusal(
      name,
      `it is no name of file ${leaf} of ${leaves.length}, and cannot be its home`,
    );
  }
}

function refusal(path: Uint8Array, state: string): TreeError {
  const message = `Cannot make an image of ${quote(path)}: ${state}`;
  return new TreeError("invalid", message, path.slice());
}

function orderProblem(name: Uint8Array, previous: Uint8Array | undefined): string | undefined {
  return previous !== undefined && compareBytes(previous, name) >= 0
    ? "entries are not in ascending byte order of their names"
    : undefined;
}

function leafProblem<File>(
  leaf: Leaf<File>,
  fileProblem: MoreChecks<File>["fileProblem"],
): string | undefined {
  switch (leaf.kind) {
    case "regular":
      return fileProblem?.(leaf.file);
    case "symlink":
      return targetProblem(leaf.target);
    default:
      return u32Problem(leaf.rdev, "device number");
  }
}

function contentProblem(file: Content): string | undefined {
  if (file.kind === "inline") {
    const { length } = file.bytes;
    return length > MAX_INLINE_SIZE
      ? `inline content size ${length} exceeds maximum ${MAX_INLINE_SIZE}`
      : undefined;
  }
  const { size, path } = file;
  if (!Number.isInteger(size) || size < 1 || size > MAX_EXTERNAL_SIZE) {
    return `size ${size}, expected 1 to ${MAX_EXTERNAL_SIZE}`;
  }
  return path === undefined ? undefined : payloadProblem(path);
}

function statProblem(stat: Stat): string | undefined {
  if ((stat.mode & 0o7777) !== stat.mode) {
    return `mode 0${stat.mode.toString(8)}, expected permissions 0 to 07777`;
  }
  return u32Problem(stat.uid, "uid") ?? u32Problem(stat.gid, "gid") ??
    u32Problem(stat.nlink, "link count") ?? u32Problem(stat.mtimeNsec, "nanoseconds") ??
    secondsProblem(stat.mtime) ?? (stat.xattrs.length > 0 ? xattrsProblem(stat) : undefined);
}

function u32Problem(value: number, what: string): string | undefined {
  return value >>> 0 === value ? undefined : `${what} ${value}, expected 0 to 4294967295`;
}

/** A bigint is for what a number cannot hold: two spellings of one time would not compare equal. */
function secondsProblem(mtime: number | bigint): string | undefined {
  const valid = typeof mtime === "number"
    ? Number.isSafeInteger(mtime)
    : BigInt.asIntN(64, mtime) === mtime && !Number.isSafeInteger(Number(mtime));
  return valid
    ? undefined
    : `mtime ${mtime}, expected a safe integer, or a bigint for what is none`;
}

function xattrsProblem({ xattrs }: Stat): string | undefined {
  const names = new Set<string>();
  let cost = XATTR_BASE_COST;
  for (const xattr of xattrs) {
    cost += xattrCost(xattr);
    const problem = xattrProblem(xattr, cost);
    if (problem !== undefined) return problem;
    const key = latin1(xattr.name);
    if (names.has(key) || xattr.name.includes(0)) {
      return `xattr ${quote(xattr.name)} twice, or with a NUL in its name`;
    }
    names.add(key);
  }
  return undefined;
}

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
import { binary, printable } from "../bytes/text.ts";
import { findEntry } from "../tree/growing_directory.ts";
import {
  checkName,
  checkPayload,
  checkTarget,
  checkXattrs,
  MAX_EXTERNAL_SIZE,
  MAX_INLINE_SIZE,
  MAX_XATTR_VALUE,
  XATTR_BASE_COST,
  xattrCost,
} from "../tree/limits.ts";
import type { Content, Directory, Node, Stat, Tree } from "../tree/tree.ts";
import { TreeWalk } from "../tree/walk.ts";

/**
 * Checks that a tree can be made into an image.
 *
 * @throws {RangeError} If it cannot; the message names the path and what was expected there.
 */
export function validateTree(tree: Tree<Content>): void {
  const directories = new Set<Directory>();
  checkNodes(tree, {
    file: checkContent,
    directory(directory) {
      const { size } = directories;
      if (directories.add(directory).size === size) {
        throw new SyntaxError("the same directory stands at another place of the tree");
      }
    },
  });
  checkForm(tree, directories);
}

/**
 * Checks the same of a tree that a scan has made: each directory stands at one place of it, and numbers lead
 * to leaves.
 *
 * @throws {RangeError} As {@linkcode validateTree}.
 */
export function validateScannedTree<File>(tree: Tree<File>): void {
  checkNodes(tree, {});
}

/** What else is checked. */
interface MoreChecks<File> {
  directory?(directory: Directory): void;
  file?(file: File): void;
}

/** Checks each file by itself, each name with its neighbours, and in other ways. */
function checkNodes<File>(tree: Tree<File>, more: MoreChecks<File>): void {
  const walk = new TreeWalk(tree);
  try {
    checkAll(walk, tree.leaves.length, more);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refusal(walk.path, error.message, error);
  }
}

function checkAll<File>(
  walk: TreeWalk<File>,
  leaves: number,
  more: MoreChecks<File>,
): void {
  const met = new Uint8Array(leaves);
  /** The last name met at each depth. */
  const previous: (Uint8Array | undefined)[] = [];
  while (walk.next()) {
    const { node, name, depth, leaf } = walk;
    if (depth > 0) {
      checkOrder(name, previous[depth]);
      previous[depth] = name;
    }
    if (node.kind === "directory") {
      more.directory?.(node);
      previous[depth + 1] = undefined;
    } else if (met[leaf] === 0) {
      met[leaf] = 1;
    } else continue;
    checkStat(node.stat);
    checkNode(node, more);
  }
  const nameless = met.indexOf(0);
  if (nameless >= 0) throw refusal(ROOT, `no name leads to file ${nameless} of ${leaves}`);
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

function refusal(path: Uint8Array, state: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot make an image of "${printable(path)}": ${state}`, { cause });
}

function checkOrder(name: Uint8Array, previous: Uint8Array | undefined): void {
  checkName(name);
  if (previous !== undefined && compareBytes(previous, name) >= 0) {
    throw new SyntaxError("entries are not in ascending byte order of their names");
  }
}

function checkNode<File>(node: Node<File>, { file }: MoreChecks<File>): void {
  switch (node.kind) {
    case "directory":
      return;
    case "regular":
      return file?.(node.file);
    case "symlink":
      return checkTarget(node.target);
    default:
      return checkU32(node.rdev, "device number");
  }
}

function checkContent(file: Content): void {
  if (file.kind === "inline") {
    if (file.bytes.length <= MAX_INLINE_SIZE) return;
    throw new SyntaxError(
      `inline content size ${file.bytes.length} exceeds maximum ${MAX_INLINE_SIZE}`,
    );
  }
  if (!Number.isInteger(file.size) || file.size < 1 || file.size > MAX_EXTERNAL_SIZE) {
    throw new SyntaxError(`size ${file.size}, expected 1 to ${MAX_EXTERNAL_SIZE}`);
  }
  if (file.path !== undefined) checkPayload(file.path);
}

function checkStat(stat: Stat): void {
  if ((stat.mode & 0o7777) !== stat.mode) {
    throw new SyntaxError(`mode 0${stat.mode.toString(8)}, expected permissions 0 to 07777`);
  }
  checkU32(stat.uid, "uid");
  checkU32(stat.gid, "gid");
  checkU32(stat.nlink, "link count");
  checkU32(stat.mtimeNsec, "nanoseconds");
  checkSeconds(stat.mtime);
  if (stat.xattrs.length > 0) checkAllXattrs(stat);
}

function checkU32(value: number, what: string): void {
  if (value >>> 0 !== value) throw new SyntaxError(`${what} ${value}, expected 0 to 4294967295`);
}

/** A bigint is for what a number cannot hold: two spellings of one time would not compare equal. */
function checkSeconds(mtime: number | bigint): void {
  const valid = typeof mtime === "number"
    ? Number.isSafeInteger(mtime)
    : BigInt.asIntN(64, mtime) === mtime && !Number.isSafeInteger(Number(mtime));
  if (!valid) {
    throw new SyntaxError(`mtime ${mtime}, expected a safe integer, or a bigint for what is none`);
  }
}

function checkAllXattrs(stat: Stat): void {
  const names = new Set<string>();
  let cost = XATTR_BASE_COST;
  for (const xattr of stat.xattrs) {
    cost += xattrCost(xattr);
    checkXattrs(xattr, cost);
    if (xattr.value.length > MAX_XATTR_VALUE) {
      throw new SyntaxError(`xattr value of ${xattr.value.length} bytes, expected at most 65535`);
    }
    const key = binary(xattr.name);
    if (names.has(key) || xattr.name.includes(0)) {
      throw new SyntaxError(`xattr "${printable(xattr.name)}" twice, or with a NUL in its name`);
    }
    names.add(key);
  }
}

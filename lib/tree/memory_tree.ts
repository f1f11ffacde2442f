/**
 * A source tree made of JavaScript values: for tests, and for library users who have no directory.
 *
 * @module
 */

import { quote, utf8 } from "../bytes/text.ts";
import type { ListOptions, SourceEntry, SourceInfo, SourceTree, XattrFilter } from "./source.ts";
import { type File, memoryFile } from "../file/file.ts";
import { selectXattrs } from "./select_xattrs.ts";
import type { Stat, Xattr } from "./tree.ts";
import { TreeError, type TreeErrorCode } from "./tree_error.ts";

/** Metadata of a file in memory; what is absent is 0, or 0644, 0755 and 0777 for `mode`. */
export interface MemoryStat {
  /** Permissions: the low twelve bits of `st_mode`. */
  readonly mode?: number;
  /** Owner. */
  readonly uid?: number;
  /** Group. */
  readonly gid?: number;
  /** Modification time in seconds since the epoch. */
  readonly mtime?: number | bigint;
  /** Nanoseconds of the modification time. */
  readonly mtimeNsec?: number;
  /** Extended attributes, no name twice. */
  readonly xattrs?: readonly Xattr[];
}

/** A file in memory: contents (a string is UTF-8), a directory's files by name, or one with metadata. */
export type MemoryFile =
  | string
  | Uint8Array
  | MemoryDirectory
  | MemoryNode;

/** Files by name, a name being UTF-8. */
export type MemoryDirectory = { readonly [name: string]: MemoryFile };

/** A file with metadata. */
export class MemoryNode {
  /** Its metadata. */
  readonly stat: MemoryStat;
  /** Contents, entries, or the target of a symbolic link. */
  readonly file: string | Uint8Array | MemoryDirectory | { readonly target: Uint8Array };

  /** Puts a file and its metadata together. */
  constructor(file: MemoryNode["file"], stat: MemoryStat = {}) {
    this.file = file;
    this.stat = stat;
  }
}

/**
 * Makes a source tree of values.
 *
 * @example Two files
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryTree, scanTree } from "composefs-ts";
 *
 * const tree = scanTree(memoryTree({ "a": "hello", "sub": { "b": "world" } }), ({ size }) => size);
 * assertEquals(tree.root.entries.length, 2);
 * assertEquals(tree.leaves.map((leaf) => leaf.kind), ["regular", "regular"]);
 * ```
 */
export function memoryTree(root: MemoryDirectory | MemoryNode): SourceTree {
  return new MemoryTree(root);
}

class MemoryTree implements SourceTree {
  readonly #root: MemoryDirectory | MemoryNode;

  constructor(root: MemoryDirectory | MemoryNode) {
    this.#root = root;
  }

  root(xattrs: XattrFilter): SourceInfo {
    return sourceInfo(this.#root, xattrs);
  }

  list(path: Uint8Array, { xattrs, isExcluded }: ListOptions): SourceEntry[] {
    const { file } = asNode(this.#find(path));
    if (!isDirectory(file)) throw refusal("not-a-directory", "list", path, ": no directory");
    const entries = Object.entries(file).map(([name, child]) => ({
      name: utf8(name),
      ...sourceInfo(child, xattrs),
    }));
    return entries.filter(({ name, kind }) => !isExcluded?.(name, kind === "directory"));
  }

  open(path: Uint8Array): File {
    const { file } = asNode(this.#find(path));
    if (typeof file !== "string" && !(file instanceof Uint8Array)) {
      throw refusal("not-a-file", "open", path, ": no regular file");
    }
    return memoryFile(typeof file === "string" ? utf8(file) : file);
  }

  #find(path: Uint8Array): MemoryFile {
    let found: MemoryFile | undefined = this.#root;
    const names = new TextDecoder().decode(path).split("/").filter((name) => name !== "");
    for (const name of names) {
      const { file } = asNode(found);
      found = isDirectory(file) && Object.hasOwn(file, name)
        ? (file as MemoryDirectory)[name]
        : undefined;
      if (found === undefined) throw refusal("not-found", "find", path, "");
    }
    return found;
  }
}

function refusal(code: TreeErrorCode, verb: string, path: Uint8Array, state: string): TreeError {
  return new TreeError(code, `Cannot ${verb} ${quote(path)}${state}`, path);
}

function asNode(file: MemoryFile): MemoryNode {
  return file instanceof MemoryNode ? file : new MemoryNode(file);
}

function isDirectory(file: MemoryNode["file"]): file is MemoryDirectory {
  return typeof file === "object" && !(file instanceof Uint8Array) && !isSymlink(file);
}

function isSymlink(file: MemoryNode["file"]): file is { readonly target: Uint8Array } {
  return typeof file === "object" && "target" in file && file.target instanceof Uint8Array;
}

function sourceInfo(file: MemoryFile, filter: XattrFilter): SourceInfo {
  const node = asNode(file);
  const { uid = 0, gid = 0, mtime = 0, mtimeNsec = 0, xattrs = [] } = node.stat;
  const stat = (mode: number): Stat => ({
    mode: node.stat.mode ?? mode,
    uid,
    gid,
    nlink: 1,
    mtime,
    mtimeNsec,
    xattrs: selectXattrs(xattrs, filter),
  });
  if (isSymlink(node.file)) {
    const { target } = node.file;
    return { kind: "symlink", size: target.length, rdev: 0, target, stat: stat(0o777) };
  }
  if (isDirectory(node.file)) return { kind: "directory", size: 0, rdev: 0, stat: stat(0o755) };
  const bytes = typeof node.file === "string" ? utf8(node.file) : node.file;
  return { kind: "regular", size: bytes.length, rdev: 0, stat: stat(0o644) };
}

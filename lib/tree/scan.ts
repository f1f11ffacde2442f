/**
 * Reads a directory tree: names, metadata and xattrs of everything, contents of nothing.
 *
 * Works as mkcomposefs 1.0.8 does: mount points are crossed unless they are not to be, no symlink is followed, and
 * every name becomes a file of its own with link count 1 unless hard links are asked for.
 *
 * @module
 */

import { compareBytes } from "../bytes/compare.ts";
import { quote } from "../bytes/text.ts";
import type { Excludes, ExcludeState } from "./excludes.ts";
import type { Fingerprints, SourceEntry, SourceInfo, SourceTree, XattrFilter } from "./source.ts";
import type { Directory, Entry, Leaf, Stat, Tree } from "./tree.ts";
import { TreeError } from "./tree_error.ts";

/** What of the source is taken. */
export interface ScanOptions {
  /** Which extended attributes are read. Default `"all"`. */
  readonly xattrs?: XattrFilter;
  /** Leaves out block and character devices, whiteouts among them. */
  readonly skipDevices?: boolean;
  /** Leaves out names, with all below them: excluded directories are not read. */
  readonly excludes?: Excludes | undefined;
  /**
   * Stays on the file system of the root. Directories of others are there, with their own metadata, and empty; a file
   * that is mounted by itself is taken.
   */
  readonly oneFileSystem?: boolean;
  /** Gives every file the modification time 0. */
  readonly useEpoch?: boolean;
  /** Takes the fingerprints of regular files. */
  readonly fingerprints?: Fingerprints | undefined;
  /** Keeps hard links: several names of one file stay one file. */
  readonly hardLinks?: boolean;
  /** Told the number of entries found, from time to time. */
  readonly onScan?: (entries: number) => void;
}

/**
 * Scans a source.
 *
 * @param take Given each regular file as it is found, with the path of its directory; of one that has several
 * names, the first. What it returns is the file in the tree.
 * @throws {TreeError} If the root is not a directory.
 *
 * @example The sizes of files
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryTree, scanTree } from "composefs-ts";
 *
 * const { leaves } = scanTree(memoryTree({ "a": "hello" }), ({ size }) => size);
 * assertEquals(leaves[0]!.kind === "regular" && leaves[0]!.file, 5);
 * ```
 */
export function scanTree<File>(
  source: SourceTree,
  take: (file: SourceEntry, directory: Uint8Array) => File,
  options: ScanOptions = {},
): Tree<File> {
  return new Scan(source, take, options).run();
}

/** A directory whose entries are being filled in from its listing. */
interface Level {
  readonly entries: Entry[];
  readonly listing: readonly SourceEntry[];
  readonly path: Uint8Array;
  /** How far patterns have come here, if there are any. */
  readonly state: ExcludeState;
  next: number;
}

type MutableStat = { -readonly [Field in keyof Stat]: Stat[Field] };

const ROOT_PATH = new Uint8Array();
const NO_STATE: ExcludeState = [];
const SLASH = 0x2f;

class Scan<File> {
  readonly #source: SourceTree;
  readonly #take: (file: SourceEntry, directory: Uint8Array) => File;
  readonly #options: ScanOptions;
  readonly #leaves: Leaf<File>[] = [];
  readonly #links = new Map<string, { readonly leaf: number; readonly stat: MutableStat }>();
  /** Files with several names, each of which is taken only once even where it becomes several files. */
  readonly #files = new Map<string, { readonly size: number; readonly file: File }>();
  readonly #levels: Level[] = [];
  /** That of the root, if the scan stays on it. */
  #fileSystem: number | undefined;
  #count = 0;

  constructor(
    source: SourceTree,
    take: (file: SourceEntry, directory: Uint8Array) => File,
    options: ScanOptions,
  ) {
    this.#source = source;
    this.#take = take;
    this.#options = options;
  }

  run(): Tree<File> {
    const found = this.#source.root(this.#options.xattrs ?? "all");
    if (found.kind !== "directory") {
      throw new TreeError(
        "not-a-directory",
        `Cannot make an image of a ${found.kind} file: expected a directory`,
        ROOT_PATH,
      );
    }
    if (this.#options.oneFileSystem) this.#fileSystem = found.fileSystem;
    const { excludes } = this.#options;
    const root = this.#enter(found, ROOT_PATH, excludes?.root ?? NO_STATE);
    // Depth first, so that the first name of a hard-linked file is also the first that a walk comes to.
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.listing[level.next++];
      if (entry === undefined) {
        this.#levels.pop();
        continue;
      }
      const node = entry.kind === "directory"
        ? this.#enter(
          entry,
          joinName(level.path, entry.name),
          excludes?.enter(level.state, entry.name) ?? NO_STATE,
        )
        : this.#leaf(entry, level.path);
      level.entries.push({ name: entry.name, node });
    }
    return { root, leaves: this.#leaves };
  }

  #enter(found: SourceInfo, path: Uint8Array, state: ExcludeState): Directory {
    const { excludes } = this.#options;
    const entries: Entry[] = [];
    const directory: Directory = { kind: "directory", stat: this.#stat(found), entries };
    if (this.#fileSystem !== undefined && found.fileSystem !== this.#fileSystem) return directory;
    const listing = this.#source.list(path, {
      xattrs: this.#options.xattrs ?? "all",
      skipDevices: this.#options.skipDevices ?? false,
      isExcluded: excludes && ((name, isDirectory) => excludes.has(state, name, isDirectory)),
      fingerprints: this.#options.fingerprints,
    });
    listing.sort((a, b) => compareBytes(a.name, b.name));
    this.#levels.push({ entries, listing, path, state, next: 0 });
    this.#count += listing.length;
    this.#options.onScan?.(this.#count);
    return directory;
  }

  /** Puts a file into the table; returns its number. */
  #leaf(found: SourceEntry, directory: Uint8Array): number {
    if (this.#options.hardLinks && found.fileId !== undefined) {
      return this.#linked(found, directory, found.fileId);
    }
    return this.#leaves.push(this.#newLeaf(found, directory, this.#stat(found))) - 1;
  }

  /** A file that has several names, of which this may be the first. */
  #linked(found: SourceEntry, directory: Uint8Array, id: string): number {
    const known = this.#links.get(id);
    if (known !== undefined) {
      known.stat.nlink++;
      return known.leaf;
    }
    const stat = { ...this.#stat(found) };
    const leaf = this.#leaves.push(this.#newLeaf(found, directory, stat)) - 1;
    this.#links.set(id, { leaf, stat });
    return leaf;
  }

  #newLeaf(found: SourceEntry, directory: Uint8Array, stat: Stat): Leaf<File> {
    switch (found.kind) {
      case "regular":
        return { kind: "regular", stat, file: this.#file(found, directory) };
      case "symlink":
        if (found.target === undefined) {
          throw new TypeError(`Symlink ${quote(found.name)} is listed without its target`);
        }
        return { kind: "symlink", stat, target: found.target };
      case "directory":
        throw new TypeError(`${quote(found.name)} is no leaf`);
      default:
        return { kind: found.kind, stat, rdev: found.rdev };
    }
  }

  #file(found: SourceEntry, directory: Uint8Array): File {
    const { size, fileId } = found;
    const known = fileId === undefined ? undefined : this.#files.get(fileId);
    if (known?.size === size) return known.file;
    const file = this.#take(found, directory);
    if (fileId !== undefined) this.#files.set(fileId, { size, file });
    return file;
  }

  #stat({ stat }: SourceInfo): Stat {
    return this.#options.useEpoch ? { ...stat, mtime: 0, mtimeNsec: 0 } : stat;
  }
}

/** The path of a name in a directory, relative to the root, whose own is empty. */
export function joinName(directory: Uint8Array, name: Uint8Array): Uint8Array<ArrayBuffer> {
  if (directory.length === 0) return name.slice();
  const path = new Uint8Array(directory.length + 1 + name.length);
  path.set(directory);
  path[directory.length] = SLASH;
  path.set(name, directory.length + 1);
  return path;
}

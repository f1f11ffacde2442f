/**
 * Making a directory tree out of a tree of values: the reverse of `source_tree.ts`.
 *
 * The tree is made beside its destination, in a directory that only its owner may enter, and gets its name
 * when it is complete. Everything is made relative to open directories, by calls that follow no symbolic link,
 * so that links in the tree cannot lead these calls elsewhere.
 *
 * @module
 */

import type { File } from "../../lib/file/file.ts";
import {
  type Content,
  type Directory,
  FILE_TYPE_BITS,
  type Leaf,
  type Regular,
  type Tree,
} from "../../lib/tree/tree.ts";
import { pathOf } from "../../lib/tree/place.ts";
import { type Step, walk } from "../../lib/tree/walk.ts";
import { DirectoryCursor } from "../files/directory_cursor.ts";
import { type Attempt, checkResult } from "../sys/call.ts";
import { makeDirectory, makeNode, makeSymlink, tryLink } from "../sys/name_calls.ts";
import { Fd } from "../files/fd.ts";
import type { Linux } from "../sys/linux.ts";
import { type MetadataOptions, MetadataWriter } from "./_metadata_writer.ts";
import { BeneathOpener } from "../files/open_beneath.ts";
import { cString, joinPath, splitPath } from "../sys/path.ts";
import { Replacement } from "../files/replacement.ts";
import { O_CREAT, O_EXCL, O_PATH, O_WRONLY, PATH_MAX } from "../sys/uapi.ts";
import { ContentsWriter, resize } from "../files/write_contents.ts";

export type { MetadataOptions };

/** What is extracted, and how. */
export interface ExtractTreeOptions extends MetadataOptions {
  /**
   * Opens the contents of a regular file.
   *
   * @param path Absolute path in the tree. Valid during the call.
   */
  readonly open: (file: Regular<Content>, path: Uint8Array) => File;
  /** Leaves out block and character devices. */
  readonly skipDevices?: boolean;
  /** Told how many bytes of contents have been written so far. */
  readonly onRead?: (done: number) => void;
}

/** Permissions of what is not complete. */
const PRIVATE_DIRECTORY = 0o700;
const PRIVATE_FILE = 0o600;

/**
 * Makes a directory that holds a tree. If this throws, nothing of it is left.
 *
 * @param path Where: nothing may be there, or an empty directory.
 * @throws {SyscallError} If the kernel refuses something.
 * @throws {RangeError} If something stands in the way, or contents are not as expected.
 */
export function extractTree(
  linux: Linux,
  path: Uint8Array,
  tree: Tree<Content>,
  options: ExtractTreeOptions,
): void {
  using replacement = new Replacement(linux, path);
  new Extraction(replacement.directory, path, options).run(tree);
  replacement.publish();
}

class Extraction {
  readonly #linux: Linux;
  readonly #root: Fd;
  readonly #shownRoot: Uint8Array;
  readonly #options: ExtractTreeOptions;
  readonly #metadata: MetadataWriter;
  readonly #contents = new ContentsWriter();
  readonly #opener: BeneathOpener;
  #done = 0;

  constructor(root: Fd, shownRoot: Uint8Array, options: ExtractTreeOptions) {
    this.#linux = root.linux;
    this.#root = root;
    this.#shownRoot = shownRoot;
    this.#options = options;
    this.#metadata = new MetadataWriter(root.linux, options);
    this.#opener = new BeneathOpener(root.linux);
  }

  run(tree: Tree<Content>): void {
    this.#metadata.removeAcls(this.#root);
    this.#makeAll(tree);
    // Only now: a directory that is closed to its owner could not be filled, nor its files linked to.
    this.#finishDirectories(tree);
  }

  #makeAll(tree: Tree<Content>): void {
    using cursor = new DirectoryCursor(this.#root);
    for (const step of walk(tree)) {
      if (step.depth === 0) continue;
      this.#linux.signals.check();
      while (cursor.depth >= step.depth) cursor.leave().close();
      const { node } = step;
      const shown = this.#shown(step.path);
      if (node.kind === "directory") {
        makeDirectory(cursor.directory, cString(step.name), PRIVATE_DIRECTORY, creating(shown));
        cursor.enter(step.name, shown);
      } else if (!this.#isSkipped(node)) {
        if (step.again !== undefined) {
          this.#link(pathOf(step.again), cursor.directory, step.name, shown);
        } else this.#makeLeaf(node, step, cursor.directory, shown);
      }
    }
    while (cursor.depth > 0) cursor.leave().close();
  }

  #isSkipped({ kind }: Leaf<Content>): boolean {
    return (this.#options.skipDevices ?? false) && (kind === "block" || kind === "character");
  }

  #makeLeaf(
    node: Leaf<Content>,
    { name, path }: Step<Content>,
    directory: Fd,
    shown: Uint8Array,
  ): void {
    const { kind, stat } = node;
    if (node.kind === "regular") {
      using source = isSparse(node) ? undefined : this.#options.open(node, path);
      const flags = O_WRONLY | O_CREAT | O_EXCL | this.#linux.flags.O_NOFOLLOW;
      const mode = PRIVATE_FILE;
      using fd = Fd.open(this.#linux, name, { flags, mode, at: directory, shown });
      this.#fill(fd, node, source);
      this.#metadata.write({ kind, fd, shown }, stat);
      fd.close();
      return;
    }
    if (node.kind === "symlink") {
      makeSymlink(directory, cString(name), cString(node.target), creating(shown));
    } else {
      const mode = FILE_TYPE_BITS[kind] | PRIVATE_FILE;
      makeNode(directory, cString(name), mode, node.rdev, creating(shown));
    }
    this.#metadata.write({ kind, fd: directory, name, shown }, stat);
  }

  #fill(fd: Fd, { file }: Regular<Content>, source: File | undefined): void {
    if (source === undefined) {
      if (file.kind === "external") resize(fd, file.size);
      return;
    }
    this.#contents.write(source, fd, (bytes) => this.#options.onRead?.(this.#done += bytes));
  }

  #link(target: Uint8Array, directory: Fd, name: Uint8Array, shown: Uint8Array): void {
    const from = splitPath(target);
    const flags = O_PATH | this.#linux.flags.O_DIRECTORY;
    using home = this.#opener.open(this.#root, from.directory, {
      flags,
      shown: () => this.#shown(from.directory),
    });
    const to = { at: directory, name: cString(name) };
    const result = tryLink({ at: home, name: cString(from.name) }, to);
    checkResult("linkat", result, creating(shown));
  }

  /** Gives directories their metadata, each after all that is below it. */
  #finishDirectories(tree: Tree<Content>): void {
    using cursor = new DirectoryCursor(this.#root);
    const open: { readonly node: Directory; readonly shown: Uint8Array }[] = [];
    const leave = (): void => {
      const { node, shown } = open.pop()!;
      // From the directory above: this one may be about to be closed to its owner.
      using fd = cursor.leave();
      this.#metadata.write({ kind: "directory", fd, shown }, node.stat);
    };
    for (const step of walk(tree)) {
      const { node, name, depth } = step;
      if (node.kind !== "directory" || depth === 0) continue;
      while (cursor.depth >= depth) leave();
      const shown = this.#shown(step.path);
      cursor.enter(name, shown);
      open.push({ node, shown });
    }
    while (open.length > 0) leave();
    const root = { kind: "directory", fd: this.#root, shown: this.#shownRoot } as const;
    this.#metadata.write(root, tree.root.stat);
  }

  /** A path of the tree as messages name it. They cut it long before what is kept of it ends. */
  #shown(path: Uint8Array): Uint8Array {
    return joinPath(this.#shownRoot, path.subarray(1, PATH_MAX));
  }
}

function isSparse({ file }: Regular<Content>): boolean {
  return file.kind === "external" && file.path === undefined && file.digest === undefined;
}

function creating(shown: Uint8Array): Attempt {
  return { action: "create", subject: shown };
}

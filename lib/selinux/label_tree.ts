/**
 * A tree whose files have the contexts of a policy.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { concatBytes, utf8 } from "../bytes/text.ts";
import { findEntry } from "../tree/growing_directory.ts";
import type {
  Directory,
  Entry,
  FileKind,
  Home,
  ImageForm,
  Leaf,
  Stat,
  Tree,
} from "../tree/tree.ts";
import type { ContextPosition, FileContexts } from "./file_contexts.ts";

/** The xattr that holds a file's context. */
export const SELINUX_XATTR: Uint8Array<ArrayBuffer> = utf8("security.selinux");

/** How {@linkcode labelTree} writes contexts. */
export interface LabelTreeOptions {
  /**
   * Ends each context with a NUL, as setfiles(8) does; the kernel takes either. Without it they are those of
   * composefs-rs. Default false.
   */
  readonly isTerminated?: boolean;
}

/**
 * Gives every file of a tree the context that the rules have for its path, in the xattr `security.selinux`; where
 * they have none, it loses the one it has.
 *
 * A file whose names are to have different contexts becomes several, as in composefs-rs: all names with the
 * context of the first one met share a file, and every other name gets one of its own.
 *
 * @param contexts Undefined removes all contexts.
 * @returns Another tree; what does not change is shared with the given one.
 * @throws {SelinuxPolicyError} If the patterns are such that it takes too much to find out.
 *
 * @example A tree of one file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { labelTree, parseDumpfile, parseFileContexts } from "composefs-ts";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const dump = "/ 0 40755 2 0 0 0 0.0 - - -\n/a 2 100644 1 0 0 0 0.0 - hi -\n";
 * const rules = { name: "file_contexts", bytes: bytes("/a  system_u:object_r:etc_t:s0\n") };
 * const tree = labelTree(parseDumpfile([bytes(dump)]), parseFileContexts([rules]));
 * assertEquals(tree.leaves[0]!.stat.xattrs, [
 *   { name: bytes("security.selinux"), value: bytes("system_u:object_r:etc_t:s0") },
 * ]);
 * ```
 */
export function labelTree<File>(
  tree: Tree<File>,
  contexts: FileContexts | undefined,
  options: LabelTreeOptions = {},
): Tree<File> {
  return new Labeller(tree, contexts, options).run();
}

const NO_END = new Uint8Array();

interface Level {
  readonly from: Directory;
  readonly entries: Entry[];
  /** Undefined if there are no rules. */
  readonly position: ContextPosition | undefined;
  next: number;
}

class Labeller<File> {
  readonly #tree: Tree<File>;
  readonly #contexts: FileContexts | undefined;
  /** What contexts end with. */
  readonly #end: Uint8Array;
  /** The given ones, by the same numbers, and those that they have been split into. */
  readonly #leaves: Leaf<File>[];
  /** How many names each of them has been met under. */
  readonly #names: number[];
  /** Numbers of the files that have been split, and of what they have become. */
  readonly #split = new Set<number>();
  readonly #levels: Level[] = [];
  /** What has become of directories, if that has to be known. */
  readonly #directories: Map<Directory, Directory> | undefined;

  constructor(
    tree: Tree<File>,
    contexts: FileContexts | undefined,
    { isTerminated = false }: LabelTreeOptions,
  ) {
    this.#end = isTerminated ? Uint8Array.of(0) : NO_END;
    this.#tree = tree;
    this.#contexts = contexts;
    this.#leaves = tree.leaves.slice();
    this.#names = tree.leaves.map(() => 0);
    this.#directories = tree.form?.homes === undefined ? undefined : new Map();
  }

  run(): Tree<File> {
    const { form } = this.#tree;
    const root = this.#enter(this.#tree.root, this.#contexts?.root());
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const entry = level.from.entries[level.next++];
      if (entry === undefined) {
        this.#levels.pop();
        continue;
      }
      const { name, node } = entry;
      const position = level.position?.enter(name);
      const labelled = typeof node === "number"
        ? this.#label(node, this.#value(position, this.#tree.leaves[node]!.kind))
        : this.#enter(node, position);
      level.entries.push({ name, node: labelled });
    }
    const leaves = this.#leaves;
    for (const number of this.#split) {
      const leaf = leaves[number]!;
      leaves[number] = { ...leaf, stat: { ...leaf.stat, nlink: this.#names[number]! } };
    }
    return form === undefined ? { root, leaves } : { root, leaves, form: this.#form(form) };
  }

  /** What the xattr is to hold of a file. */
  #value(position: ContextPosition | undefined, kind: FileKind): Uint8Array | undefined {
    const context = position?.context(kind);
    return context === undefined || this.#end.length === 0
      ? context
      : concatBytes(context, this.#end);
  }

  #enter(from: Directory, position: ContextPosition | undefined): Directory {
    const entries: Entry[] = [];
    this.#levels.push({ from, entries, position, next: 0 });
    const stat = withContext(from.stat, this.#value(position, "directory"));
    const directory = { ...from, stat, entries };
    this.#directories?.set(from, directory);
    return directory;
  }

  /** The number of the file that a name leads to from now on. */
  #label(number: number, context: Uint8Array | undefined): number {
    const leaves = this.#leaves;
    const leaf = this.#tree.leaves[number]!;
    if (this.#names[number] === 0) {
      leaves[number] = { ...leaf, stat: withContext(leaf.stat, context) };
    } else if (!isSame(contextOf(leaves[number]!.stat), context)) {
      this.#names.push(1);
      const split = leaves.push({ ...leaf, stat: withContext(leaf.stat, context) }) - 1;
      this.#split.add(number).add(split);
      return split;
    }
    this.#names[number]!++;
    return number;
  }

  /** The form, as far as it is about files that have not been split. */
  #form(form: ImageForm): ImageForm {
    const { homes, extended } = form;
    if (homes === undefined) return form;
    const kept = new Map<number, Home>();
    for (const [number, { directory, name }] of homes) {
      const labelled = this.#directories!.get(directory);
      if (labelled === undefined || findEntry(labelled.entries, name)?.node !== number) continue;
      kept.set(number, { directory: labelled, name });
    }
    return extended === undefined ? { homes: kept } : { homes: kept, extended };
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || a !== undefined && b !== undefined && equalBytes(a, b);
}

function contextOf({ xattrs }: Stat): Uint8Array | undefined {
  return xattrs.find(({ name }) => equalBytes(name, SELINUX_XATTR))?.value;
}

function withContext(stat: Stat, context: Uint8Array | undefined): Stat {
  const others = stat.xattrs.filter(({ name }) => !equalBytes(name, SELINUX_XATTR));
  if (context === undefined) {
    return others.length === stat.xattrs.length ? stat : { ...stat, xattrs: others };
  }
  return { ...stat, xattrs: [...others, { name: SELINUX_XATTR, value: context }] };
}

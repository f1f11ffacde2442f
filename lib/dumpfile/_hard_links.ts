/**
 * Hard link lines: names whose file is found when the whole dump is read.
 *
 * A target may come later, and may itself be a link. Chains are followed to their file, loops refused.
 *
 * @module
 */

import { printable, quote } from "../bytes/text.ts";
import { viewOf } from "../bytes/view.ts";
import { findEntry } from "../tree/growing_directory.ts";
import { unusualHomes } from "../tree/homes.ts";
import { splitNames } from "../tree/place.ts";
import type { Content, Directory, Entry, Home, Tree } from "../tree/tree.ts";
import type { PathSpan } from "./_fields.ts";
import { DumpfileSyntaxError } from "./syntax_error.ts";

/** What a name leads to until its file is known. */
const UNKNOWN = -1;

/** A name whose file is not known yet. */
class PendingLink implements Entry {
  readonly name: Uint8Array;
  /** Number of the leaf. */
  node = UNKNOWN;
  readonly path: PathSpan;
  readonly targetPath: Uint8Array;
  readonly line: number;

  constructor(path: PathSpan, targetPath: Uint8Array, line: number) {
    this.name = viewOf(path.bytes, path.slash + 1, path.end);
    this.path = path;
    this.targetPath = targetPath;
    this.line = line;
  }

  get shownPath(): string {
    const { bytes, start, end } = this.path;
    return printable(bytes.subarray(start, end));
  }
}

/** The hard links of a dump. */
export class PendingLinks {
  readonly #links: PendingLink[] = [];

  /** Notes a link; returns its entry, which has a number after {@linkcode resolve}. */
  add(path: PathSpan, targetPath: Uint8Array, line: number): Entry {
    const link = new PendingLink(path, targetPath, line);
    this.#links.push(link);
    return link;
  }

  /**
   * Finds the file of every link.
   *
   * @returns The homes of files that have to be said.
   * @throws {DumpfileSyntaxError} If a target is missing or a directory, or links lead in a circle.
   */
  resolve(tree: Tree<Content>): ReadonlyMap<number, Home> {
    const homes = new Map<number, Home>();
    for (const link of this.#links) {
      const chain = new Set<PendingLink>();
      let entry: Entry = link;
      let directory = tree.root;
      while (entry instanceof PendingLink && entry.node === UNKNOWN) {
        if (chain.has(entry)) throw circle(link, chain.size);
        chain.add(entry);
        ({ directory, entry } = findTarget(tree.root, entry));
      }
      const { name, node } = entry;
      if (typeof node !== "number") {
        throw new DumpfileSyntaxError(
          link.line,
          `hard link "${link.shownPath}" leads to a directory`,
        );
      }
      for (const each of chain) each.node = node;
      if (!(entry instanceof PendingLink)) homes.set(node, { directory, name });
    }
    return unusualHomes(tree, homes);
  }
}

function circle(link: PendingLink, length: number): DumpfileSyntaxError {
  const path = link.shownPath;
  return new DumpfileSyntaxError(
    link.line,
    length === 1 ? `self-referential hard link "${path}"` : `hard link "${path}" leads in a circle`,
  );
}

/** The entry that a link's target path leads to, and the directory that it stands in. */
function findTarget(
  root: Directory,
  link: PendingLink,
): { readonly directory: Directory; readonly entry: Entry } {
  const path = link.targetPath;
  let directory = root;
  let entry: Entry = { name: path.subarray(0, 0), node: root };
  for (const name of splitNames(path)) {
    const next: Entry | undefined = typeof entry.node === "number"
      ? undefined
      : findEntry((directory = entry.node).entries, name);
    if (next === undefined) {
      throw new DumpfileSyntaxError(
        link.line,
        `no target at ${quote(path)} for the hard link "${link.shownPath}"`,
      );
    }
    entry = next;
  }
  return { directory, entry };
}

/**
 * Hard link lines: names whose file is found when the whole dump is read.
 *
 * A target may come later, and may itself be a link. Chains are followed to their file, loops refused.
 *
 * @module
 */

import { printable } from "../bytes/text.ts";
import { findEntry } from "../tree/growing_directory.ts";
import type { Content, Directory, HardLink, Leaf, Node } from "../tree/tree.ts";
import { DumpfileSyntaxError } from "./syntax_error.ts";

const SLASH = 0x2f;

/** A link whose file is not known yet. */
class PendingLink implements HardLink<Content> {
  readonly kind = "hardlink";
  resolved: Leaf<Content> | undefined;
  readonly path: Uint8Array;
  readonly targetPath: Uint8Array;
  readonly line: number;

  constructor(path: Uint8Array, targetPath: Uint8Array, line: number) {
    this.path = path;
    this.targetPath = targetPath;
    this.line = line;
  }

  get target(): Leaf<Content> {
    if (this.resolved === undefined) throw new TypeError("Hard link is not resolved yet");
    return this.resolved;
  }
}

/** The hard links of a dump. */
export class PendingLinks {
  readonly #links: PendingLink[] = [];

  /** Notes a link; its target is to be had after {@linkcode resolve}. */
  add(path: Uint8Array, targetPath: Uint8Array, line: number): HardLink<Content> {
    const link = new PendingLink(path, targetPath, line);
    this.#links.push(link);
    return link;
  }

  /**
   * Finds the file of every link.
   *
   * @throws {DumpfileSyntaxError} If a target is missing or a directory, or links lead in a circle.
   */
  resolve(root: Directory<Content>): void {
    for (const link of this.#links) {
      const chain: PendingLink[] = [];
      const seen = new Set<PendingLink>();
      let node: Node<Content> = link;
      while (node instanceof PendingLink && node.resolved === undefined) {
        if (seen.has(node)) throw circle(link, chain.length);
        seen.add(node);
        chain.push(node);
        node = findTarget(root, node);
      }
      const file = node.kind === "hardlink" ? node.target : node;
      if (file.kind === "directory") {
        throw new DumpfileSyntaxError(
          link.line,
          `hard link "${printable(link.path)}" leads to a directory`,
        );
      }
      for (const each of chain) each.resolved = file;
    }
  }
}

function circle(link: PendingLink, length: number): DumpfileSyntaxError {
  const path = printable(link.path);
  return new DumpfileSyntaxError(
    link.line,
    length === 1 ? `self-referential hard link "${path}"` : `hard link "${path}" leads in a circle`,
  );
}

function findTarget(root: Directory<Content>, link: PendingLink): Node<Content> {
  let node: Node<Content> | undefined = root;
  const path = link.targetPath;
  for (let start = 0; start < path.length;) {
    let end = path.indexOf(SLASH, start);
    if (end < 0) end = path.length;
    if (end > start) {
      node = node.kind === "directory"
        ? findEntry(node.entries, path.subarray(start, end))?.node
        : undefined;
      if (node === undefined) {
        throw new DumpfileSyntaxError(
          link.line,
          `no target at "${printable(path)}" for the hard link "${printable(link.path)}"`,
        );
      }
    }
    start = end + 1;
  }
  return node;
}

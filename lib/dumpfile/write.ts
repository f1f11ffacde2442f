/**
 * Tree to dump file, in the canonical form that composefs-info 1.0.8 prints.
 *
 * One line an entry, depth first, each directory's entries in byte order. Comes in chunks, so that a dump
 * is never held whole.
 *
 * @see composefs-dump(5)
 *
 * @module
 */

import { findHomes, isHome } from "../tree/homes.ts";
import { pathOf } from "../tree/place.ts";
import type { Content, Tree } from "../tree/tree.ts";
import { TreeWalk } from "../tree/walk.ts";
import { DumpLines } from "./dump_lines.ts";

/**
 * Writes a tree as a dump file.
 *
 * @returns The dump's chunks. Each is a view that is valid until the next one is asked for.
 *
 * @example An image as text
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openImage, createImageFromDump, writeDumpfile } from "composefs-ts";
 *
 * const dump = "/ 4096 40755 2 0 0 0 0.0 - - -\n";
 * const image = createImageFromDump([new TextEncoder().encode(dump)]);
 * let text = "";
 * for (const chunk of writeDumpfile(openImage(image).tree())) text += new TextDecoder().decode(chunk);
 * assertEquals(text, dump);
 * ```
 */
export function* writeDumpfile(tree: Tree<Content>): Generator<Uint8Array<ArrayBuffer>> {
  const homes = findHomes(tree);
  const extended = tree.form?.extended;
  const lines = new DumpLines();
  const walk = new TreeWalk(tree);
  while (walk.next()) {
    const { node, name, leaf } = walk;
    const home = leaf < 0 ? undefined : homes.get(leaf);
    const isLink = home !== undefined && !isHome(home, walk.directory!, name);
    const isDirectory = node.kind === "directory";
    lines.path({ depth: walk.depth, isDirectory }, name, 0, name.length);
    lines.file(node, extended?.has(leaf) ?? false, isLink ? pathOf(home.place) : undefined);
    if (lines.isFull) yield lines.take();
  }
  const rest = lines.take();
  if (rest.length > 0) yield rest;
}

/**
 * What a mount by composefs should show of a directory tree, given what the kernel shows of the tree
 * itself.
 *
 * All is the same but for what images do not keep: sizes of directories, links from elsewhere, and
 * that a whiteout is one.
 *
 * @module
 */

import { contentsFact, type Facts, type FactTree, xattrFact } from "./facts.ts";

const TYPE = 0o170000;
const DIRECTORY = 0o040000;
const CHARACTER = 0o020000;
const REGULAR = 0o100000;
const SAME = "same file as";

/** Takes out what is a matter of the file system: the sizes of directories. */
export function withoutDirectorySizes(tree: FactTree): FactTree {
  for (const facts of tree.values()) if (typeOf(facts) === DIRECTORY) facts.delete("size");
  return tree;
}

/**
 * Changes the facts of a source into those of its composed mount.
 *
 * @param options.hardLinks Whether the image was made to keep hard links.
 */
export function composedFacts(
  source: FactTree,
  options: { readonly hardLinks: boolean },
): FactTree {
  withoutDirectorySizes(source);
  countLinks(source, options.hardLinks);
  for (const [path, facts] of source) {
    if (typeOf(facts) === CHARACTER && facts.get("rdev") === "0") {
      uncover(facts, source.get(path.slice(0, Math.max(path.lastIndexOf("/"), 1)))!);
    }
  }
  return source;
}

function typeOf(facts: Facts): number {
  return parseInt(facts.get("mode")!, 8) & TYPE;
}

/** Link counts as they follow from the tree alone. */
function countLinks(tree: FactTree, hardLinks: boolean): void {
  const counts = new Map<string, number>();
  for (const path of tree.keys()) counts.set(path, typeOf(tree.get(path)!) === DIRECTORY ? 2 : 0);
  for (const [path, facts] of tree) {
    if (!hardLinks) facts.delete(SAME);
    const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 1));
    const counted = typeOf(facts) === DIRECTORY ? parent : facts.get(SAME) ?? path;
    if (path !== "/") counts.set(counted, counts.get(counted)! + 1);
  }
  for (const [path, facts] of tree) {
    facts.set("nlink", String(counts.get(facts.get(SAME) ?? path)));
  }
}

/** A whiteout comes out as an empty file, it and its directory marked for a mount above this one. */
function uncover(facts: Facts, parent: Facts): void {
  facts.set("mode", (parseInt(facts.get("mode")!, 8) & ~TYPE | REGULAR).toString(8));
  facts.set("contents", contentsFact(new Uint8Array()));
  for (const prefix of ["trusted.overlay.", "user.overlay."]) {
    facts.set(xattrFact(prefix + "whiteout"), "=");
    parent.set(xattrFact(prefix + "whiteouts"), "=");
    parent.set(xattrFact(prefix + "opaque"), "=x");
  }
}

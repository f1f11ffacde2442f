/**
 * What became of the files between two trees: added, removed, renamed, changed.
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import type { Content } from "../tree/tree.ts";
import {
  type Attribute,
  type ComparedFile,
  type Difference,
  fileAttributes,
} from "./differences.ts";

/** A path that only the second tree has. */
export interface Addition {
  /** Tells it from other changes. */
  readonly change: "added";
  /** Absolute. */
  readonly path: Uint8Array;
  /** What stands there. */
  readonly after: ComparedFile;
}

/** A path that only the first tree has. */
export interface Removal {
  /** Tells it from other changes. */
  readonly change: "removed";
  /** Absolute. */
  readonly path: Uint8Array;
  /** What stood there. */
  readonly before: ComparedFile;
}

/** A file that both have at a path, and that is not the same. */
export interface Modification {
  /** Tells it from other changes. */
  readonly change: "changed";
  /** Absolute. */
  readonly path: Uint8Array;
  /** What it was. */
  readonly before: ComparedFile;
  /** What it is. */
  readonly after: ComparedFile;
  /** In what they differ. */
  readonly attributes: readonly Attribute[];
}

/** A file that has the contents of another one, which is gone. */
export interface Renaming {
  /** Tells it from other changes. */
  readonly change: "renamed";
  /** Where it was. */
  readonly from: Uint8Array;
  /** Where it is. */
  readonly path: Uint8Array;
  /** What it was. */
  readonly before: ComparedFile;
  /** What it is. */
  readonly after: ComparedFile;
  /** In what they differ besides. */
  readonly attributes: readonly Attribute[];
}

/** What became of a path. */
export type Change = Addition | Removal | Modification | Renaming;

/**
 * Makes changes of differences, in their order. A regular file that is not empty and has gone counts as renamed if
 * there is a new one with its contents: of several the first, in byte order.
 *
 * @example A file with another name
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { changesOf, differences, parseDumpfile } from "composefs-ts";
 *
 * const tree = (name: string) => {
 *   const dump = `/ 0 40755 2 0 0 0 0.0 - - -\n/${name} 2 100644 1 0 0 0 0.0 - hi -\n`;
 *   return parseDumpfile([new TextEncoder().encode(dump)]);
 * };
 * const changes = changesOf(differences(tree("old"), tree("new")));
 * assertEquals(changes.map(({ change }) => change), ["renamed"]);
 * ```
 */
export function changesOf(found: Iterable<Difference>): Change[] {
  const changes: Change[] = [];
  for (const { names, before, after, attributes } of found) {
    const path = pathOfNames(names);
    if (before !== undefined && after !== undefined) {
      changes.push({ change: "changed", path, before, after, attributes });
    } else if (before !== undefined) {
      changes.push({ change: "removed", path, before });
    } else if (after !== undefined) {
      changes.push({ change: "added", path, after });
    }
  }
  return withRenames(changes);
}

/** The absolute path that names lead to. */
export function pathOfNames(names: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (names.length === 0) return Uint8Array.of(SLASH);
  const path = new Uint8Array(names.reduce((sum, name) => sum + 1 + name.length, 0));
  let at = 0;
  for (const name of names) {
    path[at++] = SLASH;
    path.set(name, at);
    at += name.length;
  }
  return path;
}

const SLASH = 0x2f;

function withRenames(changes: readonly Change[]): Change[] {
  const gone = new Map<string, Removal[]>();
  for (const change of changes) {
    if (change.change !== "removed") continue;
    const key = contentKey(change.before);
    if (key === undefined) continue;
    const same = gone.get(key);
    if (same === undefined) gone.set(key, [change]);
    else same.push(change);
  }
  const moved = new Set<Removal>();
  const renamed = changes.map((change): Change => {
    if (change.change !== "added") return change;
    const removal = gone.get(contentKey(change.after) ?? "")?.shift();
    if (removal === undefined) return change;
    moved.add(removal);
    const { path, after } = change;
    const { before } = removal;
    const attributes = fileAttributes(before, after);
    return { change: "renamed", from: removal.path, path, before, after, attributes };
  });
  return renamed.filter((change) => change.change !== "removed" || !moved.has(change));
}

/** Equal for files of the same contents; undefined of those that have none. */
function contentKey(file: ComparedFile): string | undefined {
  return file.kind === "regular" ? keyOfContent(file.file) : undefined;
}

function keyOfContent(content: Content): string | undefined {
  if (content.kind === "inline") {
    return content.bytes.length === 0 ? undefined : `inline ${latin1(content.bytes)}`;
  }
  const { size, digest, path } = content;
  if (digest === undefined && path === undefined) return undefined;
  return `${size} ${digest} ${path && latin1(path)}`;
}

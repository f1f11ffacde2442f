/**
 * What is known of the files of a tree, as text: the form in which an expectation and what a kernel
 * shows are held against each other.
 *
 * @module
 */

import { createHash } from "node:crypto";

/**
 * What is known of one file, by the name of the fact: `mode`, `size`, `xattr user.a` and so on. Names
 * and values have one UTF-16 unit a byte.
 */
export type Facts = Map<string, string>;

/** Facts by absolute path, `/` for the root. */
export type FactTree = Map<string, Facts>;

/** Files of up to this many bytes are read to compare them. */
export const READ_LIMIT = 1 << 26;

/** What an `st_mode` and the other numbers of stat(2) come to. */
export interface StatFacts {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly size: number;
  readonly rdev: number;
  readonly seconds: number | bigint;
  readonly nanoseconds: number;
}

/** Writes the numbers down. */
export function statFacts(stat: StatFacts): Facts {
  return new Map([
    ["mode", stat.mode.toString(8)],
    ["uid", String(stat.uid)],
    ["gid", String(stat.gid)],
    ["nlink", String(stat.nlink)],
    ["size", String(stat.size)],
    ["rdev", String(stat.rdev)],
    ["mtime", `${stat.seconds}.${stat.nanoseconds}`],
  ]);
}

/** Contents in a form that is short to keep: their SHA-256. */
export function contentsFact(contents: Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}

/** The name of the fact that is an xattr's value, or its error. */
export function xattrFact(name: string): string {
  return "xattr " + name;
}

/**
 * Adds to each file with several names the first of them, so that names of one file and files that
 * look the same are told apart.
 *
 * @param identity Gives equal values for names of one file, undefined where it does not matter.
 */
export function linkFacts(tree: FactTree, identity: (path: string) => unknown): void {
  const first = new Map<unknown, string>();
  const shared = new Map<string, string>();
  for (const path of [...tree.keys()].sort()) {
    const file = identity(path);
    if (file === undefined) continue;
    const known = first.get(file);
    if (known === undefined) first.set(file, path);
    else shared.set(path, known);
  }
  for (const [path, other] of shared) tree.get(path)!.set("same file as", other);
}

/** All differences, one a line, with what was expected beside what was found. */
export function differences(expected: FactTree, found: FactTree): string[] {
  const lines: string[] = [];
  for (const path of [...new Set([...expected.keys(), ...found.keys()])].sort()) {
    const [wanted, got] = [expected.get(path), found.get(path)];
    if (wanted === undefined || got === undefined) {
      lines.push(`${shown(path)}: ${wanted === undefined ? "not expected" : "missing"}`);
      continue;
    }
    for (const fact of new Set([...wanted.keys(), ...got.keys()])) {
      const [a, b] = [wanted.get(fact), got.get(fact)];
      if (a !== b) lines.push(`${shown(path)}: ${shown(fact)} ${shown(b)}, expected ${shown(a)}`);
    }
  }
  return lines;
}

/** Bytes other than printable ASCII as escapes, cut to a readable length. */
function shown(text: string | undefined): string {
  if (text === undefined) return "absent";
  const cut = text.length > 120 ? `${text.slice(0, 120)}… (${text.length} bytes)` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e]/g,
    (unit) => "\\x" + unit.charCodeAt(0).toString(16).padStart(2, "0"),
  );
}

/**
 * Layers for tests, a member a line, and trees as lines to compare.
 *
 * @module
 */

import { utf8 } from "../../lib/bytes/text.ts";
import { type LayerMember, LayerMerger, type LayerRules } from "../../lib/layers/merge.ts";
import type { TarMember, TarMemberKind } from "../../lib/tar/member.ts";
import type { Stat, Tree } from "../../lib/tree/tree.ts";
import { walk } from "../../lib/tree/walk.ts";
import { stat } from "./trees.ts";

const KINDS: Readonly<Record<string, TarMemberKind>> = {
  d: "directory",
  f: "regular",
  s: "symlink",
  h: "hardlink",
  c: "character",
  b: "block",
  p: "fifo",
};

/**
 * A member: a letter for its kind (`d f s h c b p`), its name, and for files (what stands for) contents, for links a
 * target, for devices a number. The mode is 0644, or 0755 for directories, unless said otherwise.
 */
export function member(
  letter: string,
  name: string | Uint8Array,
  rest: string | Uint8Array = "",
  given: Partial<Stat> = {},
): LayerMember<string> {
  const kind = KINDS[letter]!;
  const bytes = (text: string | Uint8Array) => typeof text === "string" ? utf8(text) : text;
  const isLink = kind === "symlink" || kind === "hardlink";
  const described: TarMember = {
    kind,
    name: bytes(name),
    linkName: isLink ? bytes(rest) : new Uint8Array(),
    size: kind === "regular" ? rest.length : 0,
    rdev: kind === "character" || kind === "block" ? Number(rest) : 0,
    stat: stat({ mode: kind === "directory" ? 0o755 : 0o644, ...given }),
  };
  return kind === "regular" ? { member: described, file: `${rest}` } : { member: described };
}

/** A layer of members that are a line each: `d a`, `f a/x old`, `s a/y ../b`; names without blanks. */
export function layer(...lines: readonly string[]): LayerMember<string>[] {
  return lines.map((line) => {
    const [letter, name, rest] = line.split(" ");
    return member(letter!, name!, rest);
  });
}

/** What layers make, the lowest first. */
export function merge(
  rules: LayerRules,
  ...layers: readonly (readonly LayerMember<string>[])[]
): Tree<string> {
  const merger = new LayerMerger<string>(rules);
  layers.forEach((members, index) => merger.apply(members, `layer ${index + 1}`));
  return merger.finish();
}

/** A tree a line a name below the root: `d a`, `f a/x old`; of a file with several names the number of them. */
export function lines(tree: Tree<string>): string[] {
  return describe(tree, () => "").slice(1);
}

/** A tree a line a name, with metadata. */
export function statLines(tree: Tree<string>): string[] {
  return describe(tree, ({ mode, uid, gid, mtime, mtimeNsec }) => (
    ` ${mode.toString(8)} ${uid}:${gid} ${mtime}.${mtimeNsec}`
  ));
}

function describe(tree: Tree<string>, text: (stat: Stat) => string): string[] {
  const decoder = new TextDecoder();
  const described: string[] = [];
  for (const { node, path } of walk(tree)) {
    const letter = Object.entries(KINDS).find(([, kind]) => kind === node.kind)![0];
    const what = node.kind === "regular"
      ? ` ${node.file}`
      : node.kind === "symlink"
      ? ` ${decoder.decode(node.target)}`
      : "";
    const names = node.kind !== "directory" && node.stat.nlink > 1 ? ` x${node.stat.nlink}` : "";
    described.push(
      `${letter} ${decoder.decode(path.subarray(1))}${what}${names}${text(node.stat)}`,
    );
  }
  return described;
}

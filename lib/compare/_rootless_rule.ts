/**
 * What unpacking does without root's rights, where it keeps what it cannot set.
 *
 * @see https://rootlesscontaine.rs
 *
 * @module
 */

import { utf8 } from "../bytes/text.ts";
import { changeTree } from "../tree/change_tree.ts";
import { withLeaves } from "../tree/rebuild_tree.ts";
import type { Content, Leaf, Stat, Tree } from "../tree/tree.ts";
import type { Rule } from "./rule.ts";

/** Before the others: it decides what there is. */
export const ROOTLESS: Rule = {
  name: "rootless-unpack",
  says:
    "owners are kept in the xattr user.rootlesscontainers, all files are root's, and devices are empty files",
  knownOf: "umoci unpack --rootless (seen with umoci 0.4.7)",
  changes: ["owner", "xattrs", "type"],
  ways: () => [{ apply: unpackRootless }],
};

function unpackRootless(tree: Tree<Content>): Tree<Content> {
  const owned = changeTree(tree, { stat: ownerAsXattr });
  return withLeaves(
    owned,
    owned.leaves.map((leaf): Leaf<Content> =>
      leaf.kind === "character" || leaf.kind === "block"
        ? { kind: "regular", stat: leaf.stat, file: { kind: "inline", bytes: NO_BYTES } }
        : leaf
    ),
  );
}

const NO_BYTES = new Uint8Array();

/** @see https://rootlesscontaine.rs, `rootlesscontainers.proto` */
function ownerAsXattr(stat: Stat): Stat {
  const { uid, gid } = stat;
  if (uid === 0 && gid === 0) return stat;
  const value = Uint8Array.from([...protobufField(1, uid), ...protobufField(2, gid)]);
  const xattr = { name: utf8("user.rootlesscontainers"), value };
  return { ...stat, uid: 0, gid: 0, xattrs: [...stat.xattrs, xattr] };
}

/** A number of up to 32 bits, which is left out if it is 0. */
function protobufField(field: number, value: number): number[] {
  if (value === 0) return [];
  const bytes = [field << 3];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push(rest % 0x80 | 0x80);
  return [...bytes, rest];
}

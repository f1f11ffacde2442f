/**
 * Rules about permissions and owners.
 *
 * @module
 */

import type { Content, FileKind, Tree } from "../tree/tree.ts";
import { walk } from "../tree/walk.ts";
import { commonest, statWay } from "./_stat_way.ts";
import type { Difference } from "./differences.ts";
import type { Rule, RuleCase, Way } from "./rule.ts";

const MASKS: readonly (readonly [mask: number, detail: string])[] = [
  [0o022, "022"],
  [0o027, "027"],
  [0o077, "077"],
  [0o002, "002"],
  [0o007, "007"],
];

const UMASK: Rule = {
  name: "umask",
  says: "permissions are cut by a umask",
  knownOf: "GNU tar and bsdtar without -p, cp -r, unpackers that create files without chmod(2)",
  changes: ["mode"],
  ways: () =>
    MASKS.map(([mask, detail]) => modeWay((mode) => mode & ~mask, { detail: `of ${detail}` })),
};

const NO_SET_ID: Rule = {
  name: "no-set-id",
  says: "set-user-ID and set-group-ID bits are lost",
  knownOf:
    "unpackers that change owners after permissions, or run without root's rights; cp without -p, git, ostree checkout -U; GNU tar and bsdtar without -p",
  changes: ["mode"],
  ways: () => [modeWay((mode) => mode & ~0o6000)],
};

const NO_STICKY: Rule = {
  name: "no-sticky",
  says: "sticky bits are lost",
  knownOf: "GNU tar and bsdtar without -p (seen with 1.34 and 3.6.2)",
  changes: ["mode"],
  ways: () => [modeWay((mode) => mode & ~0o1000)],
};

const PLAIN_MODES: Rule = {
  name: "plain-modes",
  says: "files are 0644, or 0755 if their owner may execute them, and directories are 0755",
  knownOf: "git, which keeps nothing else of permissions",
  isOneWay: true,
  changes: ["mode"],
  *ways({ towards }) {
    if (towards !== undefined && !hasPlainModes(towards.tree)) return;
    yield modeWay(plainMode);
  },
};

function plainMode(mode: number, kind: FileKind): number {
  return kind === "directory" || (mode & 0o100) !== 0 ? 0o755 : 0o644;
}

function hasPlainModes(tree: Tree<Content>): boolean {
  for (const { node: { kind, stat: { mode } } } of walk(tree)) {
    if (kind !== "symlink" && mode !== plainMode(mode, kind)) return false;
  }
  return true;
}

/** A way that makes permissions anew. Nothing sets those of symbolic links. */
function modeWay(
  make: (mode: number, kind: FileKind) => number,
  text: Omit<Way, "apply"> = {},
): Way {
  return statWay(
    (stat, kind) => kind === "symlink" ? stat : { ...stat, mode: make(stat.mode, kind) },
    text,
  );
}

/** The user and group that stand for those which are not known. */
const OVERFLOW_ID = 65534;
/** Where the additional users of the first user begin, as /etc/subuid has them by default. */
const FIRST_SUBORDINATE = 100_000;

const ONE_OWNER: Rule = {
  name: "one-owner",
  says: "all files have the same owner and group",
  knownOf: "builds with --owner=0 --group=0; whoever unpacks without root's rights owns all files",
  changes: ["owner"],
  *ways({ towards }) {
    const owners = towards === undefined ? [[0, 0] as const] : [commonOwner(towards.tree)];
    for (const owner of owners) {
      if (owner === undefined) continue;
      const [uid, gid] = owner;
      yield statWay((stat) => ({ ...stat, uid, gid }), {
        detail: `which are ${uid}:${gid}`,
        option: `--owner=${uid} --group=${gid}`,
      });
    }
  },
};

/** The owner that most files of a tree have. */
function commonOwner(tree: Tree<Content>): readonly [number, number] | undefined {
  const stat = commonest(tree, ({ uid, gid }) => `${uid}:${gid}`);
  return stat && [stat.uid, stat.gid];
}

const USER_NAMESPACE: Rule = {
  name: "user-namespace",
  says: "owners and groups are other numbers",
  knownOf:
    "trees read from outside of the user namespace that they were made in, or from inside of another one: podman unshare, rootless containers, id-mapped mounts",
  changes: ["owner"],
  ways: ownerWays,
};

function* ownerWays({ tree, towards }: RuleCase): Generator<Way> {
  if (towards === undefined) {
    // Root is the first user, the others are that user's additional ones.
    for (const base of [FIRST_SUBORDINATE, FIRST_SUBORDINATE + (1 << 16)]) {
      yield idWay((id) => id === 0 ? 1000 : base + id - 1, `0 as 1000, 1 as ${base}, and so on`);
      yield idWay((id) => base + id, `0 as ${base}, and so on`);
    }
    yield idWay((id) => id === 0 ? 0 : OVERFLOW_ID, `all but 0 as ${OVERFLOW_ID}`);
    return;
  }
  const users = idMap(tree, towards.differences, "uid");
  const groups = idMap(tree, towards.differences, "gid");
  if (!isNamespace(users) && !isNamespace(groups)) return;
  yield statWay((stat) => ({
    ...stat,
    uid: users.get(stat.uid) ?? stat.uid,
    gid: groups.get(stat.gid) ?? stat.gid,
  }), { detail: [mapText("users", users), mapText("groups", groups)].filter(Boolean).join("; ") });
}

function idWay(map: (id: number) => number, detail: string): Way {
  return statWay((stat) => ({ ...stat, uid: map(stat.uid), gid: map(stat.gid) }), { detail });
}

/**
 * What each user or group has become, in most of the files that have got another one. Two that differ become two that
 * differ, unless they are not known any more.
 */
function idMap(
  tree: Tree<Content>,
  differences: readonly Difference[],
  field: "uid" | "gid",
): Map<number, number> {
  const votes = new Map<string, { readonly from: number; readonly to: number; count: number }>();
  for (const { before, after } of differences) {
    if (before === undefined || after === undefined) continue;
    const [from, to] = [before.stat[field], after.stat[field]];
    if (from === to) continue;
    const vote = votes.get(`${from} ${to}`);
    if (vote === undefined) votes.set(`${from} ${to}`, { from, to, count: 1 });
    else vote.count++;
  }
  const changed = new Set([...votes.values()].map(({ from }) => from));
  const counts = new Map<number, number>();
  for (const { node: { stat } } of walk(tree)) {
    counts.set(stat[field], (counts.get(stat[field]) ?? 0) + 1);
  }
  const taken = new Set([...counts.keys()].filter((id) => id !== OVERFLOW_ID && !changed.has(id)));
  const map = new Map<number, number>();
  for (const { from, to, count } of [...votes.values()].sort((a, b) => b.count - a.count)) {
    if (map.has(from) || taken.has(to) || 2 * count <= counts.get(from)!) continue;
    map.set(from, to);
    if (to !== OVERFLOW_ID) taken.add(to);
  }
  return map;
}

/** A user namespace has root somewhere else, or does not know most others. */
function isNamespace(map: ReadonlyMap<number, number>): boolean {
  return map.has(0) || [...map.values()].includes(OVERFLOW_ID);
}

const MAX_SHOWN_IDS = 4;

function mapText(what: string, map: ReadonlyMap<number, number>): string {
  if (map.size === 0) return "";
  const shown = [...map].slice(0, MAX_SHOWN_IDS).map(([from, to]) => `${from} as ${to}`);
  return `${what} ${shown.join(", ")}${map.size > MAX_SHOWN_IDS ? ", …" : ""}`;
}

/** In the order in which they are applied. */
export const STAT_RULES: readonly Rule[] = [
  ONE_OWNER,
  USER_NAMESPACE,
  PLAIN_MODES,
  UMASK,
  NO_SET_ID,
  NO_STICKY,
];

/**
 * Rules about times, permissions and owners.
 *
 * @module
 */

import { changeTree } from "../tree/change_tree.ts";
import { statChange, type Time } from "../tree/stat_change.ts";
import type { Content, FileKind, Stat, Tree } from "../tree/tree.ts";
import { walk } from "../tree/walk.ts";
import type { Difference } from "./differences.ts";
import type { Rule, RuleCase, Way } from "./rule.ts";

/** A way that makes the metadata of each file anew. */
function statWay(stat: (stat: Stat, kind: FileKind) => Stat, text: Omit<Way, "apply"> = {}): Way {
  return { ...text, apply: (tree) => changeTree(tree, { stat }) };
}

/** Nanoseconds in a second. */
const SECOND = 1_000_000_000;

const WHOLE_SECONDS: Rule = {
  name: "whole-seconds",
  says: "times lose their fractions of a second",
  knownOf:
    "tar archives of the formats ustar and gnu; composefs-rs before 0.9, and its format 2; OSTree, which keeps no times at all",
  changes: ["time"],
  ways: () => [statWay((stat) => ({ ...stat, mtimeNsec: 0 }))],
};

const NEAREST_SECOND: Rule = {
  name: "nearest-second",
  says: "times are rounded to the nearest second",
  knownOf:
    "archive/tar of Go where no format is asked for: Docker, buildah, umoci as writers of layers",
  changes: ["time"],
  ways: () => [
    statWay((stat) => {
      const isLate = stat.mtimeNsec >= SECOND / 2;
      return { ...stat, mtime: isLate ? addSecond(stat.mtime) : stat.mtime, mtimeNsec: 0 };
    }),
  ],
};

function addSecond(mtime: number | bigint): number | bigint {
  return typeof mtime === "bigint" || mtime === Number.MAX_SAFE_INTEGER
    ? BigInt(mtime) + 1n
    : mtime + 1;
}

const COARSE_TIMES: Rule = {
  name: "coarse-times",
  says: "times have fewer digits behind the point",
  knownOf:
    "file systems and archives that keep micro- or milliseconds, or units of 100 nanoseconds",
  changes: ["time"],
  ways: () =>
    [100, 1_000, 1_000_000].map((unit) =>
      statWay((stat) => ({ ...stat, mtimeNsec: stat.mtimeNsec - stat.mtimeNsec % unit }), {
        detail: `in units of ${unit} nanoseconds`,
      })
    ),
};

const NO_EARLY_TIMES: Rule = {
  name: "no-early-times",
  says: "times before 1970 become 1970",
  knownOf:
    "buildah and Podman as unpackers (seen with buildah 1.28), archives whose headers have no negative numbers",
  changes: ["time"],
  ways: () => [
    statWay((stat) => stat.mtime < 0 ? { ...stat, mtime: 0, mtimeNsec: 0 } : stat),
  ],
};

const ONE_TIME: Rule = {
  name: "one-time",
  says: "all files have the same time",
  knownOf: "reproducible builds: --use-epoch, SOURCE_DATE_EPOCH, tar --mtime; OSTree, with 0",
  changes: ["time"],
  *ways({ towards }) {
    const times = towards === undefined ? [0, 1].map(atSecond) : [commonTime(towards.tree)];
    for (const time of times) {
      if (time === undefined) continue;
      yield statWay(statChange({ mtime: time }), {
        detail: `which is ${timeText(time)}`,
        option: `--mtime=@${timeText(time)}`,
      });
    }
  },
};

const LATEST_TIME: Rule = {
  name: "latest-time",
  says: "later times become one",
  knownOf:
    "reproducible builds: --clamp-mtime of tar and composefs, buildah with SOURCE_DATE_EPOCH",
  changes: ["time"],
  *ways({ towards }) {
    const time = towards === undefined ? undefined : latestTime(towards.tree);
    if (time === undefined) return;
    yield statWay(statChange({ mtime: time, clampMtime: true }), {
      detail: `which is ${timeText(time)}`,
      option: `--mtime=@${timeText(time)} --clamp-mtime`,
    });
  },
};

const COPY_TIMES: Rule = {
  name: "copy-times",
  says: "files are as old as the copy",
  knownOf: "cp -r, git checkout, tar -m, and whatever else does not restore times",
  changes: ["time"],
  ways({ tree, towards }) {
    if (towards === undefined) return [];
    const times = new Map<Stat, Stat>();
    for (const { before, after, attributes } of towards.differences) {
      if (attributes.includes("time")) times.set(before!.stat, after!.stat);
    }
    // Where most are as they were, somebody has restored them.
    let files = 0;
    for (const { again } of walk(tree)) files += again === undefined ? 1 : 0;
    if (2 * times.size <= files) return [];
    return [statWay((stat) => {
      const { mtime, mtimeNsec } = times.get(stat) ?? stat;
      return { ...stat, mtime, mtimeNsec };
    }, { isCopied: true, detail: "as the other has them" })];
  },
};

function atSecond(seconds: number): Time {
  return { seconds, nanoseconds: 0 };
}

function timeText({ seconds, nanoseconds }: Time): string {
  return nanoseconds === 0 ? `${seconds}` : `${seconds}.${String(nanoseconds).padStart(9, "0")}`;
}

/** The time that most files of a tree have; undefined if there is none. */
function commonTime(tree: Tree<Content>): Time | undefined {
  const stat = commonest(tree, ({ mtime, mtimeNsec }) => `${mtime}.${mtimeNsec}`);
  return stat && { seconds: stat.mtime, nanoseconds: stat.mtimeNsec };
}

/** Metadata of which most files of a tree have some part; undefined if no part is that common. */
function commonest(tree: Tree<Content>, part: (stat: Stat) => string): Stat | undefined {
  const counts = new Map<string, { readonly stat: Stat; count: number }>();
  let files = 0;
  for (const { node: { stat } } of walk(tree)) {
    files++;
    const key = part(stat);
    const found = counts.get(key);
    if (found === undefined) counts.set(key, { stat, count: 1 });
    else found.count++;
  }
  return [...counts.values()].find(({ count }) => 2 * count > files)?.stat;
}

function latestTime(tree: Tree<Content>): Time {
  let latest = tree.root.stat;
  for (const { node: { stat } } of walk(tree)) {
    const isLater = stat.mtime > latest.mtime ||
      stat.mtime === latest.mtime && stat.mtimeNsec > latest.mtimeNsec;
    if (isLater) latest = stat;
  }
  return { seconds: latest.mtime, nanoseconds: latest.mtimeNsec };
}

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
  knownOf: "tar without -p as anybody but root, git, unpackers that create files without chmod(2)",
  changes: ["mode"],
  ways: () =>
    MASKS.map(([mask, detail]) =>
      // Nothing sets the permissions of symbolic links.
      statWay((stat, kind) => kind === "symlink" ? stat : { ...stat, mode: stat.mode & ~mask }, {
        detail: `of ${detail}`,
      })
    ),
};

const NO_SET_ID: Rule = {
  name: "no-set-id",
  says: "set-user-ID and set-group-ID bits are lost",
  knownOf: "unpackers that change owners after permissions, or run without root's rights; git",
  changes: ["mode"],
  ways: () => [statWay((stat) => ({ ...stat, mode: stat.mode & ~0o6000 }))],
};

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
  NO_EARLY_TIMES,
  WHOLE_SECONDS,
  NEAREST_SECOND,
  COARSE_TIMES,
  ONE_TIME,
  LATEST_TIME,
  COPY_TIMES,
  ONE_OWNER,
  USER_NAMESPACE,
  UMASK,
  NO_SET_ID,
];

/**
 * Rules about times.
 *
 * @module
 */

import { statChange, type Time } from "../tree/stat_change.ts";
import type { Content, FileKind, Stat, Tree } from "../tree/tree.ts";
import { walk } from "../tree/walk.ts";
import { commonest, statWay } from "./_stat_way.ts";
import type { Rule, Towards, Way } from "./rule.ts";

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

const LATE_EARLY_TIMES: Rule = {
  name: "late-early-times",
  says:
    "the fraction of a time before 1970 counts forwards from its whole seconds, so that -5.5 becomes -4.5",
  knownOf: "bsdtar as unpacker of archives in the format pax (seen with 3.6.2)",
  changes: ["time"],
  ways: () => [
    statWay((stat) =>
      stat.mtime >= 0 || stat.mtimeNsec === 0
        ? stat
        : { ...stat, mtime: addSecond(stat.mtime), mtimeNsec: SECOND - stat.mtimeNsec }
    ),
  ],
};

const ONE_TIME: Rule = {
  name: "one-time",
  says: "all files have the same time",
  knownOf:
    "reproducible builds: --use-epoch, SOURCE_DATE_EPOCH, tar --mtime; ostree checkout, with 0",
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
  knownOf: "cp -r, git, tar -m, and whatever else does not restore times",
  changes: ["time"],
  ways({ tree, towards }) {
    // A time of whole seconds that most files have has been set.
    if (towards === undefined || commonTime(towards.tree)?.nanoseconds === 0) return [];
    const times = new Map<Stat, Stat>();
    for (const { before, after, attributes } of towards.differences) {
      if (attributes.includes("time")) times.set(before!.stat, after!.stat);
    }
    // Where most are as they were, somebody has restored them.
    let files = 0;
    for (const { again } of walk(tree)) files += again === undefined ? 1 : 0;
    if (2 * times.size <= files) return [];
    return [timesWay(times)];
  },
};

const LINK_TIMES: Rule = {
  name: "link-times",
  says: "symbolic links are as old as the copy",
  knownOf: "ostree checkout (seen with 2022.7), and whatever else does not restore times of links",
  changes: ["time"],
  ways: ({ towards }) => kindTimes("symlink", towards),
};

/** The way that gives files of a kind the times that the other tree has for them, but for the root. */
export function kindTimes(kind: FileKind, towards: Towards | undefined): Way[] {
  const times = new Map<Stat, Stat>();
  for (const { names, before, after } of towards?.differences ?? []) {
    if (names.length === 0 || before?.kind !== kind || after?.kind !== kind) continue;
    times.set(before.stat, after.stat);
  }
  return times.size === 0 ? [] : [timesWay(times)];
}

/** A way that gives files the times that the other tree has for them. */
function timesWay(times: ReadonlyMap<Stat, Stat>): Way {
  return statWay((stat) => {
    const { mtime, mtimeNsec } = times.get(stat) ?? stat;
    return { ...stat, mtime, mtimeNsec };
  }, { isCopied: true, detail: "as the other has them" });
}

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

function latestTime(tree: Tree<Content>): Time {
  let latest = tree.root.stat;
  for (const { node: { stat } } of walk(tree)) {
    const isLater = stat.mtime > latest.mtime ||
      stat.mtime === latest.mtime && stat.mtimeNsec > latest.mtimeNsec;
    if (isLater) latest = stat;
  }
  return { seconds: latest.mtime, nanoseconds: latest.mtimeNsec };
}

/** In the order in which they are applied. */
export const TIME_RULES: readonly Rule[] = [
  NO_EARLY_TIMES,
  LATE_EARLY_TIMES,
  WHOLE_SECONDS,
  NEAREST_SECOND,
  COARSE_TIMES,
  ONE_TIME,
  LATEST_TIME,
  COPY_TIMES,
  LINK_TIMES,
];

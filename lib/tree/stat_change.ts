/**
 * Metadata that depends on nothing but what is asked for: times, owners, xattrs.
 *
 * @module
 */

import { selectXattrs } from "./select_xattrs.ts";
import type { XattrFilter } from "./source.ts";
import type { Stat } from "./tree.ts";

/** A point in time, as {@linkcode Stat} has it. */
export interface Time {
  /** Seconds since the epoch: a number, or a bigint if not a safe integer. */
  readonly seconds: number | bigint;
  /** 0 to 999,999,999, counted upwards before the epoch as well. */
  readonly nanoseconds: number;
}

/** What {@linkcode statChange} changes. What is absent stays as it is. */
export interface StatChanges {
  /** The modification time of every file. */
  readonly mtime?: Time | undefined;
  /** Gives that time to files only that are later. */
  readonly clampMtime?: boolean;
  /** The owner of every file. */
  readonly uid?: number | undefined;
  /** The group of every file. */
  readonly gid?: number | undefined;
  /** Which xattrs are kept. */
  readonly xattrs?: XattrFilter | undefined;
}

/**
 * Makes a function that changes the metadata of a file.
 *
 * @example No file later than the epoch
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { statChange } from "composefs-ts";
 *
 * const change = statChange({ mtime: { seconds: 0, nanoseconds: 0 }, clampMtime: true });
 * const stat = { mode: 0o644, uid: 0, gid: 0, nlink: 1, mtime: 5, mtimeNsec: 0, xattrs: [] };
 * assertEquals(change(stat).mtime, 0);
 * assertEquals(change({ ...stat, mtime: -5 }).mtime, -5);
 * ```
 */
export function statChange(changes: StatChanges): (stat: Stat) => Stat {
  const { mtime: time, clampMtime = false, xattrs: filter = "all" } = changes;
  return (stat) => {
    const { uid, gid, mtime, mtimeNsec, xattrs } = stat;
    const isTimed = time !== undefined && (!clampMtime || isLater(stat, time));
    return {
      ...stat,
      uid: changes.uid ?? uid,
      gid: changes.gid ?? gid,
      mtime: isTimed ? time.seconds : mtime,
      mtimeNsec: isTimed ? time.nanoseconds : mtimeNsec,
      xattrs: selectXattrs(xattrs, filter),
    };
  };
}

const NANOSECONDS = 1_000_000_000;

/** A dump file may give more nanoseconds than a second has. */
function isLater({ mtime, mtimeNsec }: Stat, { seconds, nanoseconds }: Time): boolean {
  if (mtimeNsec < NANOSECONDS) {
    return mtime > seconds || mtime === seconds && mtimeNsec > nanoseconds;
  }
  return nanosecondsOf(mtime, mtimeNsec) > nanosecondsOf(seconds, nanoseconds);
}

function nanosecondsOf(seconds: number | bigint, nanoseconds: number): bigint {
  return BigInt(seconds) * BigInt(NANOSECONDS) + BigInt(nanoseconds);
}

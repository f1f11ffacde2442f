/**
 * How many CPUs this process may keep busy at a time.
 *
 * Two limits count: the CPUs that it may run on, and the CPU time that its control groups grant it, such as
 * those of a container.
 *
 * @see sched_setaffinity(2); Documentation/admin-guide/cgroup-v2.rst, "cpu.max"
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import type { Linux } from "../sys/linux.ts";
import { tryGetAffinity } from "../sys/process_calls.ts";

/** Room for the mask of 8192 CPUs, the most that Linux can be built for. */
const MASK_SIZE = 1024;

/** Counts the CPUs; at least 1. */
export function usableCpus(linux: Linux): number {
  const limit = cgroupLimit((path) => readText(linux, path));
  return Math.max(1, Math.min(allowedCpus(linux), Math.ceil(limit)));
}

function allowedCpus(linux: Linux): number {
  const mask = new Uint8Array(MASK_SIZE);
  if (tryGetAffinity(linux, mask) < 0) return 1;
  let count = 0;
  for (const byte of mask) {
    for (let bits = byte; bits > 0; bits &= bits - 1) count++;
  }
  return count;
}

/**
 * CPUs that the control groups of this process grant it, `Infinity` for no limit.
 *
 * @param read Gives the text of a file, undefined if it cannot be read.
 */
export function cgroupLimit(read: (path: string) => string | undefined): number {
  return lowestOfGroups(
    read,
    "cpu",
    (group) => version2(read, group),
    (group) => version1(read, group),
  );
}

/**
 * The lowest limit of the control groups of this process and those that they are in.
 *
 * @param controller What limits, as groups of the first version are named by.
 * @param limitOf Given the directory of a group.
 * @param limitOfFirst The same for the first version, if its files are others.
 */
export function lowestOfGroups(
  read: (path: string) => string | undefined,
  controller: string,
  limitOf: (group: string) => number,
  limitOfFirst = limitOf,
): number {
  let limit = Infinity;
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    if (controllers === "") limit = Math.min(limit, lowest(ROOT, path, limitOf));
    else if (controllers!.split(",").includes(controller)) {
      limit = Math.min(limit, lowest(`${ROOT}/${controller}`, path, limitOfFirst));
    }
  }
  return limit;
}

/** Where control groups are, of the second version or, one directory for each controller, of the first. */
const ROOT = "/sys/fs/cgroup";

/** The lowest limit of a group and those that it is in. */
function lowest(root: string, path: string, limitOf: (group: string) => number): number {
  let limit = limitOf(root);
  for (let group = path; group.length > 1; group = group.slice(0, group.lastIndexOf("/"))) {
    limit = Math.min(limit, limitOf(root + group));
  }
  return limit;
}

function version2(read: (path: string) => string | undefined, group: string): number {
  const [quota, period] = (read(`${group}/cpu.max`) ?? "").split(" ").map(Number);
  return ratio(quota, period);
}

function version1(read: (path: string) => string | undefined, group: string): number {
  const value = (name: string) => Number(read(`${group}/cpu.${name}`) ?? NaN);
  return ratio(value("cfs_quota_us"), value("cfs_period_us"));
}

/** No limit is written as `max`, as -1, or not at all. */
function ratio(quota = NaN, period = NaN): number {
  return quota > 0 && period > 0 ? quota / period : Infinity;
}

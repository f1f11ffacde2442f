/**
 * How many files this process may open and how many threads it may start.
 *
 * @see getrlimit(2); Documentation/admin-guide/cgroup-v2.rst, "pids.max"
 *
 * @module
 */

import { readText } from "../files/read_text.ts";
import { lowestOfGroups } from "./cpus.ts";
import type { Linux } from "../sys/linux.ts";
import { softLimit } from "../sys/process_calls.ts";
import { RLIMIT_NOFILE, RLIMIT_NPROC } from "../sys/uapi.ts";

/** Files that are open before the first object is made, the runtime's own among them. */
const FILES_OF_ITS_OWN = 16;

/**
 * Open files that a store takes for drafts that wait: half of those that may be, for others are on their
 * way to it, and large ones are open twice. Both runtimes have raised the limit as far as they may.
 *
 * @returns At least 1.
 */
export function filesForDrafts(linux: Linux): number {
  return Math.max(1, (limitOf(linux, RLIMIT_NOFILE) - FILES_OF_ITS_OWN) >> 1);
}

/** Open files below which there is one thread: each comes with some of its own. */
const FILES_FOR_THREADS = 128;
/**
 * A limit of processes below which there is one thread. How many there are of the same user cannot be told
 * at little cost; and where the runtime is refused one of the threads that it starts for each of ours, the
 * process dies of it.
 */
const PROCESSES_FOR_THREADS = 512;
/** Threads that one of ours comes with: its own, and those that compile and collect garbage for it. */
const THREADS_OF_ONE = 4;
/** Threads that the runtime may start later, for all. */
const THREADS_FOR_ALL = 16;

/** How many threads may work, this one among them; at least 1. */
export function allowedThreads(linux: Linux): number {
  if (limitOf(linux, RLIMIT_NOFILE) < FILES_FOR_THREADS) return 1;
  if (limitOf(linux, RLIMIT_NPROC) < PROCESSES_FOR_THREADS) return 1;
  const room = taskRoom((path) => readText(linux, path)) - THREADS_FOR_ALL;
  return 1 + Math.max(0, Math.floor(room / THREADS_OF_ONE));
}

/**
 * Threads that may be started in the control groups of this process, `Infinity` for no limit.
 *
 * @param read Gives the text of a file, undefined if it cannot be read.
 */
export function taskRoom(read: (path: string) => string | undefined): number {
  return lowestOfGroups(read, "pids", (group) => {
    const [limit, count] = ["max", "current"].map((name) => read(`${group}/pids.${name}`));
    // No limit is written as `max`.
    const room = Number(limit) - Number(count);
    return Number.isNaN(room) ? Infinity : room;
  });
}

/** Not above 2^30, which is more than any that counts here; 0 if it cannot be told. */
function limitOf(linux: Linux, resource: number): number {
  return Math.min(softLimit(linux, resource) ?? 0, 2 ** 30);
}

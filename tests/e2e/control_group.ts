/**
 * Control groups that limit what programs get, of either version.
 *
 * @module
 */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** A control group, removed when the tests of the module are over. */
export interface ControlGroup {
  /** Start of a command: what follows runs in the group. */
  readonly enter: readonly string[];
}

/** Microseconds in which a group gets its share of the processors once. */
const PERIOD = 100_000;

/** Where groups are, and what a limit is written to; the first that works counts. */
const PLACES = {
  memory: [
    ["/sys/fs/cgroup", (limit: number) => [["memory.max", `${limit}`]]],
    ["/sys/fs/cgroup/memory", (limit: number) => [["memory.limit_in_bytes", `${limit}`]]],
  ],
  cpu: [
    ["/sys/fs/cgroup", (limit: number) => [["cpu.max", `${limit * PERIOD} ${PERIOD}`]]],
    ["/sys/fs/cgroup/cpu", (limit: number) => [
      ["cpu.cfs_period_us", `${PERIOD}`],
      ["cpu.cfs_quota_us", `${limit * PERIOD}`],
    ]],
  ],
} as const;

/**
 * Makes a control group.
 *
 * @param limit Bytes of memory, or a number of processors.
 * @returns Undefined if the kernel has none, or they are not ours to make.
 */
export function makeControlGroup(
  what: "memory" | "cpu",
  limit: number,
): ControlGroup | undefined {
  for (const [parent, settings] of PLACES[what]) {
    const directory = join(parent, `composefs-test-${what}-${process.pid}`);
    try {
      mkdirSync(directory);
    } catch {
      continue;
    }
    const files = settings(limit).map(([file, value]) => [join(directory, file!), value!] as const);
    // Version 1 keeps its hierarchies in directories of a plain file system.
    if (!files.every(([file]) => existsSync(file))) {
      rmdirSync(directory);
      continue;
    }
    for (const [file, value] of files) writeFileSync(file, value);
    globalThis.addEventListener("unload", () => rmdirSync(directory));
    const script = 'echo $$ >"$0/cgroup.procs"; exec "$@"';
    return { enter: ["sh", "-c", script, directory] };
  }
  return undefined;
}

/**
 * What a measurement was made on: the machine, the file system, the programs.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync, statfsSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import process from "node:process";

/** The machine in one line, and the file system that a directory is on. */
export function describeMachine(directory: string): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  const memory = Math.round(totalmem() / 2 ** 30);
  const kind = fileSystemOf(readFileSync("/proc/self/mountinfo", "utf8"), directory);
  return `${model}, ${cpus().length} processors, ${memory} GiB of memory, ` +
    `Linux ${release()}, ${kind ?? "unknown file system"}`;
}

/**
 * Finds the kind of the file system that a path is on, such as `"ext4"`.
 *
 * @param mountInfo What is in `/proc/self/mountinfo`.
 * @param path Absolute, without symbolic links.
 */
export function fileSystemOf(mountInfo: string, path: string): string | undefined {
  let best: { point: string; kind: string } | undefined;
  for (const line of mountInfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const point = left?.split(" ")[4];
    const kind = right?.split(" ")[0];
    if (point === undefined || kind === undefined) continue;
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    // A later mount on the same point covers the one before.
    if (holds && point.length >= (best?.point.length ?? 0)) best = { point, kind };
  }
  return best?.kind;
}

/** Versions of the programs that say theirs. The C composefs has no way to ask it. */
export function describeVersions(bun: string | undefined): string {
  const found = [
    ["Deno", process.execPath, "--version"],
    ["Bun", bun, "--version"],
    ["fsverity-utils", "fsverity", "--version"],
    ["tar", "tar", "--version"],
  ].flatMap(([name, program, option]) => {
    if (program === undefined) return [];
    const { stdout } = spawnSync(program, [option!], { encoding: "utf8" });
    const version = /\d+(\.\d+)+/.exec(stdout ?? "")?.[0];
    return version === undefined ? [] : [`${name} ${version}`];
  });
  return found.join(", ");
}

/** What something takes on a disk. */
export interface Room {
  readonly bytes: number;
  readonly files: number;
}

/**
 * Says what a file system lacks for what is to be put on it.
 *
 * @throws {RangeError} If it lacks anything.
 */
export function checkRoom(directory: string, { bytes, files }: Room): void {
  const { bavail, bsize, ffree, files: total } = statfsSync(directory);
  const free = bavail * bsize;
  if (free < bytes) {
    const [has, needs] = [free, bytes].map((value) => (value / 1e9).toFixed(1));
    throw new RangeError(
      `Cannot measure in "${directory}": ${has} GB are free, ${needs} GB needed`,
    );
  }
  // File systems without a fixed number of inodes say 0.
  if (total > 0 && ffree < files) {
    throw new RangeError(
      `Cannot measure in "${directory}": ${ffree} inodes are free, ${files} needed`,
    );
  }
}

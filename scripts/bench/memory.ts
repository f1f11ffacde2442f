/**
 * The peak memory of running processes, out of `/proc`.
 *
 * @see proc_pid_status(5), VmHWM; proc_pid_task(5), children
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/**
 * Reads the peak of the memory that a process has had resident so far.
 *
 * @param status What is in `/proc/PID/status`.
 * @returns In bytes; 0 for a process that has ended, whose memory is gone.
 */
export function peakOf(status: string): number {
  return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

/** A file below `/proc/PID`, empty if the process has ended in the meantime. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => readProc(pid, `task/${thread}/children`).split(" "))
      .filter((child) => child !== "")
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * Adds up the peaks of a process and of its descendants that run now, in bytes. What they share counts
 * for each.
 *
 * A process that has not yet started its own program still shows the memory of the one that made it,
 * and is left out.
 */
export function peakOfTree(pid: number): number {
  const command = readProc(pid, "cmdline");
  const isStarted = command !== "" && command !== readProc(process.pid, "cmdline");
  const own = isStarted ? peakOf(readProc(pid, "status")) : 0;
  return childrenOf(pid).reduce((sum, child) => sum + peakOfTree(child), own);
}

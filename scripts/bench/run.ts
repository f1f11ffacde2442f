/**
 * Runs a program once, and says how long it took, how much CPU time, or how much memory.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { cpuMillisecondsOfChildren } from "./cpu.ts";
import { peakOfTree } from "./memory.ts";

/** Between two looks at the memory of a program. */
const POLL_MILLISECONDS = 3;

/** Where a run gets its input and leaves its output. */
export interface RunOptions {
  /** File on standard input; nothing without it. */
  readonly stdin?: string | undefined;
  /** File that standard output is written to. */
  readonly stdout: string;
  /**
   * Whether to watch the memory instead of the time: looking at it takes a part of the processor that
   * the program may want for itself.
   */
  readonly watchesMemory?: boolean;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run has shown. */
export interface RunResult {
  /** Exit status, or the signal that ended it. */
  readonly ending: number | string;
  /** From its start to its end. */
  readonly milliseconds: number;
  /** CPU time that it and what it has started took. */
  readonly cpuMilliseconds: number;
  /** Most memory at a time, in bytes; 0 if it was not watched. */
  readonly peak: number;
  readonly stderr: string;
}

/**
 * Runs a program.
 *
 * @throws An error with a `code` if it cannot be started, or the reason of the signal.
 */
export async function run(
  [program, ...args]: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const stdin = options.stdin === undefined ? undefined : openSync(options.stdin, "r");
  const stdout = openSync(options.stdout, "w");
  const cpuBefore = cpuMillisecondsOfChildren();
  const start = performance.now();
  const child = spawn(program!, args, { stdio: [stdin ?? "ignore", stdout, "pipe"] });
  if (stdin !== undefined) closeSync(stdin);
  closeSync(stdout);

  let peak = 0;
  const timer = options.watchesMemory === true
    ? setInterval(() => peak = Math.max(peak, peakOfTree(child.pid!)), POLL_MILLISECONDS)
    : undefined;
  function stop(): void {
    child.kill();
  }
  options.signal?.addEventListener("abort", stop);
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => stderr += text);
  let milliseconds = 0;
  child.once("exit", () => milliseconds = performance.now() - start);
  try {
    const ending = await new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal ?? "no status"));
    });
    options.signal?.throwIfAborted();
    const cpuMilliseconds = cpuMillisecondsOfChildren() - cpuBefore;
    return { ending, milliseconds, cpuMilliseconds, peak, stderr: stderr.trim() };
  } finally {
    clearInterval(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

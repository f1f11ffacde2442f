/**
 * Runs programs to their end and says what they left behind, for the end-to-end tests.
 *
 * Files stand in for pipes: a program that gives up before it has read everything breaks a pipe, and
 * the test would fail for the wrong reason.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** How a program is started. */
export interface RunOptions {
  readonly cwd?: string;
  /** File that becomes standard input; empty if not given. */
  readonly stdin?: string;
  /** File that standard output goes to instead of into the result. */
  readonly stdout?: string;
  /** Variables on top of the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is killed; 60 seconds if not given. */
  readonly timeout?: number;
}

/** What a program left behind. */
export interface Finished {
  /** Exit status, or null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** Standard error as UTF-8 text. */
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(
  command: readonly string[],
  args: readonly string[],
  options: RunOptions = {},
): Finished {
  const { stdin = "/dev/null", stdout } = options;
  const script = stdout === undefined
    ? 'in=$1; shift; exec "$@" <"$in"'
    : 'in=$1 out=$2; shift 2; exec "$@" <"$in" >"$out"';
  const files = stdout === undefined ? [stdin] : [stdin, stdout];
  const done = spawnSync("sh", ["-c", script, "sh", ...files, ...command, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, LC_ALL: "C", NO_COLOR: "1", ...options.env },
    timeout: options.timeout ?? 60_000,
    killSignal: "SIGKILL",
    maxBuffer: 2 ** 30,
  });
  if (done.error !== undefined) throw done.error;
  return {
    code: done.status,
    stdout: new Uint8Array(done.stdout),
    stderr: new TextDecoder().decode(done.stderr),
  };
}

/** Runs a program that must succeed without a word on standard error; gives its standard output. */
export function output(
  command: readonly string[],
  args: readonly string[],
  options: RunOptions = {},
): Uint8Array<ArrayBuffer> {
  const { code, stdout, stderr } = run(command, args, options);
  if (code !== 0 || stderr !== "") {
    throw new Error(`Cannot use ${[...command, ...args].join(" ")}: exit ${code}, ${stderr}`);
  }
  return stdout;
}

/** Standard output of {@linkcode output} as UTF-8 text. */
export function textOutput(
  command: readonly string[],
  args: readonly string[],
  options: RunOptions = {},
): string {
  return new TextDecoder().decode(output(command, args, options));
}

/** Path of a program on PATH, or undefined. */
export function which(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this directory.
    }
  }
  return undefined;
}

/**
 * Runs one suite by `deno test`, and counts what became of its tests even if it does not get to its end.
 *
 * The report that Deno writes names every test, but only once all have ended. So the dots are counted as
 * well: a suite that breaks off has lost its report, and not what passed until then.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { repositoryPath } from "../build.ts";
import { type Outcome, readJunit, type TestResult } from "./junit.ts";

/**
 * How long no test of a suite may end before the suite counts as hanging. A limit for the whole would be
 * one that a machine with much else to do reaches although all is well.
 */
const SILENCE_LIMIT_MILLISECONDS = 15 * 60_000;
/** Deno names the tests that were running when it is interrupted; then it has to be gone. */
const GRACE_MILLISECONDS = 10_000;

const DOTS: Readonly<Record<string, Outcome>> = { ".": "passed", "!": "failed", ",": "skipped" };
const DOTS_PER_LINE = 100;
// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[0-9;]*m/g;

/** What is to be run. */
export interface Suite {
  readonly name: string;
  /** Arguments of `deno test`, the modules among them. */
  readonly args: readonly string[];
  /** Variables that its tests get besides those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Another limit than the usual one, in milliseconds. */
  readonly silenceLimit?: number;
  /** Takes what is to be shown; without it, that goes to standard output. */
  readonly show?: (text: string) => void;
}

let interruption: NodeJS.Signals | undefined;

/** The signal by which somebody has ended the run of a suite, so that no other is begun. */
export function interruptedBy(): NodeJS.Signals | undefined {
  return interruption;
}

/** How a run ended, and the dots it got to. */
interface Run {
  /** What ended it, in words; undefined if it came to its end. */
  readonly broken?: string;
  /** Whether it was ended from here; Deno's report then calls the tests that were running failed. */
  readonly stopped?: boolean;
  readonly dots: readonly Outcome[];
}

/**
 * Runs a suite. Its failures are told as they happen, its results come out of the report.
 *
 * If it is stopped or breaks off, one failed result says so under the suite's name, and what its dots
 * told comes without names.
 */
export async function runSuite(suite: Suite): Promise<TestResult[]> {
  const directory = mkdtempSync(join(tmpdir(), "composefs-test-"));
  try {
    const path = join(directory, "report.xml");
    const { broken, stopped, dots } = await runQuietly(suite, path);
    const report = readReport(path);
    if (typeof report === "string") {
      const state = broken === undefined ? report : `${broken}; ${report}`;
      return [...dots.map((outcome) => ({ ...unnamed(suite), outcome })), failure(suite, state)];
    }
    // A module that breaks off is in Deno's output, but not in its report.
    const isTold = !stopped && report.some(({ outcome }) => outcome === "failed");
    return broken === undefined || isTold ? report : [...report, failure(suite, broken)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function unnamed({ name }: Suite): { readonly name: string; readonly file: string } {
  return { name: "a test of a suite that left no report", file: name };
}

function failure({ name }: Suite, state: string): TestResult {
  return { name: state, file: name, outcome: "failed" };
}

/** Results of a report, or what is wrong with it. */
function readReport(path: string): TestResult[] | string {
  try {
    const results = readJunit(readFileSync(path, "utf8"));
    return results.length > 0 ? results : "has no tests";
  } catch (error) {
    return `left no report: ${error instanceof Error ? error.message : error}`;
  }
}

/** Runs Deno, passes on what it says, and stops it if nothing happens for too long. */
async function runQuietly(suite: Suite, report: string): Promise<Run> {
  const args = ["test", "-A", "--reporter=dot", `--junit-path=${report}`, ...suite.args];
  const child = spawn(process.execPath, args, {
    cwd: repositoryPath("."),
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, so that programs which a test has started end with it.
    detached: true,
    env: { ...process.env, NO_COLOR: "1", ...suite.environment },
  });
  const ending = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "no status"));
  });
  let stopped: string | undefined;
  let killing: ReturnType<typeof setTimeout> | undefined;
  function stop(why: string): void {
    if (stopped !== undefined) return;
    stopped = why;
    child.kill("SIGINT");
    killing = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), GRACE_MILLISECONDS);
  }
  const limit = suite.silenceLimit ?? SILENCE_LIMIT_MILLISECONDS;
  const hang = () => stop(`was stopped: no test ended for ${limit / 1000} seconds`);
  let silence = setTimeout(hang, limit);
  function interrupted(signal: NodeJS.Signals): void {
    interruption = signal;
    stop(`was stopped by ${signal}`);
  }
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    const show = suite.show ?? ((text: string) => void process.stdout.write(text));
    const dots = await joinDots(child.stdout, show, () => {
      clearTimeout(silence);
      silence = setTimeout(hang, limit);
    });
    const end = await ending;
    if (stopped === undefined && end === 0) return { dots };
    return { dots, broken: stopped ?? `ended with ${end}`, stopped: stopped !== undefined };
  } finally {
    clearTimeout(silence);
    clearTimeout(killing);
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

/** Puts the dots that come a line each beside each other, and passes on all other lines. */
async function joinDots(
  output: Readable,
  show: (text: string) => void,
  onDot: () => void,
): Promise<Outcome[]> {
  const dots: Outcome[] = [];
  let column = 0;
  for await (const line of createInterface({ input: output })) {
    const dot = line.replaceAll(COLOURS, "");
    const outcome = DOTS[dot];
    if (column > 0 && (outcome === undefined || column === DOTS_PER_LINE)) {
      show("\n");
      column = 0;
    }
    if (outcome === undefined) {
      show(`${line}\n`);
      continue;
    }
    onDot();
    dots.push(outcome);
    show(dot);
    column++;
  }
  if (column > 0) show("\n");
  return dots;
}

/**
 * Runs every suite: checks, tests, examples in the documentation.
 *
 *     deno task test
 *
 * The last line of its output sums them up: `N passed, N failed, N skipped`. Tests that were skipped are
 * listed before it. In CI a skipped test counts as failed, unless tests/support/skips.ts allows it.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { BUN_VARIABLE, findBun } from "../tests/support/bun.ts";
import { BUNDLE_VARIABLE, bundleForTests } from "../tests/support/bundle.ts";
import {
  BUN_EXECUTABLE_VARIABLE,
  DENO_EXECUTABLE_VARIABLE,
  type Executable,
  makeBunExecutable,
  makeDenoExecutable,
} from "../tests/support/executable.ts";
import { programTable } from "../tests/support/program_names.ts";
import { mayBeSkipped } from "../tests/support/skips.ts";
import { repositoryPath } from "./build.ts";
import { CHECKS, runCheck } from "./check.ts";
import { readJunit, type TestResult } from "./junit.ts";

/** Longer than all suites together take, by far. */
const TIME_LIMIT_MILLISECONDS = 20 * 60_000;

/**
 * Folders whose modules run one after the other: those that look at the state of their whole process,
 * such as its open files, and those that start a virtual machine.
 */
const ALONE = ["tests/ffi", "tests/vm"];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function runChecks(): TestResult[] {
  return CHECKS.map((check) => {
    say(`\nChecking: ${check.name}`);
    return { name: check.name, file: "checks", outcome: runCheck(check) ? "passed" : "failed" };
  });
}

/** Runs `deno test`; its failures are told as they happen, its results come out of the report. */
async function runDenoTest(
  name: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<TestResult[]> {
  say(`\nTesting: ${name}`);
  const directory = mkdtempSync(join(tmpdir(), "composefs-test-"));
  try {
    const report = join(directory, "report.xml");
    const ending = await runQuietly(
      ["test", "-A", "--reporter=dot", `--junit-path=${report}`, ...args],
      environment,
    );
    const results = readReport(name, report);
    const failed = results.some(({ outcome }) => outcome === "failed");
    // A module that breaks off is in Deno's output, but not in its report.
    if (ending === 0 || failed) return results;
    return [...results, { name: `ends with ${ending}`, file: name, outcome: "failed" }];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Runs Deno, and passes on what it says. Where that is no terminal, each dot would take a line.
 *
 * @returns Its exit status, or the signal that ended it.
 */
async function runQuietly(
  args: readonly string[],
  environment: Record<string, string>,
): Promise<number | string> {
  const isTerminal = process.stdout.isTTY;
  const child = spawn(process.execPath, args, {
    cwd: repositoryPath("."),
    stdio: ["ignore", isTerminal ? "inherit" : "pipe", "inherit"],
    timeout: TIME_LIMIT_MILLISECONDS,
    env: { ...process.env, ...isTerminal ? {} : { NO_COLOR: "1" }, ...environment },
  });
  const ending = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "no status"));
  });
  function stop(signal: NodeJS.Signals): void {
    child.kill(signal);
  }
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    if (child.stdout !== null) await joinDots(child.stdout);
    return await ending;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

async function joinDots(output: Readable): Promise<void> {
  let column = 0;
  for await (const line of createInterface({ input: output })) {
    const isDot = /^[.,!]$/.test(line);
    if (column > 0 && (!isDot || column === 100)) {
      process.stdout.write("\n");
      column = 0;
    }
    process.stdout.write(isDot ? line : `${line}\n`);
    if (isDot) column++;
  }
  if (column > 0) process.stdout.write("\n");
}

function readReport(name: string, path: string): TestResult[] {
  try {
    const results = readJunit(readFileSync(path, "utf8"));
    if (results.length > 0) return results;
    return [{ name: "has no tests", file: name, outcome: "failed" }];
  } catch (error) {
    return [{ name: `leaves no report: ${error}`, file: name, outcome: "failed" }];
  }
}

/** Test modules below a folder, as paths from the root of the repository. */
function testModules(folder: string): string[] {
  return readdirSync(repositoryPath(folder), { recursive: true })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file.endsWith("_test.ts"));
}

/** Runs all test modules below some folders. */
async function runFolders(
  folders: readonly string[],
  options: readonly string[],
  environment: Record<string, string>,
): Promise<TestResult[]> {
  const modules = folders.flatMap(testModules);
  if (modules.length === 0) return [];
  // Types have been checked already.
  return await runDenoTest(
    folders.join(" "),
    ["--no-check", ...options, ...modules],
    environment,
  );
}

async function runTests(environment: Record<string, string>): Promise<TestResult[]> {
  const folders = readdirSync(repositoryPath("tests")).map((name) => `tests/${name}`)
    .filter((folder) => statSync(repositoryPath(folder)).isDirectory());
  const others = folders.filter((folder) => !ALONE.includes(folder));
  const results = await runFolders(others, ["--parallel"], environment);
  const alone = folders.filter((folder) => ALONE.includes(folder));
  for (const folder of alone) results.push(...await runFolders([folder], [], environment));
  const examples = ["--quiet", "--doc", "--parallel", "mod.ts", "lib"];
  return [...results, ...await runDenoTest("examples", examples, environment)];
}

/** Makes executables of the program once for all tests, and runs these. */
async function runWithExecutables(
  module: string,
  environment: Record<string, string>,
): Promise<TestResult[]> {
  const executables: [string, Executable][] = [[DENO_EXECUTABLE_VARIABLE, makeDenoExecutable()]];
  if (BUN_VARIABLE in environment) {
    executables.push([BUN_EXECUTABLE_VARIABLE, makeBunExecutable(module)]);
  }
  try {
    for (const [, executable] of executables) {
      if ("missing" in executable) say(executable.missing);
    }
    const paths = executables.map(([name, executable]) => [
      name,
      "path" in executable ? executable.path : "",
    ]);
    return await runTests({ ...environment, ...Object.fromEntries(paths) });
  } finally {
    for (const [, executable] of executables) {
      if ("path" in executable) rmSync(dirname(executable.path), { recursive: true });
    }
  }
}

/** Bundles the program and finds Bun once for all tests, and runs these. */
async function runWithPrograms(): Promise<TestResult[]> {
  const bun = findBun();
  const environment: Record<string, string> = "path" in bun ? { [BUN_VARIABLE]: bun.path } : {};
  const bundled: TestResult = { name: "bundle of the program", file: "build", outcome: "passed" };
  let path: string;
  try {
    path = bundleForTests();
  } catch (error) {
    process.stderr.write(`${error}\n`);
    return [{ ...bundled, outcome: "failed" }, ...await runTests(environment)];
  }
  try {
    const results = await runWithExecutables(path, { ...environment, [BUNDLE_VARIABLE]: path });
    return [bundled, ...results];
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
}

function judge(result: TestResult): TestResult {
  const forbidden = result.outcome === "skipped" && process.env.CI === "true" &&
    !mayBeSkipped(result.name);
  return forbidden
    ? { ...result, outcome: "failed", name: `${result.name}, which CI may not skip` }
    : result;
}

function report(results: readonly TestResult[]): void {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of results) count[outcome]++;
  for (const outcome of ["skipped", "failed"] as const) {
    if (count[outcome] === 0) continue;
    say(`\n${outcome === "failed" ? "Failed" : "Skipped"}:`);
    for (const { name, file } of results.filter((result) => result.outcome === outcome)) {
      say(`  ${file}: ${name}`);
    }
  }
  say("\nForms of the program, and tests that ran under them:");
  for (const line of programTable(results)) say(`  ${line}`);
  say(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}

if (import.meta.main) report([...runChecks(), ...await runWithPrograms()].map(judge));

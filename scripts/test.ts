/**
 * Runs every suite: checks, tests, examples in the documentation.
 *
 *     deno task test [--quick] [--seed=N] [--size=FACTOR]
 *
 * `--quick` takes less than a minute: it leaves out what takes long. Tests of random inputs try FACTOR
 * times as many as usual, from seeds N higher.
 *
 * The last line of its output sums them up: `N passed, N failed, N skipped`. Tests that were skipped are
 * listed before it, by reason. In CI a skipped test counts as failed, unless scripts/test/skips.ts allows
 * it.
 *
 * @module
 */

import { readdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { BUN_VARIABLE, findBun } from "./bun.ts";
import { BUNDLE_VARIABLE, bundleForTests } from "./test/bundle.ts";
import {
  BUN_EXECUTABLE_VARIABLE,
  DENO_EXECUTABLE_VARIABLE,
  type Executable,
  makeBunExecutable,
  makeDenoExecutable,
} from "./test/executables.ts";
import { programTable } from "./test/program_names.ts";
import { mayBeSkipped } from "./test/skips.ts";
import { repositoryPath } from "./build.ts";
import { CHECKS, runCheck } from "./check.ts";
import type { TestResult } from "./test/junit.ts";
import { interruptedBy, runSuite, type Suite } from "./test/suite.ts";
import { type Choice, readChoice, skipsByReason } from "./test/test_choice.ts";

/**
 * Folders whose modules run one after the other: those that look at the state of their whole process,
 * such as its open files, and those that start a virtual machine.
 */
const ALONE = ["tests/ffi", "tests/machines"];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function runChecks(): TestResult[] {
  return CHECKS.map((check) => {
    say(`\nChecking: ${check.name}`);
    return { name: check.name, file: "checks", outcome: runCheck(check) ? "passed" : "failed" };
  });
}

/** Test modules below a folder, as paths from the root of the repository. */
function testModules(folder: string): string[] {
  return readdirSync(repositoryPath(folder), { recursive: true })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file.endsWith("_test.ts"));
}

/** What tests are run with: which of them, and what they get told. */
interface Setting {
  readonly quick: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs all test modules below some folders as one suite. */
async function runFolders(
  folders: readonly string[],
  options: readonly string[],
  { environment }: Setting,
): Promise<TestResult[]> {
  const modules = folders.flatMap(testModules);
  if (modules.length === 0) return [];
  // Types have been checked already.
  const args = ["--no-check", ...options, ...modules];
  return await testSuite({ name: folders.join(" "), args, environment });
}

async function testSuite(suite: Suite): Promise<TestResult[]> {
  if (interruptedBy() !== undefined) return [];
  say(`\nTesting: ${suite.name}`);
  return await runSuite(suite);
}

async function runTests(setting: Setting): Promise<TestResult[]> {
  const folders = readdirSync(repositoryPath("tests")).map((name) => `tests/${name}`)
    .filter((folder) => statSync(repositoryPath(folder)).isDirectory());
  const others = folders.filter((folder) => !ALONE.includes(folder));
  const results = await runFolders(others, ["--parallel"], setting);
  const alone = folders.filter((folder) => ALONE.includes(folder) && !isLeftOut(folder, setting));
  for (const folder of alone) results.push(...await runFolders([folder], [], setting));
  if (setting.quick) return results;
  const { environment } = setting;
  const examples = ["mod.ts", "ffi/mod.ts", "ffi/machine.ts", "ffi/hash", "lib"];
  const args = ["--quiet", "--doc", "--parallel", ...examples];
  return [...results, ...await testSuite({ name: "examples", args, environment })];
}

/** A virtual machine takes minutes, whatever is asked of it. */
function isLeftOut(folder: string, { quick }: Setting): boolean {
  return quick && folder === "tests/machines";
}

/** Makes executables of the program once for all tests, and runs these. */
async function runWithExecutables(
  { quick, environment }: Setting,
): Promise<TestResult[]> {
  const executables: [string, Executable][] = [[DENO_EXECUTABLE_VARIABLE, makeDenoExecutable()]];
  if (BUN_VARIABLE in environment) {
    executables.push([BUN_EXECUTABLE_VARIABLE, makeBunExecutable()]);
  }
  try {
    for (const [, executable] of executables) {
      if ("missing" in executable) say(executable.missing);
    }
    const paths = executables.map(([name, executable]) => [
      name,
      "path" in executable ? executable.path : "",
    ]);
    return await runTests({
      quick,
      environment: { ...environment, ...Object.fromEntries(paths) },
    });
  } finally {
    for (const [, executable] of executables) {
      if ("path" in executable) rmSync(dirname(executable.path), { recursive: true });
    }
  }
}

/** Bundles the program and finds Bun once for all tests, and runs these. */
async function runWithPrograms({ quick, ...choice }: Choice): Promise<TestResult[]> {
  const bun = findBun();
  const environment: Record<string, string> = {
    ...choice.environment,
    ..."path" in bun ? { [BUN_VARIABLE]: bun.path } : {},
  };
  const bundled: TestResult = { name: "bundle of the program", file: "build", outcome: "passed" };
  let path: string;
  try {
    path = bundleForTests();
  } catch (error) {
    process.stderr.write(`${error}\n`);
    return [{ ...bundled, outcome: "failed" }, ...await runTests({ quick, environment })];
  }
  try {
    const results = await runWithExecutables({
      quick,
      environment: { ...environment, [BUNDLE_VARIABLE]: path },
    });
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

/** Skips that one line is enough for: each test by its name would hide the other reasons. */
const MANY = 4;

function report(results: readonly TestResult[], { quick }: Choice): void {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of results) count[outcome]++;
  for (const { reason, skipped } of skipsByReason(results)) {
    say(`\nSkipped, ${reason}: ${skipped.length}`);
    for (const { name, file } of skipped.slice(0, MANY)) say(`  ${file}: ${name}`);
    if (skipped.length > MANY) say(`  and ${skipped.length - MANY} more`);
  }
  if (count.failed > 0) say("\nFailed:");
  for (const { name, file, outcome } of results) {
    if (outcome === "failed") say(`  ${file}: ${name}`);
  }
  say("\nForms of the program, and tests that ran under them:");
  for (const line of programTable(results)) say(`  ${line}`);
  if (quick) say("\nQuick tests only: no virtual machine, no examples, one form of the program");
  say(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}

async function main(): Promise<void> {
  let choice: Choice;
  try {
    choice = readChoice(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`test: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  report([...runChecks(), ...await runWithPrograms(choice)].map(judge), choice);
}

if (import.meta.main) await main();

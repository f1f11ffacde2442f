import { longTest } from "../../../scripts/test/effort.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeFileSync } from "node:fs";
import { runSuite } from "../../../scripts/test/suite.ts";
import type { TestResult } from "../../../scripts/test/junit.ts";
import { Scratch } from "../../kit/scratch.ts";

/** Runs modules of the given sources as one suite; what it showed, and its results. */
async function run(
  sources: readonly string[],
  silenceLimit = 60_000,
): Promise<{ shown: string; results: TestResult[] }> {
  using scratch = new Scratch();
  const modules = sources.map((source, i) => {
    const path = scratch.path(`m${i}_test.ts`);
    writeFileSync(path, source);
    return path;
  });
  let shown = "";
  const results = await runSuite({
    name: "some suite",
    args: ["--no-check", "--no-config", ...modules],
    environment: {},
    silenceLimit,
    show: (text) => shown += text,
  });
  return { shown, results };
}

const outcomes = (results: readonly TestResult[]) => results.map(({ outcome }) => outcome);

Deno.test("runSuite() gives the results of all tests, each dot beside the last", async () => {
  const { shown, results } = await run([
    `Deno.test("a", () => {}); Deno.test("b", () => { throw new Error("no"); });
     Deno.test({ name: "c (skipped: why)", ignore: true, fn() {} });`,
  ]);
  assertEquals(results.map(({ name, outcome }) => [name, outcome]), [
    ["a", "passed"],
    ["b", "failed"],
    ["c (skipped: why)", "skipped"],
  ]);
  assertStringIncludes(shown, ".!,\n");
});

longTest(
  "runSuite() stops a suite in which nothing ends, names it, and counts what passed",
  async () => {
    const { results } = await run([
      `Deno.test("a", () => {}); Deno.test("b", () => {});
     Deno.test("endless", () => new Promise((done) => setTimeout(done, 600_000)));`,
    ], 3000);
    assertEquals(outcomes(results), ["passed", "passed", "failed", "failed"]);
    assertEquals(results[2]!.name, "endless");
    const { name, file } = results.at(-1)!;
    assertEquals(file, "some suite");
    assertStringIncludes(name, "was stopped: no test ended for 3 seconds");
  },
);

Deno.test("runSuite() counts the dots of a suite that left no report", async () => {
  const { results } = await run([
    `Deno.test("a", () => {});
     Deno.test("b", async () => {
       // Long enough for the dot of the first to be written.
       await new Promise((done) => setTimeout(done, 1000));
       Deno.kill(Deno.pid, "SIGKILL");
     });`,
  ]);
  assertEquals(outcomes(results), ["passed", "failed"]);
  assertStringIncludes(results[1]!.name, "ended with SIGKILL; left no report");
});

Deno.test("runSuite() names a suite whose module breaks off", async () => {
  const { results } = await run([`Deno.test("a", () => {});`, `throw new Error("at its start");`]);
  assertEquals(outcomes(results), ["passed", "failed"]);
  assertEquals(results.at(-1), { name: "ended with 1", file: "some suite", outcome: "failed" });
});

Deno.test("runSuite() calls a suite without tests failed", async () => {
  const { results } = await run(["export {};"]);
  assertEquals(outcomes(results), ["failed"]);
});

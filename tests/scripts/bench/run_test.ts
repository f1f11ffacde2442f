import { assert, assertEquals, assertRejects } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { peakOf } from "../../../scripts/bench/memory.ts";
import { run } from "../../../scripts/bench/run.ts";
import { Scratch } from "../../kit/scratch.ts";

Deno.test("run() connects files, and tells how the program ended", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  writeFileSync(`${stdout}.in`, "some words");
  const script = "cat; echo complaint >&2; sleep 0.05; exit 3";
  const result = await run(["sh", "-c", script], { stdin: `${stdout}.in`, stdout });
  assertEquals([result.ending, result.stderr, result.peak], [3, "complaint", 0]);
  assertEquals(readFileSync(stdout, "utf8"), "some words");
  assert(result.milliseconds >= 50, `${result.milliseconds} ms`);
});

Deno.test("run() sees the memory of a program, and of those that it starts", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  // tail keeps all of it until the end.
  const script = "head -c 50000000 /dev/zero | { tail -c 50000000; sleep 0.5; }; true";
  const { peak } = await run(["sh", "-c", script], { stdout, watchesMemory: true });
  assert(peak > 50e6 && peak < 120e6, `${peak} bytes`);
});

Deno.test("run() leaves the memory of the one that starts it out", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  for (let i = 0; i < 10; i++) {
    const { peak } = await run(["sleep", "0.03"], { stdout, watchesMemory: true });
    assert(peak < 20e6, `${peak} bytes`);
  }
});

Deno.test("run() ends the program when it is told to", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  const controller = new AbortController();
  const running = run(["sleep", "60"], { stdout, signal: controller.signal });
  controller.abort(new Error("that is enough"));
  await assertRejects(() => running, Error, "that is enough");
  const options = { stdout, signal: controller.signal };
  await assertRejects(() => run(["true"], options), Error, "that is enough");
});

Deno.test("run() rejects if there is no such program", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  await assertRejects(() => run(["/nowhere/at-all"], { stdout }), Error, "ENOENT");
});

Deno.test("peakOf() reads the high-water mark, which a process that has ended lacks", () => {
  assertEquals(peakOf("Name:\ta\nVmPeak:\t   9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 4 kB\n"), 2 ** 21);
  assertEquals(peakOf("Name:\ta\nState:\tZ (zombie)\n"), 0);
});

Deno.test("run() counts the CPU time of a program and of what it starts", async () => {
  using scratch = new Scratch();
  const stdout = scratch.path("stdout");
  const busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
  const { cpuMilliseconds } = await run(["sh", "-c", `(${busy})`], { stdout });
  assert(cpuMilliseconds > 20, `${cpuMilliseconds} ms`);
});

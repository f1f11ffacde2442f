import { assert, assertEquals } from "@std/assert";
import {
  type Entry,
  measure,
  type MeasureOptions,
  type Outcome,
} from "../../../scripts/bench/measure.ts";
import { Scratch } from "../../kit/scratch.ts";

async function measured(
  entries: readonly Entry[],
  options: Partial<MeasureOptions> = {},
): Promise<Outcome[]> {
  using scratch = new Scratch();
  return await measure({ entries, rounds: 2, stdout: scratch.path("stdout"), ...options });
}

function says(text: string): Entry["command"] {
  return () => ["echo", text];
}

Deno.test("measure() lets them take turns, the first of which does not count", async () => {
  const log: string[] = [];
  const outcomes = await measured(
    [{ contestant: "c", command: says("a") }, { contestant: "bun", command: says("a") }],
    {
      beforeTurn: (turn) => void log.push(`turn ${turn}`),
      beforeRun: (_, { contestant }) => void log.push(contestant),
    },
  );
  assertEquals(log.join(), "turn 0,c,bun,turn 1,c,bun,turn 2,c,bun");
  assertEquals(outcomes.map(({ contestant }) => contestant), ["c", "bun"]);
  for (const { times } of outcomes) assert(times.length === 2 && times.every((time) => time > 0));
});

Deno.test("measure() leaves out what is not there and what fails, and goes on with the rest", async () => {
  const [missing, failing, good] = await measured([
    { contestant: "c", command: { missing: "not installed" } },
    {
      contestant: "bun",
      command: (turn) => ["sh", "-c", `echo a; test ${turn} = 0 || { echo no >&2; exit 2; }`],
    },
    { contestant: "deno", command: says("a") },
  ]);
  assertEquals([missing!.missing, missing!.failed, missing!.times], [
    "not installed",
    undefined,
    [],
  ]);
  assertEquals([failing!.missing, failing!.failed], ["ends with 2: no", true]);
  assertEquals(failing!.times, []);
  assertEquals([good!.missing, good!.times.length], [undefined, 2]);
});

Deno.test("measure() does not let contestants pass that make different things", async () => {
  const outcomes = await measured([
    { contestant: "c", command: says("a") },
    { contestant: "bun", command: says("b") },
    { contestant: "deno", command: says("a"), product: () => "the image" },
    { contestant: "tar", command: says("whatever") },
  ]);
  assertEquals(outcomes.map(({ failed }) => failed ?? false), [false, true, true, false]);
});

Deno.test("measure() compares entries of one size only", async () => {
  const outcomes = await measured([
    { contestant: "c", entries: 1, command: says("a") },
    { contestant: "c", entries: 2, command: says("b") },
    { contestant: "bun", entries: 1, command: says("a") },
    { contestant: "bun", entries: 2, command: says("a") },
  ]);
  assertEquals(outcomes.map(({ failed }) => failed ?? false), [false, false, false, true]);
  assertEquals(outcomes.map(({ entries }) => entries), [1, 2, 1, 2]);
});

Deno.test("measure() compares what is made in a turn, which may be other in the next", async () => {
  const outcomes = await measured((["c", "bun"] as const).map((contestant) => ({
    contestant,
    command: (turn) => ["echo", String(turn)],
  })));
  assert(outcomes.every(({ failed, times }) => !failed && times.length === 2));
});

Deno.test("measure() swaps pairs in every other turn if it is to", async () => {
  const log: string[] = [];
  await measured(
    [{ contestant: "other", command: says("a") }, { contestant: "bun", command: says("a") }],
    { swaps: true, beforeRun: (_, { contestant }) => void log.push(contestant) },
  );
  assertEquals(log.join(), "other,bun,bun,other,other,bun");
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Outcome } from "../../../scripts/bench/measure.ts";
import {
  againstTable,
  growthTable,
  memoryTable,
  timeTable,
} from "../../../scripts/bench/report.ts";
import { markdownTable } from "../../../scripts/bench/table.ts";

const C: Outcome = {
  contestant: "c",
  times: [1000, 2000, 1000],
  cpuTimes: [1000, 2000, 1000],
  peak: 10 * 2 ** 20,
};
const BUN: Outcome = {
  contestant: "bun",
  times: [500, 990, 520],
  cpuTimes: [500, 990, 520],
  peak: 100 * 2 ** 20,
};
const DENO: Outcome = {
  contestant: "deno",
  times: [1500, 3000, 2500],
  cpuTimes: [1500, 3000, 2500],
  peak: 200 * 2 ** 20,
};

/** Cells of a row after its title, without the spaces that line them up. */
function cells(table: string, title: string): string[] {
  const line = table.split("\n").find((line) => line.startsWith(`| ${title}`))!;
  return line.split("|").slice(2, -1).map((cell) => cell.trim());
}

Deno.test("markdownTable() lines columns up", () => {
  assertEquals(
    markdownTable([["what", "×"], ["a", "1,234 µs"]]),
    "| what | ×        |\n| ---- | -------- |\n| a    | 1,234 µs |\n",
  );
});

Deno.test("timeTable() shows medians, ratios of pairs, limits, and what is over them or noisy", () => {
  const row = { title: "R", limit: 0.6, note: "a note" };
  const table = timeTable([{ row, outcomes: [C, BUN, DENO] }]);
  assertEquals(cells(table, "R"), [
    "1.000 s",
    "0.520 s",
    "0.50 (0.49–0.52)",
    "0.60",
    "2.500 s",
    "1.50 (1.50–2.50)",
    "1.20",
    "–",
    "a note; Deno from source is over its limit; Deno from source's ratio is noisy",
  ]);
});

Deno.test("timeTable() says what is missing and why", () => {
  const outcomes: Outcome[] = [
    { contestant: "c", times: [], cpuTimes: [], missing: "not installed" },
    { contestant: "bun", times: [], cpuTimes: [], missing: "not supported" },
    { contestant: "deno", times: [], cpuTimes: [], missing: "ends with 1: no", failed: true },
    { contestant: "tar", times: [300], cpuTimes: [300] },
  ];
  const table = timeTable([{ row: { title: "R", limit: 0.6 }, outcomes }]);
  assertEquals(cells(table, "R"), [
    "not installed",
    "not supported",
    "–",
    "0.60",
    "failed",
    "–",
    "1.20",
    "0.300 s",
    "Deno from source ends with 1: no",
  ]);
});

Deno.test("timeTable() has times without ratios where C is missing", () => {
  const table = timeTable([{ row: { title: "R" }, outcomes: [BUN] }]);
  assertEquals(cells(table, "R").slice(0, 4), ["–", "0.520 s", "–", "–"]);
});

Deno.test("memoryTable() shows the most memory, and the limit of Bun's executable", () => {
  const row = { title: "R", memoryLimit: 90 };
  const table = memoryTable([{ row, outcomes: [C, BUN] }]);
  assertEquals(cells(table, "R"), ["10 MiB", "100 MiB", "90 MiB", "–"]);
});

Deno.test("growthTable() compares times per entry, turn by turn", () => {
  const outcomes: Outcome[] = [
    { contestant: "bun", entries: 100_000, times: [100, 200], cpuTimes: [100, 200] },
    { contestant: "bun", entries: 1_000_000, times: [1200, 2000], cpuTimes: [1200, 2000] },
  ];
  const table = growthTable([{ row: { title: "a" }, outcomes }, {
    row: { title: "b" },
    outcomes: [C, BUN],
  }]);
  assertEquals(cells(table, "Bun"), ["1.50 µs", "1.60 µs", "1.10 (1.00–1.20)", "1.30"]);
  assertEquals(growthTable([{ row: { title: "b" }, outcomes: [C, BUN] }]), "");
});

Deno.test("timeTable() takes the largest of several dumps", () => {
  const outcomes: Outcome[] = [
    { contestant: "bun", entries: 1, times: [100], cpuTimes: [100] },
    { contestant: "bun", entries: 2, times: [700], cpuTimes: [700] },
  ];
  assertStringIncludes(timeTable([{ row: { title: "a" }, outcomes }]), "| 0.700 s");
});

Deno.test("againstTable() pairs two builds by time and by CPU time, and says what is above its limit", () => {
  const other: Outcome = {
    contestant: "other",
    times: [100, 200],
    cpuTimes: [90, 90],
    peak: 2 ** 20,
  };
  const ours: Outcome = { contestant: "bun", times: [90, 180], cpuTimes: [99, 99], peak: 2 ** 21 };
  const table = againstTable([{ row: { title: "R" }, outcomes: [other, ours] }]);
  assertEquals(cells(table, "R"), [
    "0.150 s",
    "0.135 s",
    "0.90 (0.90–0.90)",
    "1.10 (1.10–1.10)",
    "1 MiB, 2 MiB",
    "above 1.03 in CPU time",
  ]);
});

/**
 * The outcome of a measurement as Markdown: times and their ratios, memory, growth.
 *
 * @module
 */

import { CONTESTANT_NAMES, type ContestantId } from "./contestants.ts";
import type { Outcome } from "./measure.ts";
import { DENO_ALLOWANCE, GROWTH_LIMIT, type Row } from "./rows.ts";
import { isNoisy, ratios, summarize, type Summary } from "./statistics.ts";
import { markdownTable } from "./table.ts";

/** A row and how the contestants fared in it. */
export interface MeasuredRow {
  readonly row: Pick<Row, "title" | "limit" | "memoryLimit" | "note">;
  readonly outcomes: readonly Outcome[];
}

/** Ours, and how many times the limit of a row each may take. */
const OURS = [["bun", 1], ["deno", DENO_ALLOWANCE]] as const;

const NOTHING = "–";

/** That of a contestant; of several, the one on the most entries. */
function outcomeOf({ outcomes }: MeasuredRow, id: ContestantId): Outcome | undefined {
  return outcomes.findLast(({ contestant }) => contestant === id);
}

function hasTimes(outcome: Outcome): boolean {
  return outcome.times.length > 0;
}

function timeCell(outcome: Outcome | undefined): string {
  if (outcome === undefined) return NOTHING;
  if (hasTimes(outcome)) return `${(summarize(outcome.times).median / 1000).toFixed(3)} s`;
  if (outcome.failed) return "failed";
  return outcome.missing ?? NOTHING;
}

/** Who a contestant is compared with: the C program, or composefs-rs where there is none. */
function peerOf(measured: MeasuredRow): Outcome | undefined {
  return outcomeOf(measured, "c") ?? outcomeOf(measured, "rs");
}

/** How often the peer's time a contestant takes, if both are there. */
function ratioOf(measured: MeasuredRow, id: ContestantId): Summary | undefined {
  const [outcome, reference] = [outcomeOf(measured, id), peerOf(measured)];
  if (!outcome || !reference || !hasTimes(outcome) || !hasTimes(reference)) return undefined;
  return summarize(ratios(outcome.times, reference.times));
}

function ratioCell(ratio: Summary | undefined): string {
  if (ratio === undefined) return NOTHING;
  const [middle, min, max] = [ratio.median, ratio.min, ratio.max].map((value) => value.toFixed(2));
  return `${middle} (${min}–${max})`;
}

function limitCell(limit: number | undefined): string {
  return limit === undefined ? NOTHING : limit.toFixed(2);
}

/** What a reader must know of a row: its own note, what is over its limit, what is noisy, what failed. */
function notesOf(measured: MeasuredRow): string {
  const { row, outcomes } = measured;
  const notes = row.note === undefined ? [] : [row.note];
  for (const [id, allowance] of OURS) {
    const ratio = ratioOf(measured, id);
    if (ratio === undefined) continue;
    if (row.limit !== undefined && ratio.median > row.limit * allowance) {
      notes.push(`${CONTESTANT_NAMES[id]} is over its limit`);
    }
    if (isNoisy(ratio)) notes.push(`${CONTESTANT_NAMES[id]}'s ratio is noisy`);
  }
  for (const { contestant, failed, missing } of outcomes) {
    if (failed) notes.push(`${CONTESTANT_NAMES[contestant]} ${missing}`);
  }
  return notes.join("; ");
}

/** What stands above the column of those that ours are compared with. */
const PEERS = "C, or composefs-rs";

/** Times of all rows, and how often their peer's time ours take. */
export function timeTable(rows: readonly MeasuredRow[]): string {
  const head = ["what", PEERS];
  for (const [id] of OURS) head.push(CONTESTANT_NAMES[id], "×", "limit");
  head.push(CONTESTANT_NAMES.tar, "notes");
  return markdownTable([
    head,
    ...rows.map((measured) => [
      measured.row.title,
      timeCell(peerOf(measured)),
      ...OURS.flatMap(([id, allowance]) => [
        timeCell(outcomeOf(measured, id)),
        ratioCell(ratioOf(measured, id)),
        limitCell(measured.row.limit && measured.row.limit * allowance),
      ]),
      timeCell(outcomeOf(measured, "tar")),
      notesOf(measured),
    ]),
  ]);
}

/** How often the time of another build ours may take, from start to end and on the CPU. */
const AGAINST_LIMITS = { times: 1.05, cpuTimes: 1.03 } as const;

/** Times of two builds of the executable, and what became of each row. */
export function againstTable(rows: readonly MeasuredRow[]): string {
  return markdownTable([
    ["what", CONTESTANT_NAMES.other, CONTESTANT_NAMES.bun, "time", "CPU time", "peaks", "notes"],
    ...rows.map((measured) => {
      const [other, bun] = [outcomeOf(measured, "other"), outcomeOf(measured, "bun")];
      const notes = measured.outcomes.flatMap(({ contestant, failed, missing }) =>
        failed ? [`${CONTESTANT_NAMES[contestant]} ${missing}`] : []
      );
      const cells = (["times", "cpuTimes"] as const).map((which) => {
        if (!other || !bun || !hasTimes(other) || !hasTimes(bun)) return NOTHING;
        const ratio = summarize(ratios(bun[which], other[which]));
        if (ratio.median > AGAINST_LIMITS[which]) {
          notes.push(
            `above ${AGAINST_LIMITS[which]} in ${which === "times" ? "time" : "CPU time"}`,
          );
        }
        return ratioCell(ratio);
      });
      const peaks = `${memoryCell(other)}, ${memoryCell(bun)}`;
      return [
        measured.row.title,
        timeCell(other),
        timeCell(bun),
        ...cells,
        peaks,
        notes.join("; "),
      ];
    }),
  ]);
}

function memoryCell(outcome: Outcome | undefined): string {
  return outcome?.peak === undefined ? NOTHING : `${Math.round(outcome.peak / 2 ** 20)} MiB`;
}

/** Peak memory of all rows. */
export function memoryTable(rows: readonly MeasuredRow[]): string {
  return markdownTable([
    ["what", PEERS, CONTESTANT_NAMES.bun, "limit", CONTESTANT_NAMES.deno],
    ...rows.map((measured) => {
      const { title, memoryLimit } = measured.row;
      return [
        title,
        memoryCell(peerOf(measured)),
        memoryCell(outcomeOf(measured, "bun")),
        memoryLimit === undefined ? NOTHING : `${memoryLimit} MiB`,
        memoryCell(outcomeOf(measured, "deno")),
      ];
    }),
  ]);
}

/**
 * Time per entry in the smallest and in the largest of the dumps that a row is about.
 *
 * @returns The table, empty if no row is about dumps of several sizes.
 */
export function growthTable(rows: readonly MeasuredRow[]): string {
  const body = rows.flatMap(({ outcomes }) =>
    (["c", "bun", "deno"] as const).flatMap((id) => {
      const [small, large] = outcomes.filter(({ contestant, entries }) =>
        contestant === id && entries !== undefined
      );
      if (!small || !large || !hasTimes(small) || !hasTimes(large)) return [];
      const growth = summarize(ratios(perEntry(large), perEntry(small)));
      return [[
        CONTESTANT_NAMES[id],
        ...[small, large].map((each) => `${summarize(perEntry(each)).median.toFixed(2)} µs`),
        ratioCell(growth),
        id === "bun" ? limitCell(GROWTH_LIMIT) : NOTHING,
      ]];
    })
  );
  if (body.length === 0) return "";
  const head = ["time per entry", "100,000 entries", "1,000,000 entries", "growth", "limit"];
  return markdownTable([head, ...body]);
}

/** In microseconds, by turn. */
function perEntry({ times, entries }: Outcome): number[] {
  return times.map((milliseconds) => 1000 * milliseconds / entries!);
}

/**
 * Measures the program against the C one, and tar for orientation, on trees that it makes.
 *
 *     deno task bench [--dir=DIR] [--rounds=N] [--only=NAME]... [--against=FILE] [--keep]
 *
 * Prints medians, ratios and peak memory as Markdown; `dist/BENCH.md` has the same, and grows by each row.
 * Ends with 1 if a program failed, or made something else than the others; limits are shown, not enforced.
 * What is measured is in `bench/rows.ts`, and how in `bench/measure.ts`.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { findBun } from "./bun.ts";
import { CONTESTANT_NAMES, findContestants } from "./bench/contestants.ts";
import { checkRoom, describeMachine, describeVersions, type Room } from "./bench/machine.ts";
import { measure, type Outcome } from "./bench/measure.ts";
import { type Defaults, helpText, type Options, readOptions } from "./bench/options.ts";
import { AGAINST_C, AGAINST_OTHER, type Workshop } from "./bench/workshop.ts";
import {
  againstTable,
  growthTable,
  type MeasuredRow,
  memoryTable,
  timeTable,
} from "./bench/report.ts";
import { type Row, ROWS } from "./bench/rows.ts";
import { repositoryPath } from "./build.ts";

const REPORT = "dist/BENCH.md";
const SCRATCH = "run-";

const DEFAULTS: Defaults = {
  directory: join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "composefs-ts-bench"),
  names: ROWS.map(({ name }) => name),
};

/** Images of all contestants, the dumps of trees, and what programs print. */
const IMAGES: Room = { bytes: 2e9, files: 100 };

/** Contestants that make stores. */
const STORES_A_TURN = 3;

type MeasureCommand = Extract<Options, { kind: "measure" }>;

/** Says what is going on, on a line of its own that the next one replaces. */
function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/** What subjects, images and stores take at most. */
function roomOf(rows: readonly Row[], rounds: number): Room {
  const counts = { one: 1, all: STORES_A_TURN * (rounds + 1) };
  const parts = [
    IMAGES,
    ...new Set(rows.flatMap(({ subjects }) => subjects)),
    ...rows.flatMap(({ subjects, stores }) =>
      stores === undefined ? [] : subjects.map(({ bytes, files }) => ({
        bytes: bytes * counts[stores],
        files: files * counts[stores],
      }))
    ),
  ];
  return {
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    files: parts.reduce((sum, { files }) => sum + files, 0),
  };
}

async function measureRow(
  row: Row,
  shop: Workshop,
  options: { rounds: number; signal: AbortSignal; position: string },
): Promise<Outcome[]> {
  const { position, rounds, signal } = options;
  show(`${position} ${row.title}: preparing`);
  const { finish, ...preparation } = row.prepare(shop);
  try {
    return await measure({
      ...preparation,
      rounds,
      swaps: shop.ids === AGAINST_OTHER,
      signal,
      stdout: join(shop.scratch, "stdout"),
      beforeRun(turn, { contestant }) {
        const which = turn === 0 ? "warming up" : `round ${turn} of ${rounds}`;
        show(`${position} ${row.title}: ${which}, ${CONTESTANT_NAMES[contestant]}`);
        // What one contestant left to write back must not slow down the next one.
        spawnSync("sync");
      },
    });
  } finally {
    show("");
    finish?.();
  }
}

/** Measures row by row; those before one that is broken off have been yielded. */
async function* measureRows(
  command: MeasureCommand,
  signal: AbortSignal,
): AsyncGenerator<MeasuredRow> {
  const rows = ROWS.filter(({ name }) => command.only.includes(name));
  mkdirSync(command.directory, { recursive: true });
  const directory = realpathSync(command.directory);
  for (const name of readdirSync(directory).filter((name) => name.startsWith(SCRATCH))) {
    process.stderr.write(`bench: "${join(directory, name)}" is left of an earlier run\n`);
  }
  checkRoom(directory, roomOf(rows, command.rounds));
  show("Building the program");
  const { against } = command;
  const other = against === undefined ? undefined : realpathSync(against);
  const contestants = findContestants(other);
  const ids = other === undefined ? AGAINST_C : AGAINST_OTHER;
  const scratch = mkdtempSync(join(directory, SCRATCH));
  try {
    for (const [i, row] of rows.entries()) {
      const position = `[${i + 1}/${rows.length}]`;
      const shop = { directory, scratch, contestants, ids };
      const outcomes = await measureRow(row, shop, { rounds: command.rounds, signal, position });
      yield { row, outcomes };
    }
  } finally {
    show(command.keep ? "" : "Deleting the stores");
    if (!command.keep) rmSync(scratch, { recursive: true });
    show("");
  }
}

function report(
  rows: readonly MeasuredRow[],
  command: MeasureCommand,
  args: readonly string[],
): string {
  const bun = findBun();
  const task = ["deno task bench", ...args].join(" ");
  const growth = growthTable(rows);
  if (command.against !== undefined) {
    return `# This build against "${command.against}"

\`${task}\` on ${describeMachine(realpathSync(command.directory))}.

Medians, pairs measured: ${command.rounds}, each in the other order than the last. Ratios are medians of the
pairs' own, with the least and the greatest; peak memory is of a run that is not timed.

${againstTable(rows)}`;
  }
  return `# Speed

\`${task}\` on ${describeMachine(realpathSync(command.directory))}. ${
    describeVersions("path" in bun ? bun.path : undefined)
  }.

Medians, rounds measured: ${command.rounds}. In each round the programs take turns; ratios are medians of the
rounds' own, with the least and the greatest. Files are in the page cache. \`limit\` is what we hold ourselves to.

${timeTable(rows)}
Peak memory, in a run that is not timed:

${memoryTable(rows)}${growth === "" ? "" : `\n${growth}`}`;
}

function writeReport(text: string): void {
  mkdirSync(dirname(repositoryPath(REPORT)), { recursive: true });
  writeFileSync(repositoryPath(REPORT), text);
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args, DEFAULTS);
  if (options.kind === "help") {
    process.stdout.write(helpText(DEFAULTS));
    return;
  }
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => controller.abort(new Error(`Cannot go on: ${signal}`)));
  }
  const rows: MeasuredRow[] = [];
  let text = "";
  try {
    for await (const row of measureRows(options, controller.signal)) {
      rows.push(row);
      // Written after each row, so that a run that breaks off keeps the rows it has.
      writeReport(text = report(rows, options, args));
    }
  } finally {
    process.stdout.write(text);
  }
  if (rows.some(({ outcomes }) => outcomes.some(({ failed }) => failed))) process.exitCode = 1;
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}

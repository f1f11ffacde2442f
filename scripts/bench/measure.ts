/**
 * Measures contestants in turn: A B C, A B C, …
 *
 * The first turn fills the caches, and is the one in which their memory is watched; its times do not
 * count. What they make must be the same, turn by turn: programs that do different work cannot be
 * compared.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import type { ContestantId } from "./contestants.ts";
import { run } from "./run.ts";

/** What one contestant does in a row. */
export interface Entry {
  readonly contestant: ContestantId;
  /** Entries of the dump it works on, where there are several; only the same ones make the same. */
  readonly entries?: number;
  /** Program and arguments of a turn, or why there are none. */
  readonly command: ((turn: number) => readonly string[]) | { readonly missing: string };
  /** File on its standard input. */
  readonly stdin?: string;
  /** Says what the turn has made, where that is not on its standard output. */
  product?(turn: number): string;
  /** Puts things in order after a turn. */
  after?(turn: number): void;
}

/** How an entry fared. */
export interface Outcome {
  readonly contestant: ContestantId;
  readonly entries?: number;
  /** In milliseconds, by turn; as many as there were rounds, or none. */
  readonly times: readonly number[];
  /** CPU times, likewise. */
  readonly cpuTimes: readonly number[];
  /** Most memory at a time, in bytes. */
  readonly peak?: number;
  /** Why there are no times. */
  readonly missing?: string;
  /** Whether it is missing because it went wrong. */
  readonly failed?: boolean;
}

/** How to measure. */
export interface MeasureOptions {
  readonly entries: readonly Entry[];
  /** Turns that count. */
  readonly rounds: number;
  /** Whether they go in reverse order in every other turn. */
  readonly swaps?: boolean;
  /** File for what the programs write to their standard output. */
  readonly stdout: string;
  /** Makes ready for a turn of all entries; turn 0 does not count. */
  beforeTurn?(turn: number): Promise<void> | void;
  /** Told before each run, outside of its time. */
  beforeRun?(turn: number, entry: Entry): void;
  readonly signal?: AbortSignal | undefined;
}

/** Digest of what is in a file. */
export function digestOf(path: string): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(2 ** 20);
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const length = readSync(descriptor, buffer);
      if (length === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Measures all entries; one that fails is out, and the others go on. */
export async function measure(options: MeasureOptions): Promise<Outcome[]> {
  const outcomes = options.entries.map(({ contestant, entries, command }): Outcome => ({
    contestant,
    ...(entries === undefined ? {} : { entries }),
    times: [],
    cpuTimes: [],
    ...(typeof command === "function" ? {} : command),
  }));
  for (let turn = 0; turn <= options.rounds; turn++) {
    await options.beforeTurn?.(turn);
    const products = new Map<number | undefined, string>();
    const entries = [...options.entries.entries()];
    // The order may matter, so it is another in every second turn.
    if (options.swaps === true && turn % 2 === 1) entries.reverse();
    for (const [i, entry] of entries) {
      if (outcomes[i]!.missing !== undefined) continue;
      outcomes[i] = await takeTurn(entry, outcomes[i]!, { ...options, turn, products });
    }
  }
  return outcomes;
}

interface Turn extends MeasureOptions {
  readonly turn: number;
  /** What the entries before have made in this turn, by the number of entries it is made of. */
  readonly products: Map<number | undefined, string>;
}

async function takeTurn(entry: Entry, before: Outcome, options: Turn): Promise<Outcome> {
  const { turn, stdout, signal } = options;
  if (typeof entry.command !== "function") return before;
  options.beforeRun?.(turn, entry);
  const { ending, milliseconds, cpuMilliseconds, peak, stderr } = await run(entry.command(turn), {
    stdout,
    stdin: entry.stdin,
    watchesMemory: turn === 0,
    signal,
  });
  const fault = ending === 0
    ? faultOf(entry, entry.product?.(turn) ?? digestOf(stdout), options.products)
    : `ends with ${ending}: ${stderr.split("\n")[0]}`;
  entry.after?.(turn);
  if (fault !== undefined) {
    return { ...before, times: [], cpuTimes: [], missing: fault, failed: true };
  }
  if (turn === 0) return { ...before, peak };
  return {
    ...before,
    times: [...before.times, milliseconds],
    cpuTimes: [...before.cpuTimes, cpuMilliseconds],
  };
}

/** Compares what an entry has made with what the first one of the turn has. */
function faultOf(
  { contestant, entries }: Entry,
  product: string,
  products: Map<number | undefined, string>,
): string | undefined {
  // tar makes nothing that could be compared.
  if (contestant === "tar") return undefined;
  const expected = products.get(entries) ?? product;
  products.set(entries, expected);
  return product === expected ? undefined : "makes something else than the first one";
}

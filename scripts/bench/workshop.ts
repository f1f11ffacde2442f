/**
 * Where contestants work, and how they come to their commands.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { ContestantId, Contestants, ProgramName } from "./contestants.ts";
import { digestOf, type Entry, type MeasureOptions } from "./measure.ts";
import { makeOnce, type Subject, subjectPath } from "./trees.ts";

/** Where the work is done. */
export interface Workshop {
  /** What subjects are kept below. */
  readonly directory: string;
  /** For everything that is gone after the last row. */
  readonly scratch: string;
  readonly contestants: Contestants;
  /** Those that are compared, in their order. */
  readonly ids: readonly Id[];
}

/** A row that is ready to be measured. */
export interface Preparation extends Pick<MeasureOptions, "entries" | "beforeTurn"> {
  /** Leaves the subjects as they were. */
  finish?(): void;
}

/** A contestant that is compared. */
export type Id = Exclude<ContestantId, "tar" | "rs">;

/** Us and the C programs. */
export const AGAINST_C: readonly Id[] = ["c", "bun", "deno"];
/** Us and another build. */
export const AGAINST_OTHER: readonly Id[] = ["other", "bun"];

/** Path of a subject, which is made if it is not there. */
export function pathOf({ directory }: Workshop, subject: Subject): string {
  return makeOnce(subjectPath(directory, subject.name), subject.make);
}

/** What the start of a command says of its options. */
export function helpOf([program, ...args]: readonly string[]): string {
  return spawnSync(program!, [...args, "--help"], { encoding: "utf8" }).stdout;
}

/** An entry of the program's own arguments. */
export function entryOf(
  shop: Workshop,
  id: Id,
  program: ProgramName,
  args: (turn: number) => readonly string[],
): Entry {
  const start = shop.contestants.command(id, program);
  const command = start === undefined
    ? { missing: "not installed" }
    : (turn: number) => [...start, ...args(turn)];
  return { contestant: id, command };
}

/** An entry that makes an image, which is its product. */
export function imageEntry(
  shop: Workshop,
  id: Id,
  args: (turn: number) => readonly string[],
): Entry {
  const image = join(shop.scratch, `${id}.cfs`);
  const entry = entryOf(shop, id, "mkcomposefs", (turn) => [...args(turn), image]);
  return { ...entry, product: () => digestOf(image) };
}

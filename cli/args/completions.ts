/**
 * Completions for bash, zsh and fish, from the same tables as argv is read by.
 *
 * This module makes a list of what can follow what; `bash.ts`, `zsh.ts` and
 * `fish.ts` write it down in the language of their shell. The scripts hold all of it, so that
 * the program is not started while somebody types, but for paths in an image.
 *
 * @module
 */

import {
  allOptions,
  type Entry,
  type Group,
  type Operand,
  type Option,
  type ValueOption,
} from "./command.ts";
import { programsOf } from "./man.ts";
import { type Choice, path } from "./values.ts";

/**
 * What a value may be: one of a few words or, as a list, several with commas between them, some of which
 * end with an equals sign; a path, with one of a few prefixes or none; a path in an image, which the program is
 * asked for; or something that only the user knows.
 */
export type ValueKind =
  | { readonly kind: "words" | "list"; readonly words: readonly string[] }
  | { readonly kind: "path" | "inside" | "other" }
  | { readonly kind: "prefixed"; readonly prefixes: readonly string[] };

/** An option as a shell offers it. */
export interface OfferedOption {
  /** With dashes. */
  readonly long: string;
  /** With its dash. */
  readonly short?: string;
  readonly summary: string;
  /** Absent for flags. */
  readonly value?: ValueKind;
  /** Name of the value, such as `PATH`. */
  readonly valueName: string;
  readonly repeated: boolean;
}

/** A place on the command line: the words that lead there, and what can follow them. */
export interface Place {
  /** A program's name, and the names of commands after it. */
  readonly words: readonly string[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OfferedOption[];
  /** What operands are; undefined if there are none. */
  readonly operands: ValueKind | undefined;
  /** Whether some of the operands are paths in an image instead. */
  readonly hasInside: boolean;
}

/** All places, each program's before those of its commands. */
export function placesOf(composefs: Group): Place[] {
  return programsOf(composefs).flatMap((program) =>
    placesFrom(program, [program.name], program !== composefs)
  );
}

function placesFrom(entry: Entry, words: readonly string[], asC: boolean): Place[] {
  const options = Object.entries(allOptions(entry, asC))
    .filter(([, option]) => option.hidden !== true)
    .map(([name, option]) => offered(name, option));
  if (entry.kind === "command") {
    const all = Object.values(entry.operands);
    const operands = all[0] && kindOf(all[0], asC);
    const hasInside = !asC && all.some(({ inImage }) => inImage !== undefined);
    return [{ words, commands: [], options, operands, hasInside }];
  }
  const commands = entry.commands.map(({ name, summary }) => ({ name, summary }));
  return [
    { words, commands, options, operands: undefined, hasInside: false },
    ...entry.commands.flatMap((child) =>
      placesFrom(child, [...words, child.name], asC || child.program !== undefined)
    ),
  ];
}

function offered(name: string, option: Option): OfferedOption {
  return {
    long: `--${name}`,
    ...(option.short === undefined ? {} : { short: `-${option.short}` }),
    summary: option.summary,
    ...(takesValue(option)
      ? { value: option.inImage === undefined ? valueKind(option.parse) : INSIDE }
      : {}),
    valueName: takesValue(option) ? option.value : "",
    repeated: option.kind === "list",
  };
}

const INSIDE: ValueKind = { kind: "inside" };

/** A value that may be left out is not waited for. */
function takesValue(option: Option): option is ValueOption {
  return option.kind !== "flag" && option.kind !== "optional";
}

/** Operands without a parser are bytes: paths. */
function kindOf({ parse, prefixes }: Operand, asC: boolean): ValueKind {
  if (prefixes !== undefined && !asC) return { kind: "prefixed", prefixes };
  return parse === undefined ? { kind: "path" } : valueKind(parse);
}

function valueKind(parse: unknown): ValueKind {
  if (parse === path) return { kind: "path" };
  const { words, listed } = (parse ?? {}) as Partial<Choice<string> & { listed: string[] }>;
  if (listed !== undefined) return { kind: "list", words: listed };
  return words === undefined ? { kind: "other" } : { kind: "words", words };
}

/** The names by which programs are called, composefs first. */
export function programNames(composefs: Group): string[] {
  return programsOf(composefs).map(({ name }) => name);
}

/** Text as a word of any of the shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * From the arguments of a command to the options and operands that its `run` takes.
 *
 * `_getopt.ts` tells options from operands; here the table decides what their values are, what is
 * missing and what is too much. Pure: nothing is printed, no program ends.
 *
 * @module
 */

import { ValueError } from "./value_error.ts";
import {
  allOptions,
  camelCase,
  type Command,
  type Group,
  type Operand,
  type OperandTable,
  type OperandValues,
  type OptionTable,
  type OptionValues,
  PROGRESS_WORDS,
  type ValueOption,
} from "./command.ts";
import { type Manner, PLAIN_MANNER } from "../terminal.ts";
import { printable, quote } from "../../lib/bytes/text.ts";
import { type OptionToken, tokens } from "./_getopt.ts";
import { missingOperand, surplusOperand, UsageError } from "./usage_error.ts";
import { text as parseText } from "./values.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What a command line asks for. */
export type Invocation<
  Options extends OptionTable = OptionTable,
  Operands extends OperandTable = OperandTable,
> =
  | { readonly kind: "help" | "version" }
  | {
    readonly kind: "run";
    readonly options: OptionValues<Options>;
    readonly operands: OperandValues<Operands>;
    /** Whether `--debug` was given. */
    readonly debug: boolean;
    /** What was said of the ways of standard error. */
    readonly manner: Manner;
  };

/** How a command line is read. */
export interface ParseOptions {
  /** Answers as the C program of the name does: in its words, and an option given again replaces itself. */
  readonly asC: boolean;
}

/** What the command line of a group asks for. */
export type GroupInvocation =
  | { readonly kind: "help" | "version" | "none" }
  | {
    readonly kind: "verb";
    readonly verb: string;
    /** Everything but the verb, in order. */
    readonly rest: readonly Bytes[];
  };

/**
 * Reads the arguments of a command. `--help` and `--version` count as soon as they are met, even if
 * what follows is wrong.
 *
 * @param args The arguments after the command's name.
 * @throws {UsageError} If an option is unknown or ambiguous, lacks its value or has one too many, if a
 * value cannot be parsed, or if operands are missing or too many.
 */
export function parse<Options extends OptionTable, Operands extends OperandTable>(
  command: Command<Options, Operands>,
  args: readonly Bytes[],
  settings: ParseOptions = { asC: false },
): Invocation<Options, Operands> {
  const table = allOptions(command, settings.asC);
  const given = new Map<string, unknown>();
  const operands: Bytes[] = [];
  for (const token of tokens(args, table)) {
    if (token.kind === "operand") operands.push(token.bytes);
    else if (token.name === "help" || token.name === "version") return { kind: token.name };
    else addValue(given, token, settings);
  }
  return {
    kind: "run",
    options: optionValues(table, given) as OptionValues<Options>,
    operands: operandValues(command, operands, settings) as OperandValues<Operands>,
    debug: given.has("debug"),
    manner: mannerOf(given, settings),
  };
}

/** The C programs' ways are their own, whatever else is printed as JSON. */
function mannerOf(given: ReadonlyMap<string, unknown>, { asC }: ParseOptions): Manner {
  if (asC) return PLAIN_MANNER;
  const progress = given.get("progress");
  return {
    quiet: given.has("quiet"),
    json: given.has("json"),
    progress: PROGRESS_WORDS.find((word) => word === progress) ?? PLAIN_MANNER.progress,
  };
}

/**
 * Finds the verb of a group: the first operand, where options of the group may stand before it.
 *
 * @throws {UsageError} If an option before the verb is not one of the group's.
 */
export function parseGroup(
  group: Group,
  args: readonly Bytes[],
  { asC }: ParseOptions = { asC: false },
): GroupInvocation {
  for (const token of tokens(args, allOptions(group, asC))) {
    if (token.kind === "operand") {
      const rest = [...args.slice(0, token.index), ...args.slice(token.index + 1)];
      return { kind: "verb", verb: printable(token.bytes), rest };
    }
    if (token.name === "help" || token.name === "version") return { kind: token.name };
  }
  return { kind: "none" };
}

function addValue(given: Map<string, unknown>, token: OptionToken, { asC }: ParseOptions): void {
  const { name, option } = token;
  if (option.kind === "flag") {
    given.set(name, true);
    return;
  }
  const value = token.value === undefined
    ? option.bare
    : parseValue(option, token.spelled, token.value);
  const earlier = given.get(name);
  if (option.kind !== "list") {
    // Whichever of the two counted, somebody would take the other for it.
    if (!asC && given.has(name)) {
      const message = `Cannot use option "${token.spelled}" twice: expected one value`;
      throw new UsageError(message, { usage: false });
    }
    given.set(name, value);
  } else if (Array.isArray(earlier)) earlier.push(value);
  else given.set(name, [value]);
}

function parseValue(option: ValueOption, spelled: string, bytes: Bytes): unknown {
  return parseBytes(option.parse ?? parseText, bytes, (cause) => {
    const shown = printable(bytes);
    const separator = spelled.startsWith("--") ? "=" : " ";
    const message = option.invalid === undefined
      ? `Cannot use option "${spelled}${separator}${shown}": ${cause.message}`
      : `${option.invalid} ${shown}`;
    return new UsageError(message, { cause, usage: false });
  });
}

function parseBytes(
  parser: NonNullable<ValueOption["parse"]>,
  bytes: Bytes,
  failure: (cause: ValueError) => UsageError,
): unknown {
  try {
    return parser(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), bytes);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw failure(error);
  }
}

function optionValues(table: OptionTable, given: Map<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) {
    const absent = option.kind === "flag"
      ? false
      : option.default ?? (option.kind === "list" ? [] : undefined);
    values[camelCase(name)] = given.has(name) ? given.get(name) : absent;
  }
  return values;
}

function operandValues(
  command: Command<OptionTable, OperandTable>,
  given: readonly Bytes[],
  { asC }: ParseOptions,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let position = 0;
  for (const [key, operand] of Object.entries(command.operands)) {
    const taken = given.slice(position, operand.repeated ? undefined : position + 1);
    position += taken.length;
    if (taken.length === 0 && operand.optional !== true) {
      throw asC && operand.missing !== undefined
        ? new UsageError(operand.missing)
        : missingOperand(command.name, operand.name);
    }
    const parsed = taken.map((bytes) => operandValue(operand, bytes));
    values[key] = operand.repeated ? parsed : parsed[0];
  }
  if (position < given.length) throw tooMany(command, given, position, asC);
  return values;
}

function operandValue(operand: Operand, bytes: Bytes): unknown {
  if (operand.parse === undefined) return bytes;
  return parseBytes(
    operand.parse,
    bytes,
    (cause) =>
      new UsageError(`Cannot use operand ${quote(bytes)}: ${cause.message}`, {
        cause,
        usage: false,
      }),
  );
}

function tooMany(
  command: Command<OptionTable, OperandTable>,
  given: readonly Bytes[],
  most: number,
  asC: boolean,
): UsageError {
  return asC && command.tooMany !== undefined
    ? new UsageError(command.tooMany)
    : surplusOperand(given[most]!, `expected at most ${most}, found ${given.length}`);
}

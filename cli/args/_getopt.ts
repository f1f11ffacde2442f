/**
 * Tells options from operands as getopt_long(3) does: `--opt=value` and `--opt value`, unambiguous
 * abbreviations, grouped short options, options after operands, `--` as their end.
 *
 * Written out rather than built on `parseArgs` of @std/cli. Whether the word after `--dig` is a value
 * is known only once the abbreviation is resolved and found to take one; `-` and `-x` are values as
 * good as any; arguments are bytes. So everything would have to be rewritten to `--name=value` before
 * `parseArgs` saw it, and nothing would be left for it to do but to fill an object.
 *
 * @module
 */

import type { Option, OptionTable } from "./command.ts";
import { latin1, printable, quote } from "../../lib/bytes/text.ts";
import { suggestion } from "./suggest.ts";
import { UsageError } from "./usage_error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An option as it was given. */
export interface OptionToken {
  readonly kind: "option";
  readonly name: string;
  readonly option: Option;
  /** The option as a message names it: `--threads` or `-o`. */
  readonly spelled: string;
  /** Absent for flags, and where one that is optional is not given. */
  readonly value?: Bytes;
  /** Whether the value is the argument that follows. */
  readonly tookNext?: true;
}

/** An operand as it was given. */
export interface OperandToken {
  readonly kind: "operand";
  readonly bytes: Bytes;
  /** Position in the arguments. */
  readonly index: number;
}

const DASH = 0x2d;

/**
 * Yields options and operands in the order they were given.
 *
 * @throws {UsageError} When it comes to an option that is unknown or ambiguous, lacks its value or has
 * one but takes none.
 */
export function* tokens(
  args: readonly Bytes[],
  table: OptionTable,
): Generator<OptionToken | OperandToken> {
  let optionsEnded = false;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (optionsEnded || argument[0] !== DASH || argument.length === 1) {
      yield { kind: "operand", bytes: argument, index };
    } else if (argument[1] !== DASH) {
      const short = shortOptions(argument, args[index + 1], table);
      yield* short;
      if (short.at(-1)?.tookNext) index++;
    } else if (argument.length === 2) {
      optionsEnded = true;
    } else {
      const token = longOption(argument, args[index + 1], table);
      yield token;
      if (token.tookNext) index++;
    }
  }
}

function longOption(argument: Bytes, next: Bytes | undefined, table: OptionTable): OptionToken {
  const equals = argument.indexOf(0x3d);
  const typed = latin1(argument.subarray(2, equals === -1 ? undefined : equals));
  const name = fullName(typed, argument, table);
  const option = table[name]!;
  const token = { kind: "option", name, option, spelled: `--${name}` } as const;
  if (option.kind === "flag") {
    if (equals === -1) return token;
    throw new UsageError(`Cannot use option ${quote(argument)}: it takes no value`);
  }
  if (equals !== -1) return { ...token, value: argument.slice(equals + 1) };
  if (option.kind === "optional") return token;
  if (next !== undefined) return { ...token, value: next, tookNext: true };
  throw missingValue(token.spelled, `--${name}=${option.value}`);
}

/** The options of one group such as `-vo`: only the last may have a value, which may be the rest. */
function shortOptions(
  argument: Bytes,
  next: Bytes | undefined,
  table: OptionTable,
): OptionToken[] {
  const found: OptionToken[] = [];
  for (let i = 1; i < argument.length; i++) {
    const letter = String.fromCharCode(argument[i]!);
    const entry = Object.entries(table).find(([, option]) => option.short === letter);
    if (entry === undefined) throw unknownShort(argument, i);
    const [name, option] = entry;
    const token = { kind: "option", name, option, spelled: `-${letter}` } as const;
    if (option.kind === "flag") {
      found.push(token);
      continue;
    }
    const rest = argument.slice(i + 1);
    if (rest.length > 0) found.push({ ...token, value: rest });
    else if (option.kind === "optional") found.push(token);
    else if (next !== undefined) found.push({ ...token, value: next, tookNext: true });
    else throw missingValue(token.spelled, `-${letter} ${option.value}`);
    break;
  }
  return found;
}

/** Resolves an abbreviation. A name typed in full wins over longer ones that begin with it. */
function fullName(typed: string, argument: Bytes, table: OptionTable): string {
  if (Object.hasOwn(table, typed)) return typed;
  const names = Object.keys(table);
  const matches = typed === "" ? [] : names.filter((name) => name.startsWith(typed));
  const originals = matches.filter((name) => table[name]!.extension !== true);
  const candidates = originals.length > 0 ? originals : matches;
  if (candidates.length === 1) return candidates[0]!;
  const shown = `--${printable(argument.subarray(2, 2 + typed.length))}`;
  if (candidates.length > 1) {
    const list = candidates.map((name) => `"--${name}"`).join(" or ");
    throw new UsageError(`Cannot use option "${shown}": it may stand for ${list}`);
  }
  const visible = names.filter((name) => table[name]!.hidden !== true);
  const hint = suggestion(typed, visible, "--");
  throw new UsageError(`Cannot use option "${shown}": there is none of that name${hint}`);
}

function unknownShort(argument: Bytes, index: number): UsageError {
  const shown = printable(argument.subarray(index, index + 1));
  return new UsageError(`Cannot use option "-${shown}": there is none of that name`);
}

function missingValue(spelled: string, expected: string): UsageError {
  return new UsageError(
    `Cannot use option "${spelled}": its value is missing, expected "${expected}"`,
  );
}

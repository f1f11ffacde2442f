/**
 * From argv to an exit status: which command is meant, what goes wrong, what is printed about it.
 *
 * The one place where errors become messages and statuses: 0 done, 1 failed, 2 usage, and for the C
 * programs' names what those programs return. Everything outside comes in through the context, so that
 * tests run it whole. Reading argv and ending the process is left to the caller.
 *
 * @module
 */

import type { Machine } from "../ffi/machine.ts";
import { InterruptedError } from "../ffi/sys/signals.ts";
import type { Entry, Group, OperandTable, ProgramPolicy } from "./args/command.ts";
import { helpText, usageText } from "./args/help.ts";
import { parse, parseGroup } from "./args/parse.ts";
import { suggestion } from "./args/suggest.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./args/usage_error.ts";
import { versionLine } from "./version.ts";

/** What {@linkcode dispatch} works with. */
export interface DispatchContext {
  /** The program `composefs`: its verbs, and the programs that also go by their own names. */
  readonly composefs: Group;
  readonly terminal: Terminal;
  readonly machine: Machine;
  /** Told of the files that a command reads from end to end, before it opens any of them. */
  readonly expectInput?: (paths: readonly Uint8Array[]) => void;
}

/** Status of a program whose reader went away, as a shell reports death by SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;

const DEFAULT_POLICY: ProgramPolicy = { usageStatus: 2, printUsage: false };

/**
 * Runs a command line.
 *
 * If the basename of `argv0` is one of those programs, that program runs; else composefs
 * itself, whose verbs include those programs, so `composefs mkcomposefs …` is `mkcomposefs …`.
 *
 * @param argv0 The name that the process was started by.
 * @param args The arguments after it, without the runtime's own.
 * @returns The exit status.
 * @throws {InterruptedError} If a signal has ended the work.
 */
export async function dispatch(
  argv0: string,
  args: readonly Uint8Array<ArrayBuffer>[],
  context: DispatchContext,
): Promise<number> {
  const { terminal } = context;
  const call = start(argv0, context.composefs);
  try {
    const status = await run(call, args, context);
    terminal.stdout.flush();
    return status;
  } catch (error) {
    // The process ends by the signal, which says enough.
    if (error instanceof InterruptedError) throw error;
    return report(error, call, terminal);
  }
}

/** How far the command line has been understood; what a message says depends on it. */
interface Call {
  entry: Entry;
  /** Name that messages begin with. */
  program: string;
  /** Name that usage begins with: the program's and the verbs'. */
  called: string;
  policy: ProgramPolicy;
  debug: boolean;
}

function start(argv0: string, composefs: Group): Call {
  const name = argv0.slice(argv0.lastIndexOf("/") + 1);
  const entry = composefs.commands.find((child) => child.program && child.name === name) ??
    composefs;
  return {
    entry,
    program: entry.name,
    called: entry.name,
    policy: entry.program ?? DEFAULT_POLICY,
    debug: false,
  };
}

function enter(call: Call, entry: Entry): void {
  call.entry = entry;
  if (entry.program === undefined) {
    call.called += ` ${entry.name}`;
    return;
  }
  call.policy = entry.program;
  call.program = entry.name;
  call.called = entry.name;
}

async function run(
  call: Call,
  args: readonly Uint8Array<ArrayBuffer>[],
  { composefs, terminal, machine, expectInput }: DispatchContext,
): Promise<number> {
  let { entry } = call;
  let rest = args;
  while (entry.kind === "group") {
    const asked = parseGroup(entry, rest);
    if (asked.kind === "none") throw noVerb(entry);
    if (asked.kind !== "verb") return tell(asked.kind, call, terminal);
    entry = findVerb(entry, asked.verb);
    rest = asked.rest;
    enter(call, entry);
  }
  const asC = call.program !== composefs.name;
  const asked = parse(entry, rest, { asC });
  if (asked.kind !== "run") return tell(asked.kind, call, terminal);
  call.debug = asked.debug;
  expectInput?.(wholeInputs(entry.operands, asked.operands));
  return await entry.run(asked.options, asked.operands, {
    program: call.program,
    asC,
    terminal,
    machine,
  });
}

/** What is given for operands that name files to be read from end to end. */
function wholeInputs(
  table: OperandTable,
  given: Readonly<Record<string, unknown>>,
): readonly Uint8Array[] {
  const values = Object.keys(table).filter((name) => table[name]!.readWhole).map((name) =>
    given[name]
  );
  return values.flat().filter((value) => value instanceof Uint8Array);
}

function tell(what: "help" | "version", call: Call, terminal: Terminal): number {
  const text = what === "help"
    ? helpText(call.entry, call.called, terminal.width)
    : versionLine(call.program) + "\n";
  terminal.stdout.write(text);
  return 0;
}

function noVerb(group: Group): UsageError {
  return new UsageError(
    group.missing ?? `Cannot run ${group.name}: command is missing, see "${group.name} --help"`,
  );
}

function findVerb(group: Group, verb: string): Entry {
  const found = group.commands.find((child) => child.name === verb);
  if (found !== undefined) return found;
  const hint = suggestion(verb, group.commands.map((child) => child.name));
  throw new UsageError(`Cannot run "${verb}": ${group.name} has no such command${hint}`);
}

function report(error: unknown, call: Call, terminal: Terminal): number {
  if (terminal.stdoutClosed()) return BROKEN_PIPE_STATUS;
  try {
    // What was answered before the failure stays, and stands before the message.
    terminal.stdout.flush();
  } catch (second) {
    if (!terminal.stdoutClosed()) printError(second, call, terminal);
  }
  printError(error, call, terminal);
  if (!(error instanceof UsageError)) return 1;
  if (error.usage && call.policy.printUsage) {
    terminal.stderr.write(usageText(call.entry, call.called));
  }
  return call.policy.usageStatus;
}

function printError(error: unknown, call: Call, terminal: Terminal): void {
  const message = error instanceof Error ? error.message : String(error);
  const prefix = call.policy.prefix ?? `${call.program}: `;
  terminal.stderr.write(`${prefix}${oneLine(message)}\n`);
  if (call.debug) terminal.stderr.write(stackText(error));
}

/** Escapes control characters: a file's name in a message must not move the cursor. */
function oneLine(message: string): string {
  return message.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g,
    (c) => c < "\u0100" ? "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0") : " ",
  );
}

/** The stacks of an error and of its causes. */
function stackText(error: unknown): string {
  let text = "";
  const seen = new Set<unknown>();
  for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    text += `${cause.stack ?? cause.message}\n`;
    seen.add(cause);
  }
  return text;
}

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
import { equalBytes } from "../lib/bytes/compare.ts";
import { utf8 } from "../lib/bytes/text.ts";
import { type Called, calledBy, calledWith } from "./args/called.ts";
import type { Group, OperandTable } from "./args/command.ts";
import { helpText, usageText } from "./args/help.ts";
import { parse, parseGroup } from "./args/parse.ts";
import { jsonError } from "./json_error.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./args/usage_error.ts";
import { versionLine } from "./version.ts";

/** What {@linkcode dispatch} works with. */
export interface DispatchContext {
  /** The program `composefs`: its verbs, and the programs that also go by their own names. */
  readonly composefs: Group;
  readonly terminal: Terminal;
  readonly machine: Machine;
  /** What runs the program, as its version says it: `Bun 1.4.5`. */
  readonly runtime?: string;
  /** Told of the files that a command reads from end to end, before it opens any of them. */
  readonly expectInput?: (paths: readonly Uint8Array[]) => void;
}

/** Status of a program whose reader went away, as a shell reports death by SIGPIPE. */
const BROKEN_PIPE_STATUS = 141;

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
  const call: Call = { called: calledBy(argv0, context.composefs), debug: false, json: false };
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
  called: Called;
  debug: boolean;
  json: boolean;
}

async function run(
  call: Call,
  args: readonly Uint8Array<ArrayBuffer>[],
  { terminal, machine, runtime, expectInput }: DispatchContext,
): Promise<number> {
  let { entry } = call.called;
  let rest = args;
  // What is wrong with a command line is told in JSON as well, and not known before it is read.
  const isJsonAsked = mentionsJson(args);
  call.json = isJsonAsked && mayBeJson(call.called);
  while (entry.kind === "group") {
    const { asC } = call.called;
    const asked = parseGroup(entry, rest, { asC });
    if (asked.kind === "none") return withoutVerb(entry, call, terminal);
    if (asked.kind !== "verb") return tell(asked.kind, call, terminal, runtime);
    call.called = calledWith(call.called, entry, asked.verb);
    call.json = isJsonAsked && mayBeJson(call.called);
    entry = call.called.entry;
    rest = asked.rest;
  }
  const { asC, program } = call.called;
  const asked = parse(entry, rest, { asC });
  if (asked.kind !== "run") return tell(asked.kind, call, terminal, runtime);
  const { manner } = asked;
  call.debug = asked.debug;
  if (!asC) call.json = manner.json;
  terminal.manner = manner;
  expectInput?.(wholeInputs(entry.operands, asked.operands));
  return await entry.run(asked.options, asked.operands, { program, asC, terminal, machine });
}

/** The C programs' messages are theirs, but of those whose callers read JSON anyway. */
function mayBeJson({ asC, policy }: Called): boolean {
  return !asC || policy.jsonErrors === true;
}

const JSON_WORD = utf8("--json");
const END_OF_OPTIONS = utf8("--");

function mentionsJson(args: readonly Uint8Array[]): boolean {
  const end = args.findIndex((argument) => equalBytes(argument, END_OF_OPTIONS));
  return args.slice(0, end < 0 ? undefined : end)
    .some((argument) => equalBytes(argument, JSON_WORD));
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

function tell(
  what: "help" | "version",
  { called }: Call,
  terminal: Terminal,
  runtime: string | undefined,
): number {
  const text = what === "help"
    ? helpText(called.entry, called.name, terminal.width, called.asC)
    : versionLine(called.program, called.asC, runtime) + "\n";
  terminal.stdout.write(text);
  return 0;
}

/** Lists the commands for who typed none. It goes to standard error: nothing was asked for, and nothing done. */
function withoutVerb(group: Group, { called, json }: Call, terminal: Terminal): number {
  if (called.asC || json) {
    throw new UsageError(
      group.missing ?? `Cannot run ${group.name}: command is missing, see "${group.name} --help"`,
    );
  }
  terminal.stderr.write(helpText(group, called.name, terminal.width));
  return called.policy.usageStatus;
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
  const { entry, name, policy } = call.called;
  if (error.usage && policy.printUsage && !call.json) terminal.stderr.write(usageText(entry, name));
  if (error.choices !== undefined && !call.json) terminal.stderr.write(error.choices);
  return policy.usageStatus;
}

function printError(error: unknown, call: Call, terminal: Terminal): void {
  const { policy, program } = call.called;
  const message = error instanceof Error ? error.message : String(error);
  const prefix = policy.prefix ?? `${program}: `;
  terminal.stderr.write(call.json ? jsonError(error) : `${prefix}${oneLine(message)}\n`);
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

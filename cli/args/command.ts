/**
 * What a command is: one table from which parsing, `--help`, usage, manual pages, completions and the
 * types that `run` sees all come.
 *
 * Holds the shape of the table and the types derived from it; `parse.ts` reads argv by it, `help.ts`
 * prints it, `dispatch.ts` runs it. The commands themselves are in `commands/`, one a file.
 *
 * @module
 */

import type { Machine } from "../../ffi/machine.ts";
import type { Terminal } from "../terminal.ts";
import type { ValueParser } from "./value_parser.ts";
import { choice } from "./values.ts";

interface OptionBase {
  /** One letter by which the option may also be given, as `-o`. */
  readonly short?: string;
  /** One line for `--help` and usage, without a final period. */
  readonly summary: string;
  /** Paragraphs that manual pages and `--help` print below the summary. */
  readonly help?: string;
  /**
   * The C program of this name lacks the option. Such an option gives way where an abbreviation would
   * otherwise be ambiguous, so that scripts written for the C program keep their meaning.
   */
  readonly extension?: true;
  /** Accepted, but left out of help and completions. */
  readonly hidden?: true;
}

/** How a path is looked up in an image. */
export interface InImage {
  /** Whether symbolic links on the way are followed. */
  readonly followsLinks: boolean;
}

/** An option without a value. */
export interface FlagOption extends OptionBase {
  readonly kind: "flag";
}

/**
 * An option with a value, to be given once, or several times if the kind is `list`. If it is `optional`, a
 * value follows an equals sign or there is none.
 */
export interface ValueOption extends OptionBase {
  readonly kind: "value" | "list" | "optional";
  /** Name of the value in help, such as `PATH`. */
  readonly value: string;
  /** Without one the value is text, and an error if it is not UTF-8. */
  readonly parse?: ValueParser<unknown>;
  /** What `run` sees if the option is not given; otherwise it sees undefined. */
  readonly default?: unknown;
  /** The default in words, where `default` itself would not read well or is decided later. */
  readonly defaultText?: string;
  /** What `run` sees if the kind is `optional` and no value is given. */
  readonly bare?: unknown;
  /** The value is a path in the image that the first operand names, where completions look it up. */
  readonly inImage?: InImage;
  /** Start of the C program's message for a bad value, which then follows: `Invalid threads count`. */
  readonly invalid?: string;
}

/** Any option. */
export type Option = FlagOption | ValueOption;

/** Options by their long names, in the order of help. */
export type OptionTable = Readonly<Record<string, Option>>;

/** One operand. Those that are optional or repeated come last. */
export interface Operand {
  /** Name in the synopsis, such as `SOURCE`. */
  readonly name: string;
  /** One line for `--help`, without a final period. */
  readonly summary: string;
  /** Without one the value is the operand's bytes: most operands are paths. */
  readonly parse?: ValueParser<unknown>;
  readonly optional?: true;
  /** Takes all operands that are left, at least one unless it is optional too. */
  readonly repeated?: true;
  /** Message if it is not given, where the C program has one of its own. */
  readonly missing?: string;
  /** What may stand before a path, for completions; not under the C programs' names. */
  readonly prefixes?: readonly string[];
  /** A path in the image that the first operand names, where completions look it up. */
  readonly inImage?: InImage;
  /** Names files that are read from end to end, so that their length tells how much work there is. */
  readonly readWhole?: true;
}

/** Operands by the names that `run` knows them by, in the order of the command line. */
export type OperandTable = Readonly<Record<string, Operand>>;

/** `digest-store` as `digestStore`. */
export type CamelCase<Name> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type Parsed<Spec, Default> = Spec extends { parse: ValueParser<infer T> } ? T : Default;

type OptionValue<Spec> = Spec extends { kind: "flag" } ? boolean
  : Spec extends { kind: "optional"; bare: infer Bare } ? Parsed<Spec, string> | Bare | undefined
  : Spec extends { kind: "list" } ? readonly Parsed<Spec, string>[]
  : Spec extends { default: unknown } ? Parsed<Spec, string>
  : Parsed<Spec, string> | undefined;

/** What `run` sees of a table of options: camel-case names, every one present. */
export type OptionValues<Options> = {
  readonly [Name in keyof Options as CamelCase<Name>]: OptionValue<Options[Name]>;
};

type OperandBytes = Uint8Array<ArrayBuffer>;

type OperandValue<Spec> = Spec extends { repeated: true } ? readonly Parsed<Spec, OperandBytes>[]
  : Spec extends { optional: true } ? Parsed<Spec, OperandBytes> | undefined
  : Parsed<Spec, OperandBytes>;

/** What `run` sees of a table of operands. */
export type OperandValues<Operands> = {
  readonly [Name in keyof Operands]: OperandValue<Operands[Name]>;
};

/** What a command gets besides its own options and operands. */
export interface Context {
  /** Name that messages begin with: `mkcomposefs`, `composefs`. */
  readonly program: string;
  /** Whether that is a C program's name, so that it answers as the C program does. */
  readonly asC: boolean;
  /** Where the answer, messages and progress go. */
  readonly terminal: Terminal;
  /** Where files are, and the kernel. */
  readonly machine: Machine;
}

/** A worked example. */
export interface Example {
  /** What it does, one line. */
  readonly summary: string;
  /** The command line as typed in a shell. */
  readonly command: string;
}

/** A row of two columns in help, an item in a manual page. */
export interface Row {
  /** What is typed. */
  readonly left: string;
  /** What it means, one line without a final period. */
  readonly summary: string;
  /** More about it, for the long help. */
  readonly help?: string;
}

/** A list of its own, below the options: words that an option takes, variables. */
export interface Topic {
  readonly title: string;
  /** Paragraphs before the list. */
  readonly text: readonly string[];
  readonly rows: readonly Row[];
}

/** What a manual page says and help does not. */
export interface ManualOnly {
  /** Paragraphs behind the summary. */
  readonly introduction: readonly string[];
  /** Sections below the options. */
  readonly topics: readonly Topic[];
}

/** How a program reports failure, where it stands for a C program whose callers know its ways. */
export interface ProgramPolicy {
  /** Exit status after a {@linkcode UsageError}. Every other failure exits 1. */
  readonly usageStatus: 1 | 2;
  /** Whether the usage text follows the message of a usage error. */
  readonly printUsage: boolean;
  /** What stands before a message instead of the program's name and a colon. */
  readonly prefix?: string;
  /** Whether messages are JSON where `--json` is given, as they are under our own name. */
  readonly jsonErrors?: true;
}

interface EntryBase {
  /** The word by which it is called. */
  readonly name: string;
  /** What it does in one line, imperative, without a final period. */
  readonly summary: string;
  /** Paragraphs, each of them one string without line breaks. */
  readonly description: readonly string[];
  readonly examples?: readonly Example[];
  /** What else there is to know, in sections below the options. */
  readonly topics?: readonly Topic[];
  /** What only the manual page has. */
  readonly manual?: ManualOnly;
  /** Notes on exit statuses, each beginning with the number. */
  readonly exitStatus?: readonly string[];
  /** Manual pages, such as `composefs-info(1)`. */
  readonly seeAlso?: readonly string[];
  /** Set if it is also a program of its own name; commands inside it share the policy. */
  readonly program?: ProgramPolicy;
}

/** A command: its table and its work. */
export interface Command<
  Options extends OptionTable = OptionTable,
  Operands extends OperandTable = OperandTable,
> extends EntryBase {
  readonly kind: "command";
  /** What follows the name on the usage lines, where that derived from the operands misleads. */
  readonly synopsis?: readonly string[];
  readonly operands: Operands;
  /** Message for an operand too many, where the C program has one of its own. */
  readonly tooMany?: string;
  readonly options: Options;
  /**
   * Does the work.
   *
   * @returns The exit status.
   * @throws {UsageError} If options or operands contradict each other.
   */
  run(
    options: OptionValues<Options>,
    operands: OperandValues<Operands>,
    context: Context,
  ): number | Promise<number>;
}

/** A command whose first operand names one of several commands. */
export interface Group extends EntryBase {
  readonly kind: "group";
  /** Options allowed before the verb as well. Every command of the group includes them in its table. */
  readonly options: OptionTable;
  readonly commands: readonly Entry[];
  /** Commands for scripts only, which are in no list, page or completion. */
  readonly hidden?: readonly Entry[];
  /** The same commands by what they are about, for the list in `--help`. */
  readonly sections?: readonly Section[];
  /** What to do instead, by words that people try because another program has them. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Message if no verb is given, where the C program has one of its own. */
  readonly missing?: string;
}

/** Commands that are about the same. */
export interface Section {
  readonly title: string;
  readonly commands: readonly Entry[];
}

/** Whatever a word on the command line can name. */
export type Entry = Command | Group;

/** Options of every command, whatever name it goes by. */
export const GLOBAL_OPTIONS = {
  help: { kind: "flag", summary: "Print this help and exit", extension: true },
  version: { kind: "flag", summary: "Print the version and exit", extension: true },
  debug: { kind: "flag", summary: "Print the stack of an error", extension: true },
} as const satisfies OptionTable;

/** How progress is shown: on a terminal only, not at all, or as JSON wherever standard error leads. */
export const PROGRESS_WORDS = ["auto", "none", "json"] as const;

/** Options of every command of composefs itself. Those under the C programs' names have the others only. */
export const OWN_OPTIONS = {
  help: { ...GLOBAL_OPTIONS.help, short: "h" },
  version: { ...GLOBAL_OPTIONS.version, short: "V" },
  debug: GLOBAL_OPTIONS.debug,
  quiet: {
    kind: "flag",
    short: "q",
    summary: "Print no notes and no progress, only the answer and errors",
    extension: true,
  },
  progress: {
    kind: "value",
    value: "WHEN",
    parse: choice(...PROGRESS_WORDS),
    default: "auto",
    summary: "Show progress on a terminal (auto), not at all (none), or as lines of JSON (json)",
    extension: true,
  },
} as const satisfies OptionTable;

/** Fixes a command's types from its own table, so that `run` is checked against it. */
export function defineCommand<
  const Options extends OptionTable,
  const Operands extends OperandTable,
>(command: Omit<Command<Options, Operands>, "kind">): Command<Options, Operands> {
  return { kind: "command", ...command };
}

/**
 * Everything an entry accepts: its own options, then those of every command.
 *
 * @param asC Whether it goes by a C program's name.
 */
export function allOptions(entry: Entry, asC: boolean): OptionTable {
  return { ...entry.options, ...(asC ? GLOBAL_OPTIONS : OWN_OPTIONS), ...entry.options };
}

/** The key under which `run` finds an option: `digest-store` as `digestStore`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Help and usage text, from the same table that argv is read by.
 *
 * `helpText` is what `--help` prints to standard output: everything, wrapped to the terminal.
 * `usageText` is what follows a usage error: the synopsis and one line an option.
 *
 * @module
 */

import {
  allOptions,
  type Command,
  type Entry,
  type Group,
  type Option,
  type OptionTable,
  type Row,
  type Section,
  type Topic,
} from "./command.ts";

const INDENT = "  ";
const COLUMN_LIMIT = 26;

/**
 * The text that `--help` prints, its last line end included.
 *
 * @param called How the entry was called, its parents' names included: `composefs-info ls`.
 * @param width Columns to wrap at; taken as at least 60 and at most 100.
 * @param asC Whether it was called by a C program's name.
 */
export function helpText(entry: Entry, called: string, width = 80, asC = false): string {
  const columns = Math.min(100, Math.max(60, width));
  const paragraphs = [`${entry.summary}.`, ...entry.description];
  const sections = [
    usageLines(entry, called).join("\n"),
    ...paragraphs.map((paragraph) => wrap(paragraph, columns).join("\n")),
    ...commandSections(entry, columns),
    section("Operands", operandRows(entry), columns),
    section("Options", optionRows(entry, asC), columns),
    ...(entry.topics ?? []).map((topic) => topicText(topic, columns)),
    examples(entry),
    bullets("Exit status", exitStatusNotes(entry, asC), columns),
    bullets("See also", entry.seeAlso === undefined ? [] : [entry.seeAlso.join(", ")], columns),
  ];
  return sections.filter((text) => text !== "").join("\n\n") + "\n";
}

/** The short usage, its last line end included: synopsis, then one line for each option or command. */
export function usageText(entry: Entry, called: string): string {
  const rows = entry.kind === "group" ? commandRows(entry) : ownOptionRows(entry);
  const title = entry.kind === "group" ? "Commands:" : "Options:";
  const column = Math.max(0, ...rows.map((row) => row.left.length)) + 2;
  const lines = rows.map((row) => INDENT + row.left.padEnd(column) + row.summary);
  const list = rows.length === 0 ? [] : [title, ...lines];
  return [...usageLines(entry, called), ...list].join("\n") + "\n";
}

/** The lines that begin with `Usage:`. */
function usageLines(entry: Entry, called: string): string[] {
  return synopsis(entry).map((rest, i) =>
    `${i === 0 ? "Usage:" : "      "} ${called} ${rest}`.trimEnd()
  );
}

/** What follows the name on the command line, one string for each way to call the entry. */
export function synopsis(entry: Entry): readonly string[] {
  if (entry.kind === "group") return ["[OPTIONS] COMMAND [ARGUMENTS]"];
  if (entry.synopsis !== undefined) return entry.synopsis;
  const operands = Object.values(entry.operands).map((operand) => {
    const name = operand.repeated ? `${operand.name}...` : operand.name;
    return operand.optional ? `[${name}]` : name;
  });
  return [["[OPTIONS]", ...operands].join(" ")];
}

/** Notes on exit statuses. Whatever goes by our own name ends with 2 after a wrong command line. */
export function exitStatusNotes({ kind, exitStatus }: Entry, asC: boolean): readonly string[] {
  if (asC || kind === "group") return exitStatus ?? [];
  return [...exitStatus ?? ["0 done, 1 failed."], "2 for a wrong command line."];
}

/** The commands of a group. */
function commandRows(entry: Entry): Row[] {
  if (entry.kind === "command") return [];
  return rowsOfCommands(entry.commands);
}

function rowsOfCommands(commands: readonly Entry[]): Row[] {
  return commands.map(({ name, summary }) => ({ left: name, summary }));
}

/** The commands of a group, by what they are about where that is known. */
export function sectionsOf(group: Group): readonly Section[] {
  return group.sections ?? [{ title: "Commands", commands: group.commands }];
}

function commandSections(entry: Entry, columns: number): string[] {
  if (entry.kind === "command") return [];
  const width = Math.max(0, ...entry.commands.map(({ name }) => name.length));
  return sectionsOf(entry).map(({ title, commands }) =>
    section(title, rowsOfCommands(commands), columns, width)
  );
}

/** The operands of a command. */
export function operandRows(entry: Entry): Row[] {
  if (entry.kind === "group") return [];
  return Object.values(entry.operands).map(({ name, summary }) => ({ left: name, summary }));
}

function topicText({ title, text, rows }: Topic, columns: number): string {
  const paragraphs = text.map((paragraph) =>
    wrap(paragraph, columns - INDENT.length).map((line) => INDENT + line).join("\n")
  );
  const [heading, ...lines] = section(title, rows, columns).split("\n");
  return [[heading, ...paragraphs].join("\n"), lines.join("\n")].join("\n\n");
}

/**
 * Every option that is not hidden, those of all commands included.
 *
 * @param known Options that are described elsewhere, and left out.
 */
export function optionRows(entry: Entry, asC: boolean, known: OptionTable = {}): Row[] {
  const options = Object.entries(allOptions(entry, asC));
  return rowsOf(options.filter(([name]) => !Object.hasOwn(known, name)));
}

/** The options that a C program's usage lists; `--help` and its like would repeat on every error. */
function ownOptionRows(command: Command): Row[] {
  return rowsOf(Object.entries(command.options));
}

function rowsOf(options: [string, Option][]): Row[] {
  const visible = options.filter(([, option]) => option.hidden !== true);
  // Room for short options is kept only where there are any.
  const shortWidth = visible.some(([, option]) => option.short !== undefined) ? 4 : 0;
  return visible.map(([name, option]) => {
    const short = option.short === undefined ? "" : `-${option.short}, `;
    return {
      left: `${short.padStart(shortWidth)}--${name}${shownValue(option)}`,
      summary: option.summary + defaultNote(option),
      ...(option.help === undefined ? {} : { help: option.help }),
    };
  });
}

function shownValue(option: Option): string {
  if (option.kind === "flag") return "";
  return option.kind === "optional" ? `[=${option.value}]` : `=${option.value}`;
}

function defaultNote(option: Option): string {
  if (option.kind === "flag") return "";
  const text = option.defaultText ??
    (option.default === undefined ? undefined : String(option.default));
  const repeated = option.kind === "list" ? " (may be repeated)" : "";
  return text === undefined ? repeated : `${repeated} (default=${text})`;
}

/** @param least Least width of the left column, for sections that stand below each other. */
function section(title: string, rows: readonly Row[], columns: number, least = 0): string {
  if (rows.length === 0) return "";
  const widest = Math.max(least, ...rows.map((row) => row.left.length));
  const column = INDENT.length + Math.min(widest, COLUMN_LIMIT) + 2;
  const lines = rows.flatMap((row) => rowLines(row, column, columns));
  return [`${title}:`, ...lines].join("\n");
}

/** One row in two columns; a left part too wide for its column has a line of its own. */
function rowLines(row: Row, column: number, columns: number): string[] {
  const left = INDENT + row.left;
  const leftLines = left.length > columns
    ? wrap(row.left, columns - INDENT.length).map((line) => INDENT + line)
    : [left];
  const right = [row.summary, ...(row.help === undefined ? [] : [row.help])]
    .flatMap((text) => wrap(text, columns - column));
  const indented = right.map((line) => " ".repeat(column) + line);
  if (left.length + 2 > column) return [...leftLines, ...indented];
  return [left.padEnd(column) + right[0]!, ...indented.slice(1)];
}

function examples(entry: Entry): string {
  if (entry.examples === undefined) return "";
  // Commands stay on one line, however long: they are there to be copied.
  const items = entry.examples.map(({ summary, command }) =>
    `${INDENT}${summary}:\n${INDENT}${INDENT}${command}`
  );
  return ["Examples:", items.join("\n\n")].join("\n");
}

function bullets(title: string, items: readonly string[], columns: number): string {
  if (items.length === 0) return "";
  const lines = items.flatMap((item) => wrap(item, columns - INDENT.length));
  return [`${title}:`, ...lines.map((line) => INDENT + line)].join("\n");
}

/** Breaks text at spaces into lines of at most `columns`; a longer word has a line of its own. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line === "") line = word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines;
}

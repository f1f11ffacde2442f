/**
 * Manual pages, from the same tables as argv is read by and `--help` is printed from.
 *
 * One page for each command and each program, and one for composefs that leads to all of them; the commands of a
 * C program are on its own page. Pages about formats, which are in `cli/manual/`, are set in the same way.
 *
 * @module
 */

import {
  type Entry,
  type Group,
  type OptionTable,
  OWN_OPTIONS,
  type Row,
  type Topic,
} from "./command.ts";
import { exitStatusNotes, operandRows, optionRows, sectionsOf, synopsis } from "./help.ts";
import { VERSION } from "../version.ts";
import {
  heading,
  nameLines,
  pageText,
  paragraphs,
  plain,
  subheading,
  synopsisLines,
  tagged,
  titleLines,
  verbatim,
} from "./_roff.ts";

/** The section of a page: 1 for commands, 5 for formats, 8 for what needs root. */
export type ManSection = 1 | 5 | 8;

/** A page. */
export interface ManPage {
  /** Name and section, as they are in the name of its file: `mkcomposefs.1`. */
  readonly file: string;
  readonly section: ManSection;
  readonly text: string;
}

/** A part of a page about a format: running text, a list, or lines that stand as they are. */
export type FormatPart =
  | string
  | { readonly rows: readonly Row[] }
  | { readonly subheading: string }
  | { readonly lines: string };

/** A page about a format, in section 5. */
export interface FormatPage {
  readonly name: string;
  /** What the format is of, in one line, in lower case, without a final period. */
  readonly summary: string;
  readonly sections: readonly {
    readonly title: string;
    readonly parts: readonly FormatPart[];
  }[];
  /** Pages, such as `composefs-info(1)`. */
  readonly seeAlso: readonly string[];
}

/** The programs that a group stands for: itself, and those inside it. */
export function programsOf(composefs: Group): Entry[] {
  return [composefs, ...composefs.commands.filter((entry) => entry.program !== undefined)];
}

/** The section of a program's page. Helpers of mount(8) are named after the file system. */
export function manSection(program: Entry): 1 | 8 {
  return program.name.startsWith("mount.") ? 8 : 1;
}

/** The manual pages of all programs and commands, and of formats. The same tables give the same bytes. */
export function manPages(composefs: Group, formats: readonly FormatPage[] = []): ManPage[] {
  const programs = composefs.commands.filter(({ program }) => program !== undefined);
  const names = new Set(programs.map(({ name }) => name));
  const commands = composefs.commands.filter(({ program }) => program === undefined);
  const isGuest = (command: Entry) => names.has(pageName(composefs, command));
  return [
    overviewPage(composefs, formats),
    ...commands.filter((command) => !isGuest(command)).map((command) => page(composefs, command)),
    ...programs.map((program) =>
      page(composefs, program, commands.find((command) => isOn(composefs, command, program)))
    ),
    ...formats.map(formatPage),
  ];
}

function isOn(composefs: Group, command: Entry, program: Entry): boolean {
  return pageName(composefs, command) === program.name;
}

/** The name of the page that a command or program is on. */
function pageName(composefs: Group, { name, program }: Entry): string {
  return program === undefined ? `${composefs.name}-${name}` : name;
}

/** How other pages name it. */
function reference(composefs: Group, entry: Entry): string {
  return `${entry === composefs ? entry.name : pageName(composefs, entry)}(${manSection(entry)})`;
}

/** The page that leads to all others. */
function overviewPage(composefs: Group, formats: readonly FormatPage[]): ManPage {
  const others = composefs.commands.map((entry) => reference(composefs, entry));
  const commands = sectionsOf(composefs).flatMap((section) => [
    subheading(section.title),
    ...tagged(section.commands.map((entry) => ({
      left: entry.name,
      summary: `${entry.summary}: see ${reference(composefs, entry)}`,
    }))),
  ]);
  return manPage(composefs.name, manSection(composefs), [
    ...nameLines(composefs.name, lowerFirst(composefs.summary)),
    ...callLines(composefs, composefs.name),
    heading("Commands"),
    ...commands,
    ...detailLines(composefs, false),
    ...seeAlsoLines([...others, ...formats.map(formatReference), ...composefs.seeAlso ?? []]),
  ]);
}

/**
 * The page of a command or of a program.
 *
 * @param guest A command that would have a page of the program's name.
 */
function page(composefs: Group, entry: Entry, guest?: Entry): ManPage {
  const asC = entry.program !== undefined;
  const called = asC ? entry.name : `${composefs.name} ${entry.name}`;
  const inside = insideLines(entry, called, asC);
  const self = reference(composefs, entry);
  const related = [composefs, ...(asC ? [] : neighbours(composefs, entry))]
    .map((other) => reference(composefs, other));
  const named = [entry, ...commandsOf(entry), ...(guest === undefined ? [] : [guest])]
    .flatMap(({ seeAlso = [] }) => seeAlso);
  return manPage(pageName(composefs, entry), manSection(entry), [
    ...nameLines(pageName(composefs, entry), lowerFirst(entry.summary)),
    ...callLines(entry, called),
    ...(guest === undefined ? [] : paragraphs([
      `Another command, ${composefs.name} ${guest.name}, is described at the end of this page.`,
    ])),
    ...(inside.length > 0 ? [heading("Commands"), ...inside] : []),
    ...detailLines(entry, asC),
    ...(guest === undefined ? [] : guestLines(guest, `${composefs.name} ${guest.name}`)),
    ...seeAlsoLines([...related, ...named].filter((name) => name !== self)),
  ]);
}

/** Commands that are about the same. */
function neighbours({ sections = [] }: Group, entry: Entry): readonly Entry[] {
  return sections.find(({ commands }) => commands.includes(entry))?.commands ?? [];
}

/** The page of a format. */
function formatPage(format: FormatPage): ManPage {
  return manPage(format.name, 5, [
    ...nameLines(format.name, format.summary),
    ...format.sections.flatMap(({ title, parts }) => [heading(title), ...parts.flatMap(partLines)]),
    ...seeAlsoLines(format.seeAlso),
  ]);
}

function formatReference({ name }: FormatPage): string {
  return `${name}(5)`;
}

function partLines(part: FormatPart): string[] {
  if (typeof part === "string") return paragraphs([part]);
  if ("rows" in part) return tagged(part.rows);
  return "subheading" in part ? [subheading(part.subheading)] : verbatim(part.lines);
}

function manPage(name: string, section: ManSection, lines: readonly string[]): ManPage {
  const text = pageText([...titleLines(name, section, VERSION), ...lines]);
  return { file: `${name}.${section}`, section, text };
}

/** The commands that a page describes: those of a group that are no programs. */
function commandsOf(entry: Entry): Entry[] {
  return entry.kind === "group" ? entry.commands.filter(({ program }) => !program) : [];
}

/** How it is called, and what it does. */
function callLines(entry: Entry, called: string): string[] {
  return [
    heading("Synopsis"),
    ...synopsisLines(called, synopsis(entry)),
    heading("Description"),
    ...paragraphs([
      `${entry.summary}.`,
      ...entry.manual?.introduction ?? [],
      ...entry.description,
    ]),
  ];
}

/** Everything else of whatever a page is about. */
function detailLines(entry: Entry, asC: boolean): string[] {
  return [
    ...section(heading("Operands"), tagged(operandRows(entry))),
    ...section(heading("Options"), tagged(optionRows(entry, asC))),
    ...[...entry.topics ?? [], ...entry.manual?.topics ?? []]
      .flatMap((topic) => [heading(topic.title), ...topicLines(topic)]),
    ...section(heading("Examples"), exampleLines(entry)),
    ...section(heading("Exit status"), paragraphs([exitStatusNotes(entry, asC).join(" ")])),
  ];
}

/** The commands of a group, inside its page. What all of them have is told once, for the group. */
function insideLines(entry: Entry, called: string, asC: boolean): string[] {
  const known = { ...OWN_OPTIONS, ...entry.options };
  return commandsOf(entry).flatMap((child) =>
    commandLines(child, `${called} ${child.name}`, { asC, known })
  );
}

function commandLines(
  entry: Entry,
  called: string,
  { asC, known }: { readonly asC: boolean; readonly known: OptionTable },
): string[] {
  return [
    subheading(called),
    ...synopsisLines(called, synopsis(entry)),
    ...paragraphs([`${entry.summary}.`, ...entry.description]),
    ...tagged(operandRows(entry)),
    ...tagged(optionRows(entry, asC, known)),
    ...(entry.topics ?? []).flatMap((
      topic,
    ) => [...paragraphs([`${topic.title}:`]), ...topicLines(topic)]),
    ...exampleLines(entry),
    ...insideLines(entry, called, asC),
  ];
}

/** A command that has a page in common with a program, whose options are other ones. */
function guestLines(entry: Entry, called: string): string[] {
  return [
    heading(`The command ${called}`),
    ...synopsisLines(called, synopsis(entry)),
    ...paragraphs([`${entry.summary}.`, ...entry.description]),
    ...section(subheading("Operands"), tagged(operandRows(entry))),
    ...section(subheading("Options"), tagged(optionRows(entry, false))),
    ...(entry.topics ?? []).flatMap((topic) => [subheading(topic.title), ...topicLines(topic)]),
    ...section(subheading("Examples"), exampleLines(entry)),
  ];
}

/** A heading, unless nothing stands below it. */
function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [heading, ...lines];
}

function topicLines({ text, rows }: Topic): string[] {
  return [...paragraphs(text), ...tagged(rows)];
}

function exampleLines({ examples = [] }: Entry): string[] {
  return examples.flatMap(({ summary, command }) => [
    ...paragraphs([`${summary}:`]),
    ...verbatim(command),
  ]);
}

function seeAlsoLines(names: readonly string[]): readonly string[] {
  const pages = [...new Set(names)];
  return section(heading("See also"), pages.length === 0 ? [] : [plain(pages.join(", "))]);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

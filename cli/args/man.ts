/**
 * Manual pages, from the same tables as argv is read by and `--help` is printed from.
 *
 * One page for each program, with its commands in it; what is a program of its own inside another one
 * has a page of its own. The text is roff with the macros of man(7).
 *
 * @module
 */

import { type Entry, type Group, OWN_OPTIONS, type Row } from "./command.ts";
import { commandRows, operandRows, optionRows, synopsis } from "./help.ts";
import { VERSION } from "../version.ts";

/** A page. */
export interface ManPage {
  /** Name and section, as they are in the name of its file: `mkcomposefs.1`. */
  readonly file: string;
  /** 1 for commands, 8 for what needs root. */
  readonly section: 1 | 8;
  readonly text: string;
}

const COMMON = new RegExp(`^ *(-., )?--(${Object.keys(OWN_OPTIONS).join("|")})(=.*)?$`);

/** The programs that a group stands for: itself, and those inside it. */
export function programsOf(composefs: Group): Entry[] {
  return [composefs, ...composefs.commands.filter((entry) => entry.program !== undefined)];
}

/** The section of a program's page. Helpers of mount(8) are named after the file system. */
export function manSection(program: Entry): 1 | 8 {
  return program.name.startsWith("mount.") ? 8 : 1;
}

/** The manual pages of all programs, in the order of the table. The same tables give the same bytes. */
export function manPages(composefs: Group): ManPage[] {
  const programs = programsOf(composefs);
  return programs.map((program) => {
    const section = manSection(program);
    const others = programs.filter((other) => other !== program);
    return {
      file: `${program.name}.${section}`,
      section,
      text: page(program, section, others, program !== composefs),
    };
  });
}

function page(
  program: Entry,
  section: 1 | 8,
  others: readonly Entry[],
  asC: boolean,
): string {
  const title = section === 1 ? "User Commands" : "System Administration";
  const inside = commandsOf(program);
  return [
    `.TH ${quoted(program.name)} ${section} "" "composefs\\-ts ${VERSION}" "${title}"`,
    // Words are hyphenated nowhere: a broken option or path cannot be searched for.
    ".nh",
    ".SH NAME",
    `${literal(program.name)} \\- ${plain(lowerFirst(program.summary))}`,
    ".SH SYNOPSIS",
    ...synopsisLines(program, program.name),
    ".SH DESCRIPTION",
    ...paragraphs([`${program.summary}.`, ...program.description]),
    ...tagged(".SH COMMANDS", inside.length > 0 ? [] : commandRows(program)),
    ...tagged(".SH OPERANDS", operandRows(program)),
    ...tagged(".SH OPTIONS", optionRows(program, asC)),
    ...topicLines(program, (title) => `.SH ${quoted(title.toUpperCase())}`),
    ...(inside.length > 0 ? [".SH COMMANDS"] : []),
    ...inside.flatMap((entry) => commandLines(entry, `${program.name} ${entry.name}`, asC)),
    ...exampleLines(".SH EXAMPLES", program),
    ...exitStatusLines(program),
    ...seeAlsoLines(program, inside, others),
  ].join("\n") + "\n";
}

/** The commands that a page describes: those of a group that are no programs. */
function commandsOf(entry: Entry): Entry[] {
  return entry.kind === "group" ? entry.commands.filter(({ program }) => !program) : [];
}

/** A command inside a page. */
function commandLines(entry: Entry, called: string, asC: boolean): string[] {
  const inside = commandsOf(entry);
  return [
    `.SS ${quoted(called)}`,
    ...synopsisLines(entry, called),
    ...paragraphs([`${entry.summary}.`, ...entry.description]),
    ...tagged(undefined, operandRows(entry)),
    // What every command has is told once, for the program.
    ...tagged(undefined, optionRows(entry, asC).filter(({ left }) => !COMMON.test(left))),
    ...topicLines(entry, (title) => `.SS ${quoted(`${called}: ${lowerFirst(title)}`)}`),
    ...exampleLines(undefined, entry),
    ...inside.flatMap((child) => commandLines(child, `${called} ${child.name}`, asC)),
  ];
}

function topicLines(
  { topics = [] }: Entry,
  heading: (title: string) => string,
): string[] {
  return topics.flatMap(({ title, text, rows }) => [
    heading(title),
    ...paragraphs(text),
    ...tagged(undefined, rows),
  ]);
}

function synopsisLines(entry: Entry, called: string): string[] {
  return synopsis(entry).flatMap((rest, i) => [
    ...(i > 0 ? [".br"] : []),
    `${bold(called)} ${literal(rest)}`,
  ]);
}

function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [".PP", plain(text)]);
}

function tagged(title: string | undefined, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const items = rows.flatMap(({ left, summary, help }) => [
    ".TP",
    bold(left.trimStart()),
    plain(`${summary}.`),
    ...(help === undefined ? [] : [plain(help)]),
  ]);
  return title === undefined ? items : [title, ...items];
}

function exampleLines(title: string | undefined, entry: Entry): string[] {
  if (entry.examples === undefined) return [];
  const items = entry.examples.flatMap(({ summary, command }) => [
    ".PP",
    plain(`${summary}:`),
    ".RS 4",
    ".nf",
    literal(command),
    ".fi",
    ".RE",
  ]);
  return title === undefined ? items : [title, ...items];
}

function exitStatusLines({ exitStatus = [] }: Entry): string[] {
  return exitStatus.length === 0 ? [] : [".SH EXIT STATUS", ...paragraphs(exitStatus)];
}

function seeAlsoLines(
  program: Entry,
  inside: readonly Entry[],
  others: readonly Entry[],
): string[] {
  const named = [program, ...inside].flatMap(({ seeAlso = [] }) => seeAlso);
  const own = others.map((other) => `${other.name}(${manSection(other)})`);
  const pages = [...new Set([...own, ...named])]
    .filter((name) => name !== `${program.name}(${manSection(program)})`);
  return pages.length === 0 ? [] : [".SH SEE ALSO", plain(pages.join(", "))];
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

/** Running text, in which a dash is one: a line of its own, no request and no escape in it. */
function plain(text: string): string {
  const escaped = text.replaceAll("\\", "\\e")
    // What is typed keeps its dashes: options, and words joined by them that can be searched for.
    .replaceAll("-", "\\-")
    // Nothing outside ASCII, so that the page reads alike in every locale.
    .replace(
      /[^\n -~]/gu,
      (character) =>
        `\\[u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

/** What is typed as it stands: ASCII quotes and carets too, which roff sets as typographic ones. */
function literal(text: string): string {
  return plain(text)
    .replaceAll("'", "\\(aq")
    .replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha")
    .replaceAll("~", "\\(ti");
}

function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`;
}

/** An argument of a macro. */
function quoted(text: string): string {
  return `"${literal(text).replaceAll('"', "\\(dq")}"`;
}

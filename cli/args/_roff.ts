/**
 * The language of manual pages: roff with the macros of man(7).
 *
 * What goes in is text as it is meant; what comes out are lines in which nothing but our own requests is one.
 *
 * @module
 */

import type { Row } from "./command.ts";

/** The lines that a page begins with. */
export function titleLines(name: string, section: number, version: string): string[] {
  return [
    `.TH ${quoted(name)} ${section} "" ${quoted(`composefs-ts ${version}`)} ${
      quoted(CHAPTERS[section] ?? "")
    }`,
    // Words are hyphenated nowhere: a broken option or path cannot be searched for. Long ones would tear gaps
    // into lines that are filled up to the margin.
    ".nh",
    ".ad l",
  ];
}

/** What sections of the manual are called. */
const CHAPTERS: Readonly<Record<number, string>> = {
  1: "User Commands",
  5: "File Formats",
  8: "System Administration",
};

/** The section from which `man -k` knows a page. */
export function nameLines(name: string, summary: string): string[] {
  return [".SH NAME", `${literal(name)} \\- ${plain(summary)}`];
}

/** A heading, which is in capitals. */
export function heading(title: string): string {
  return `.SH ${quoted(title.toUpperCase())}`;
}

/** A heading below one. */
export function subheading(title: string): string {
  return `.SS ${quoted(title)}`;
}

/** Running text. */
export function paragraphs(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [".PP", plain(text)]);
}

/** A list of what is typed and what it means. */
export function tagged(rows: readonly Row[]): string[] {
  return rows.flatMap(({ left, summary, help }) => [
    ".TP",
    bold(left.trimStart()),
    plain(`${summary}.`),
    ...(help === undefined ? [] : [plain(help)]),
  ]);
}

/** A page of lines. What stands below a heading begins no new paragraph. */
export function pageText(lines: readonly string[]): string {
  const kept = lines.filter((line, i) => line !== ".PP" || !/^\.S[HS] /.test(lines[i - 1] ?? ""));
  return kept.join("\n") + "\n";
}

/** Lines that stand as they are. */
export function verbatim(text: string): string[] {
  // An empty line as such would be a paragraph to some formatters.
  const lines = text.split("\n").map((line) => line === "" ? "\\&" : literal(line));
  return [".RS 4", ".nf", ...lines, ".fi", ".RE"];
}

/** How something is called, one line for each way. */
export function synopsisLines(called: string, ways: readonly string[]): string[] {
  return ways.flatMap((rest, i) => [
    ...(i > 0 ? [".br"] : []),
    `${bold(called)} ${literal(rest)}`,
  ]);
}

/** Running text, in which a dash is one: a line of its own, no request and no escape in it. */
export function plain(text: string): string {
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

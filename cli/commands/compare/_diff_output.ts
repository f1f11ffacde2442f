/**
 * The forms in which changes are printed.
 *
 * @module
 */

import { concatBytes, latin1, utf8 } from "../../../lib/bytes/text.ts";
import type { Change } from "../../../lib/compare/changes.ts";
import type { Attribute, ComparedFile } from "../../../lib/compare/differences.ts";
import type { NeededObject } from "../../../lib/compare/fetch.ts";
import type { Hunk, HunkLine } from "../../../lib/compare/line_diff.ts";
import { escapeField } from "../../../lib/dumpfile/escape.ts";
import { jsonBytes, jsonLine } from "../../json.ts";
import { fileFields, sizeOf } from "../image/describe.ts";
import { asImageFile, type AttributeText, attributeTexts, xattrText } from "./_file_text.ts";

/** Which attributes are told. */
type Keeps = (attribute: Attribute) => boolean;

type Line = string | Uint8Array;

/** In front of a path. */
const LETTERS: Readonly<Record<Change["change"], string>> = {
  added: "A",
  removed: "D",
  changed: "M",
  renamed: "R",
};

/** How changes are printed for people. */
export interface ChangeLook {
  /** Whether to tell kinds of changes by colours. */
  readonly hasColor: boolean;
  /** Compares the contents of a file line by line, where that is wanted; undefined if there is nothing to tell. */
  readonly text?: ((change: Change) => readonly Hunk[] | string | undefined) | undefined;
}

/** A line a path, below it one for each attribute, and below those what has changed in a text. */
export function* changeLines(
  changes: readonly Change[],
  keeps: Keeps,
  { hasColor, text }: ChangeLook,
): Generator<Line> {
  const paint = hasColor ? painted : (line: Line) => line;
  for (const each of changes) {
    const from = each.change === "renamed" ? [shownPath(each.from), utf8(" -> ")] : [];
    const line = concatBytes(utf8(`${LETTERS[each.change]} `), ...from, shownPath(each.path));
    yield paint(line, COLORS[each.change]);
    yield "\n";
    for (const { label, before, after } of textsOf(each, keeps)) {
      yield `    ${label}: ${before ?? "none"} -> ${after ?? "none"}\n`;
    }
    const hunks = text?.(each);
    if (typeof hunks === "string") yield `    ${hunks}\n`;
    else for (const hunk of hunks ?? []) yield* hunkLines(hunk, paint);
  }
}

/** Colours of a terminal, as git(1) has them. */
const COLORS: Readonly<Record<Change["change"], number>> = {
  added: 32,
  removed: 31,
  changed: 33,
  renamed: 36,
};

function painted(line: Line, color: number): Line {
  return concatBytes(
    utf8(`\x1b[${color}m`),
    typeof line === "string" ? utf8(line) : line,
    utf8("\x1b[m"),
  );
}

const SIGNS: Readonly<Record<HunkLine["kind"], string>> = { equal: " ", removed: "-", added: "+" };

function* hunkLines(
  { before, after, lines }: Hunk,
  paint: (line: Line, color: number) => Line,
): Generator<Line> {
  yield paint(`@@ -${rangeText(before)} +${rangeText(after)} @@`, COLORS.renamed);
  yield "\n";
  for (const { kind, bytes } of lines) {
    const hasEnd = bytes.at(-1) === NEWLINE;
    const text = visible(hasEnd ? bytes.subarray(0, -1) : bytes);
    const line = concatBytes(utf8(SIGNS[kind]), text);
    yield kind === "equal" ? line : paint(line, COLORS[kind]);
    yield hasEnd ? "\n" : "\n\\ No newline at end of file\n";
  }
}

const NEWLINE = 0x0a;
/** A line without what a terminal would act on. */
function visible(line: Uint8Array): Uint8Array {
  return utf8(DECODER.decode(line).replace(/(?!\t)\p{Control}/gu, "?"));
}

const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** As in a unified diff: a count of 1 is left out. */
function rangeText({ start, count }: Hunk["before"]): string {
  return count === 1 ? String(start) : `${start},${count}`;
}

function textsOf(change: Change, keeps: Keeps): AttributeText[] {
  if (change.change === "added" || change.change === "removed") return [];
  const { before, after, attributes } = change;
  return attributes.filter(keeps).flatMap((each) => attributeTexts(each, before, after));
}

function shownPath(path: Uint8Array): Uint8Array {
  return escapeField(path, "path");
}

/** An object of JSON a path. */
export function* jsonLines(changes: readonly Change[], keeps: Keeps): Generator<Line> {
  for (const each of changes) {
    const { change, path } = each;
    const before = change === "added" ? {} : { before: fieldsOf(each.before) };
    const after = change === "removed" ? {} : { after: fieldsOf(each.after) };
    yield jsonLine({
      change,
      ...(change === "renamed" ? jsonBytes("from", each.from) : {}),
      ...jsonBytes("path", path),
      ...(change === "changed" || change === "renamed"
        ? { attributes: each.attributes.filter(keeps) }
        : {}),
      ...before,
      ...after,
    });
  }
}

function fieldsOf(file: ComparedFile): object {
  const { path: _, ...fields } = fileFields(ROOT, asImageFile(file)) as { path: string };
  const xattrs = file.stat.xattrs.map(({ name, value }) => ({
    ...jsonBytes("name", name),
    ...jsonBytes("value", value),
    text: xattrText(latin1(name), value),
  }));
  return { ...fields, xattrs };
}

const ROOT = utf8("/");

/** A line a directory that something has changed in directly, and one of all. */
export function* statLines(changes: readonly Change[], isJson: boolean): Generator<Line> {
  const counts = new Map<string, Counts>();
  for (const each of changes) count(counts, latin1(parentOf(each.path)), each);
  const width = Math.max(0, ...[...counts.values()].map((each) => countsText(each).length));
  for (const [directory, each] of [...counts].sort(([a], [b]) => a < b ? -1 : 1)) {
    const path = Uint8Array.from(directory, (character) => character.charCodeAt(0));
    if (isJson) yield jsonLine({ ...jsonBytes("directory", path), ...each });
    else {yield concatBytes(
        utf8(`${countsText(each).padEnd(width)}  `),
        shownPath(path),
        utf8("\n"),
      );}
  }
  if (!isJson) yield `${countsText(total(changes))} in all\n`;
}

/** How many files have changed, and how. */
type Counts = Record<Change["change"], number>;

function count(counts: Map<string, Counts>, key: string, { change }: Change): void {
  let found = counts.get(key);
  if (found === undefined) counts.set(key, found = NO_CHANGES());
  found[change]++;
}

const NO_CHANGES = (): Counts => ({ added: 0, removed: 0, changed: 0, renamed: 0 });

function total(changes: readonly Change[]): Counts {
  const counts = NO_CHANGES();
  for (const { change } of changes) counts[change]++;
  return counts;
}

function countsText(counts: Counts): string {
  return Object.entries(counts).filter(([, number]) => number > 0)
    .map(([change, number]) => `${number} ${change}`).join(", ") || "no changes";
}

function parentOf(path: Uint8Array): Uint8Array {
  return path.subarray(0, Math.max(1, path.lastIndexOf(SLASH)));
}

const SLASH = 0x2f;

/** Paths that a comment names one by one: those who want all have the other forms. */
const MAX_LISTED = 50;
/** Characters of the table: GitHub takes comments of 65536. */
const MAX_TABLE = 60_000;
/** Characters of a name or value in it. */
const MAX_CELL = 300;

/** A summary for people who review a change. */
export function* markdownLines(changes: readonly Change[], keeps: Keeps): Generator<Line> {
  yield `**${countsText(total(changes))}**\n`;
  if (changes.length === 0) return;
  yield "\n|   | path | what |\n| - | ---- | ---- |\n";
  let listed = 0;
  let size = 0;
  for (const each of changes.slice(0, MAX_LISTED)) {
    const texts = textsOf(each, keeps).map(({ label, before, after }) =>
      `${cell(label)}: ${cell(before ?? "none")} → ${cell(after ?? "none")}`
    );
    if (each.change === "renamed") texts.unshift(`was ${cell(latin1(shownPath(each.from)))}`);
    const sizes = each.change === "added" ? [`${sizeOf(asImageFile(each.after))} bytes`] : [];
    const path = cell(latin1(shownPath(each.path)));
    const row = `| ${LETTERS[each.change]} | ${path} | ${[...texts, ...sizes].join("<br>")} |\n`;
    size += row.length;
    if (size > MAX_TABLE) break;
    yield row;
    listed++;
  }
  if (changes.length > listed) yield `\n… and ${changes.length - listed} more.\n`;
}

/** Text that is no markup, in a cell of a table. */
function cell(text: string): string {
  const shown = text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
  return `\`${shown.replaceAll("`", "\\x60").replaceAll("|", "\\|")}\``;
}

/** An object a line, and how much all of them are. */
export function objectLines(objects: readonly NeededObject[], isJson: boolean): Uint8Array[] {
  if (isJson) {
    return objects.map(({ path, size }) => utf8(jsonLine({ ...jsonBytes("path", path), size })));
  }
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  return [
    ...objects.map(({ path, size }) =>
      concatBytes(utf8(`${String(size).padStart(12)} `), shownPath(path), utf8("\n"))
    ),
    utf8(`${objects.length} ${objects.length === 1 ? "object" : "objects"}, ${bytes} bytes\n`),
  ];
}

/**
 * Faults that make a good dump one to refuse, one for every refusal of composefs-dump(5).
 *
 * A fault changes one place of the lines, or a few for those that need two. It may miss (a broken
 * field of a hard link entry is never read); the reference program has the last word. Where
 * mkcomposefs 1.0.8 is undefined or hangs, no fault goes: malformed digests, a broken GID or RDEV
 * with UID other than 0, entries that lead into a cycle of others.
 *
 * @module
 */

import type { Random } from "../../scripts/random.ts";
import type { DumpEntry } from "./random_tree.ts";

/** A line before it is joined: raw fields as the file holds them. */
export interface DumpLine {
  readonly entry: DumpEntry;
  /** Up to eleven fields, PATH to DIGEST. */
  fields: string[];
  /** `KEY=VALUE`, escaped. */
  xattrs: string[];
}

/** Positions of the fields in a line. */
export const FIELD = {
  path: 0,
  size: 1,
  mode: 2,
  nlink: 3,
  uid: 4,
  gid: 5,
  rdev: 6,
  mtime: 7,
  payload: 8,
  content: 9,
  digest: 10,
} as const;

type Fault = (lines: DumpLine[], random: Random) => void;

const TYPE = 0o170000;
const isDirectory = (line: DumpLine) => (line.entry.mode & TYPE) === 0o040000;

/** Any line that is not a hard link entry; the root at worst. */
function someLine(lines: readonly DumpLine[], random: Random): DumpLine {
  return random.pick(lines.filter((line) => line.entry.link === undefined));
}

/** Raw path of some directory without a slash at its end: empty for the root. */
function someDirectory(lines: readonly DumpLine[], random: Random): string {
  const path = random.pick(lines.filter(isDirectory)).fields[FIELD.path]!;
  return path === "/" || path === "\\x2f" ? "" : path;
}

function newLine(path: string, rest: string): DumpLine {
  const fields = [path, ...rest.split(" ")];
  return {
    entry: { path: [path] } as unknown as DumpEntry,
    fields: fields.slice(0, 11),
    xattrs: fields.slice(11),
  };
}

/** Adds an xattr; a line that ended early is filled up, or its text would count as another field. */
function addXattr(line: DumpLine, ...raw: readonly string[]): void {
  line.fields.length = Math.min(line.fields.length, FIELD.digest + 1);
  while (line.fields.length <= FIELD.digest) line.fields.push("-");
  line.xattrs.push(...raw);
}

const PLAIN_FILE = "0 100644 1 0 0 0 0.0 - - -";

/** Adds a line at the end, where all directories are known. */
function append(path: string | ((directory: string) => string), rest = PLAIN_FILE): Fault {
  return (lines, random) => {
    const raw = typeof path === "string" ? path : path(someDirectory(lines, random));
    lines.push(newLine(raw, rest));
  };
}

function breakNumber(lines: DumpLine[], random: Random): void {
  const line = someLine(lines, random);
  const field = random.pick([
    FIELD.size,
    FIELD.mode,
    FIELD.nlink,
    FIELD.uid,
    FIELD.gid,
    FIELD.rdev,
    FIELD.mtime,
  ]);
  if (field !== FIELD.uid) line.fields[FIELD.uid] = "0";
  const bad = random.pick([
    "",
    "x",
    "0x10",
    "1a",
    "--1",
    "+",
    "-",
    "+-1",
    "1\t",
    "1e3",
    "0o7",
    ".",
  ]);
  const values = field === FIELD.mode
    ? ["100648", "0o100644", "@", "100644@", bad]
    : field === FIELD.mtime
    ? ["5", "5.", ".5", "1.2.3", "1,5", `${bad}.0`, `0.${bad}`, ""]
    : [bad];
  line.fields[field] = random.pick(values);
}

function breakEscape(lines: DumpLine[], random: Random): void {
  const line = someLine(lines, random);
  const bad = random.pick([
    "\\",
    "\\x",
    "\\x4",
    "\\xg1",
    "\\x1g",
    "\\x-1",
    "\\q",
    "\\0",
    "\\X41",
    "\\ ",
  ]);
  const place = random.pick(["path", "payload", "content", "key", "value"]);
  if (place === "key") addXattr(line, `user.k${bad}=v`);
  else if (place === "value") addXattr(line, `user.kk=${bad}`);
  else line.fields[FIELD[place as "path" | "payload" | "content"]] += bad;
}

function breakSize(lines: DumpLine[], random: Random): void {
  const size = random.pick([
    2n ** 53n + 1n,
    2n ** 53n + 2n ** 43n,
    9500000000000000n,
    2n ** 54n,
    2n ** 60n,
  ]);
  append((d) => `${d}/too-big`, `${size} 100644 1 0 0 0 0.0 p - -`)(lines, random);
}

function breakXattr(lines: DumpLine[], random: Random): void {
  const bad = random.pick([
    "user.no-value",
    "=v",
    "=",
    "k".repeat(256) + "=v",
    "user." + "k".repeat(251) + "=v",
    "user.big=" + "v".repeat(32768),
    "user.huge=" + "v".repeat(65536),
    "user.hex=" + "\\x41".repeat(20000),
  ]);
  addXattr(someLine(lines, random), bad);
}

function overflowXattrs(lines: DumpLine[], random: Random): void {
  // 12 + 2 * (7 + 6) + 32730 is one more than the limit.
  const pad = "p".repeat(32730);
  const line = newLine(`${someDirectory(lines, random)}/over-budget`, PLAIN_FILE);
  line.xattrs.push("user.a=", `user.b=${pad}`);
  lines.push(line);
}

function contentMismatch(lines: DumpLine[], random: Random): void {
  const type = random.pick(["100644", "10644", "140644", "40755", "20644", "120777"]);
  const size = random.pick(["0", "4", "6", "5000", "4294967301", "18446744073709551611"]);
  append((d) => `${d}/mismatch`, `${size} ${type} 1 0 0 5 0.0 t hello -`)(lines, random);
}

function hardLinkFault(lines: DumpLine[], random: Random): void {
  const directory = someDirectory(lines, random);
  const here = `${directory}/link-fault`;
  random.pick<() => void>([
    () => lines.push(newLine(here, `0 @100644 1 0 0 0 0.0 ${here} - -`)),
    () => lines.push(newLine(here, `0 @100644 1 0 0 0 0.0 ${here}-missing - -`)),
    () => lines.push(newLine(here, `0 @100644 1 0 0 0 0.0 ${directory}/./link - -`)),
    () => lines.push(newLine(here, `0 @100644 1 0 0 0 0.0 - - -`)),
    () => lines.push(newLine(here, `0 @40755 1 0 0 0 0.0 /x - -`)),
    () => lines.push(newLine(here, `0 @644 1 0 0 0 0.0 /x - -`)),
    () => {
      lines.push(newLine(here, `0 @100644 1 0 0 0 0.0 ${here}-back - -`));
      lines.push(newLine(`${here}-back`, `0 @100644 1 0 0 0 0.0 ${here} - -`));
    },
    () => {
      lines.push(newLine(here, PLAIN_FILE));
      lines.push(newLine(`${here}-2`, `0 @100644 1 0 0 0 0.0 ${here}`));
      lines.push(newLine(`${here}-2/below`, PLAIN_FILE));
    },
  ])();
}

function symlinkFault(lines: DumpLine[], random: Random): void {
  const target = random.pick(["-", "", "t".repeat(4096), "t".repeat(6000)]);
  append((d) => `${d}/bad-link`, `0 120777 1 0 0 0 0.0 ${target} - -`)(lines, random);
}

function rootFault(lines: DumpLine[], random: Random): void {
  random.pick<() => void>([
    () => lines[0]!.fields[FIELD.mode] = random.pick(["100755", "120777", "20644"]),
    () => lines.push(newLine("/", "0 40755 1 0 0 0 0.0 - - -")),
    () => lines.shift(),
    () => lines.push(...lines.splice(0, 1)),
    () => lines.splice(0, lines.length),
    () => lines[0]!.fields[FIELD.path] = random.pick(["", "//", ".", "a"]),
  ])();
}

function duplicateLine(lines: DumpLine[], random: Random): void {
  const line = random.pick(lines);
  lines.push({ ...line, fields: [...line.fields] });
}

function insertNul(lines: DumpLine[], random: Random): void {
  const line = random.pick(lines);
  const field = random.int(0, line.fields.length - 1);
  const text = line.fields[field]!;
  const at = random.int(0, text.length);
  line.fields[field] = text.slice(0, at) + "\0" + text.slice(at);
}

function cutLine(lines: DumpLine[], random: Random): void {
  const line = someLine(lines, random);
  line.fields.length = random.int(1, 7);
  line.xattrs = [];
}

function badMode(lines: DumpLine[], random: Random): void {
  const modes = ["0", "644", "0644", "30644", "70644", "170000", "110644", "160000", "-1"];
  someLine(lines, random).fields[FIELD.mode] = random.pick(modes);
}

const FAULTS: readonly (readonly [Fault, number])[] = [
  [breakNumber, 6],
  [breakEscape, 5],
  [breakSize, 2],
  [breakXattr, 4],
  [overflowXattrs, 1],
  [contentMismatch, 3],
  [hardLinkFault, 6],
  [symlinkFault, 2],
  [rootFault, 5],
  [duplicateLine, 3],
  [insertNul, 2],
  [cutLine, 2],
  [badMode, 2],
  [append((d) => `${d}/missing-parent/x`), 2],
  [append((d) => `${d}/.`, "0 40755 1 0 0 0 0.0 - - -"), 1],
  [append((d) => `${d}/..`), 1],
  [append((d) => `${d}/./x`), 1],
  [append((d) => `${d}/../x`), 1],
  [append((d) => `${d}/`), 1],
  [append("//"), 1],
  [append((d) => `${d}/${"n".repeat(256)}`), 1],
  [append(""), 1],
  [append("", ""), 1],
  [append((d) => `${d}/long-payload`, `5 100644 1 0 0 0 0.0 ${"p".repeat(4096)} - -`), 1],
  [append((d) => `${d}/long-payload`, `0 10644 1 0 0 0 0.0 ${"p".repeat(5000)} - -`), 1],
  [append((d) => `${d}/big-inline`, `5001 100644 1 0 0 0 0.0 - ${"c".repeat(5001)} -`), 1],
  [append((d) => `${d}/two-spaces`, `${PLAIN_FILE}  user.k=v`), 2],
  [
    (lines, random) => {
      append((d) => `${d}/file-as-parent`)(lines, random);
      lines.push(newLine(lines.at(-1)!.fields[FIELD.path]! + "/x", PLAIN_FILE));
    },
    2,
  ],
];

/** Breaks the lines in one way. */
export function injectFault(lines: DumpLine[], random: Random): void {
  random.weighted(FAULTS)(lines, random);
}

/**
 * Random dump files over the whole grammar of composefs-dump(5), good ones and refused ones.
 *
 * A seed stands for a dump: the golden file names seeds, and tests make the dumps anew. Any change to
 * the generator therefore calls for new goldens (`tests/kit/gen_golden.ts`), which the stored hash of
 * each dump brings to light.
 *
 * @module
 */

import { letters } from "./random_bodies.ts";
import { createRandom, type Random } from "../../scripts/random.ts";
import { type DumpLine, FIELD, injectFault } from "./random_faults.ts";
import { spellBytes, spellNumber, spellOptional, spellPath, spellTime } from "./random_fields.ts";
import { type DumpEntry, randomTree } from "./random_tree.ts";

/** A dump file and the format versions to build it with; neither means the default, 0 to 1. */
export interface RandomDump {
  readonly dump: Uint8Array<ArrayBuffer>;
  readonly minVersion?: number;
  readonly maxVersion?: number;
}

const DIRECTORY = 0o040000;
const FILE_TYPE = 0o170000;

/** Orders entries at random, parents before children. */
function shuffleEntries(random: Random, entries: readonly DumpEntry[]): DumpEntry[] {
  const children = new Map<DumpEntry | undefined, DumpEntry[]>();
  for (const entry of entries) {
    const siblings = children.get(entry.parent);
    if (siblings === undefined) children.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  const ready = [entries[0]!];
  const ordered: DumpEntry[] = [];
  while (ready.length > 0) {
    const at = random.int(0, ready.length - 1);
    const entry = ready[at]!;
    ready[at] = ready.at(-1)!;
    ready.pop();
    ordered.push(entry);
    ready.push(...children.get(entry) ?? []);
  }
  return ordered;
}

function spellXattrs(random: Random, entry: DumpEntry): string[] {
  return entry.xattrs.map(([key, value]) => {
    const escapeEquals = random.chance(70) ? "=" : "";
    return `${spellBytes(random, key, "=")}=${spellBytes(random, value, escapeEquals)}`;
  });
}

function spellMode(random: Random, entry: DumpEntry): string {
  const unusedBits = random.chance(1) ? 0o1000000n : 0n;
  const mode = spellNumber(random, BigInt(entry.mode) | unusedBits, 32, 8);
  return entry.link === undefined ? mode : "@" + mode;
}

function spellDigest(random: Random, digest: string | undefined): string {
  if (digest === undefined) return "-";
  if (!random.chance(5)) return digest;
  const at = random.int(0, 63);
  return digest.slice(0, at) + "\\x" + digest.charCodeAt(at).toString(16) + digest.slice(at + 1);
}

/** Whether a line may end after PAYLOAD or earlier: what then reads as empty must mean nothing. */
function mayEndEarly(entry: DumpEntry): boolean {
  return entry.size === 0n && entry.content === undefined && entry.digest === undefined &&
    entry.xattrs.length === 0;
}

function shorten(random: Random, line: DumpLine): void {
  const { entry } = line;
  if (entry.link !== undefined) {
    const garbage = random.pick([["x", "-", ""], ["\\q", "5001", "zz"]]);
    if (random.chance(20)) line.fields.splice(FIELD.nlink, 3, ...garbage);
    if (random.chance(30)) {
      line.fields.length = FIELD.payload + 1;
      line.xattrs = [];
    }
  } else if (mayEndEarly(entry) && random.chance(6)) {
    const keep = entry.payload === undefined ? FIELD.mtime : FIELD.payload;
    line.fields.length = random.int(keep + 1, FIELD.digest + 1);
  }
  // One space at the end of a line means nothing to the reader.
  if (random.chance(3)) {
    if (line.xattrs.length > 0) line.xattrs.push("");
    else line.fields.push("");
  }
}

function spellLinkTarget(random: Random, target: DumpEntry): string {
  return spellPath(random, target.path) + (random.chance(3) ? "/" : "");
}

function spellLine(random: Random, entry: DumpEntry): DumpLine {
  const sizeWidth = (entry.mode & FILE_TYPE) === DIRECTORY && random.chance(3);
  const fields = [
    spellPath(random, entry.path),
    sizeWidth && entry.content === undefined
      ? random.pick(["99999999999999999999999", "-1", "4096"])
      : spellNumber(random, entry.size, 64),
    spellMode(random, entry),
    spellNumber(random, entry.nlink, 32),
    spellNumber(random, entry.uid, 32),
    spellNumber(random, entry.gid, 32),
    spellNumber(random, entry.rdev, 32),
    spellTime(random, entry.seconds, entry.nanoseconds),
    entry.link === undefined
      ? spellOptional(random, entry.payload)
      : spellLinkTarget(random, entry.link),
    spellOptional(random, entry.content),
    spellDigest(random, entry.digest),
  ];
  const line: DumpLine = { entry, fields, xattrs: spellXattrs(random, entry) };
  shorten(random, line);
  return line;
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

function randomVersions(random: Random): Omit<RandomDump, "dump"> {
  return random.weighted<Omit<RandomDump, "dump">>([
    [{}, 52],
    [{ minVersion: 0, maxVersion: 0 }, 15],
    [{ minVersion: 1, maxVersion: 1 }, 15],
    [{ minVersion: 0, maxVersion: 1 }, 14],
    [{ minVersion: 1, maxVersion: 0 }, 2],
    [{ minVersion: 0, maxVersion: 2 }, 1],
    [{ minVersion: 2, maxVersion: 2 }, 1],
  ]);
}

/** Joins lines into a file; the newline at the end is usually there, rarely twice. */
function joinLines(random: Random, lines: readonly DumpLine[], broken: boolean): string {
  const text = lines.map((line) => [...line.fields, ...line.xattrs].join(" ")).join("\n");
  if (lines.length === 0) return text;
  if (broken && random.chance(4)) return text + "\n\n";
  return random.chance(6) ? text : text + "\n";
}

/**
 * Makes the dump that a seed stands for. About a third of all seeds gives a dump to refuse.
 *
 * @param seed A whole number of 32 bits.
 */
export function randomDump(seed: number): RandomDump {
  const random = createRandom(seed);
  const versions = randomVersions(random);
  const entries = randomTree(random);
  const ordered = random.chance(70) ? shuffleEntries(random, entries) : entries;
  const lines = ordered.map((entry) => spellLine(random, entry));
  const broken = random.chance(34);
  if (broken) injectFault(lines, random);
  // Dumps have no comments: a line that looks like one is an entry with a bad size.
  if (broken && random.chance(3)) {
    lines.push({ entry: entries[0]!, fields: ["#", letters(random, 5)], xattrs: [] });
  }
  return { dump: toBytes(joinLines(random, lines, broken)), ...versions };
}

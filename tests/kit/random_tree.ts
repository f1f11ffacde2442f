/**
 * Random file trees for dump files: which entries there are, before any spelling.
 *
 * Leans towards the places where the image layout changes its mind: block and tail limits, field
 * widths, shared xattr counts. Leaves the spelling to the fields module and errors to the faults.
 *
 * @module
 */

import { type Body, letters, randomOther, randomRegular, randomSymlink } from "./random_bodies.ts";
import type { Random } from "../../scripts/random.ts";
import { createXattrMaker, type XattrMaker, type XattrPair } from "./random_xattrs.ts";

/** One entry of a dump; byte strings have one UTF-16 unit a byte. */
export interface DumpEntry extends Body {
  /** Names from the root down; empty for the root. */
  readonly path: readonly string[];
  /** The directory it is in, undefined for the root. */
  readonly parent: DumpEntry | undefined;
  /** `st_mode` with the type. */
  readonly mode: number;
  readonly nlink: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly rdev: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
  readonly xattrs: readonly XattrPair[];
  /** The entry that this one is a further name of. */
  readonly link?: DumpEntry;
}

type Kind =
  | "directory"
  | "empty"
  | "inline"
  | "external"
  | "symlink"
  | "character"
  | "block"
  | "fifo"
  | "socket"
  | "whiteout"
  | "link";

type Weights = readonly (readonly [Kind, number])[];

const EVERY_KIND: Weights = [
  ["directory", 18],
  ["empty", 10],
  ["inline", 14],
  ["external", 18],
  ["symlink", 12],
  ["character", 3],
  ["block", 3],
  ["fifo", 3],
  ["socket", 3],
  ["whiteout", 4],
  ["link", 10],
];

const TYPE_BITS: Record<Exclude<Kind, "link">, number> = {
  directory: 0o040000,
  empty: 0o100000,
  inline: 0o100000,
  external: 0o100000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
  socket: 0o140000,
  whiteout: 0o020000,
};

const BIG_IDS = [1000n, 65534n, 65535n, 65536n, 2n ** 31n, 2n ** 32n - 1n];

function randomId(random: Random, common: bigint): bigint {
  if (random.chance(82)) return common;
  return random.chance(60) ? random.pick(BIG_IDS) : BigInt(random.int(0, 0xffffffff));
}

/** A byte that may stand in a name: not NUL, not a slash. */
function nameByte(random: Random): string {
  const byte = random.int(1, 255);
  return String.fromCharCode(byte === 0x2f ? 0x2e : byte);
}

function randomName(random: Random): string {
  const low = "!\"#$%&'()*+,- \t\x01";
  return random.weighted<() => string>([
    [() => letters(random, random.int(1, 9)), 40],
    [() => random.int(0, 255).toString(16).padStart(2, "0"), 10],
    [() => random.int(0, 255).toString(16).padStart(2, "0").toUpperCase(), 2],
    [() => random.pick([...low]) + letters(random, random.int(0, 4)), 10],
    [() => random.pick([".a", "..a", "...", ".-x", "-", "=", "@", "\\", "a b", "a\nb", "\r"]), 8],
    [() => Array.from({ length: random.int(1, 20) }, () => nameByte(random)).join(""), 10],
    [() => "\xc3\xa9" + letters(random, random.int(0, 3)), 4],
    [() => letters(random, random.int(200, 255)), 8],
    [() => Array.from({ length: 255 }, () => nameByte(random)).join(""), 2],
  ])();
}

function randomRdev(random: Random, kind: Kind): bigint {
  if (kind === "whiteout") return 0n;
  if (kind === "character" || kind === "block") {
    return random.pick([259n, 1050668n, 107690n, 1n, 2n ** 20n, 2n ** 32n - 1n]);
  }
  return random.chance(3) ? 77n : 0n;
}

/** A few points in time for the files of a dump to share: seconds and nanoseconds. */
function randomTimes(random: Random): readonly (readonly [bigint, bigint])[] {
  const base = random.pick([0n, 1700000000n, 1n, -5n]);
  const count = random.weighted([[1, 55], [2, 20], [4, 25]]);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return [base, random.chance(80) ? 0n : 123456789n] as const;
    const seconds = random.weighted<() => bigint>([
      [() => base, 30],
      [() => base + BigInt(random.int(-1000, 1000)), 40],
      [() => random.pick([2n ** 31n, 2n ** 32n, 2n ** 53n, -1n, -(2n ** 31n) - 1n]), 20],
      [() => random.pick([2n ** 62n, -(2n ** 62n), 2n ** 63n - 1n, 2n ** 53n + 1n]), 10],
    ])();
    const nanoseconds = random.pick([0n, 1n, 999999999n, 500000000n, 2n ** 32n - 1n, 10n ** 9n]);
    return [seconds, nanoseconds] as const;
  });
}

/** Grows a tree entry by entry. */
class TreeMaker {
  readonly entries: DumpEntry[] = [];
  readonly directories: DumpEntry[] = [];
  readonly #names = new Map<DumpEntry, Set<string>>();
  readonly #random: Random;
  readonly #times: readonly (readonly [bigint, bigint])[];
  readonly #xattrs: XattrMaker;
  readonly #xattrPercent: number;

  constructor(random: Random, xattrPercent: number) {
    this.#random = random;
    this.#times = randomTimes(random);
    this.#xattrs = createXattrMaker(random);
    this.#xattrPercent = xattrPercent;
    this.#insert("directory", undefined, "", this.#leafOrDirectory("directory"));
  }

  /** A directory, rarely one deeper than twelve levels. */
  someDirectory(): DumpEntry {
    const random = this.#random;
    const directory = random.pick(this.directories);
    return directory.path.length < 12 ? directory : this.directories[0]!;
  }

  /** Adds an entry of a kind; a name that is taken or reserved is made unique. */
  add(kind: Kind, parent: DumpEntry, wanted?: string): DumpEntry {
    const taken = this.#names.get(parent)!;
    let name = wanted ?? randomName(this.#random);
    while (name === "" || name === "." || name === ".." || taken.has(name)) {
      name = name.slice(0, 240) + letters(this.#random, this.#random.int(1, 9));
    }
    taken.add(name);
    const target = kind === "link" ? this.#linkTarget() : undefined;
    if (kind === "link" && target === undefined) kind = "empty";
    if (target === undefined) {
      return this.#insert(kind, parent, name, this.#leafOrDirectory(kind as Exclude<Kind, "link">));
    }
    const bits = this.#random.chance(80)
      ? target.mode & 0o170000
      : this.#random.pick([0o100000, 0o120000, 0o020000, 0o060000, 0o010000, 0o140000]);
    return this.#insert(kind, parent, name, { ...target, mode: bits | 0o644, link: target });
  }

  #linkTarget(): DumpEntry | undefined {
    const files = this.entries.filter((entry) => (entry.mode & 0o170000) !== 0o040000);
    return files.length === 0 ? undefined : this.#random.pick(files);
  }

  #insert(
    kind: Kind,
    parent: DumpEntry | undefined,
    name: string,
    rest: Omit<DumpEntry, "path" | "parent">,
  ): DumpEntry {
    const path = parent === undefined ? [] : [...parent.path, name];
    const entry: DumpEntry = { ...rest, path, parent };
    this.entries.push(entry);
    if (kind === "directory") {
      this.directories.push(entry);
      this.#names.set(entry, new Set());
    }
    return entry;
  }

  #leafOrDirectory(kind: Exclude<Kind, "link">): Omit<DumpEntry, "path" | "parent"> {
    const random = this.#random;
    const [seconds, nanoseconds] = random.pick(this.#times);
    return {
      ...this.#body(kind),
      mode: TYPE_BITS[kind] | (random.chance(70) ? 0o644 : random.int(0, 0o7777)),
      nlink: randomId(random, kind === "directory" ? 2n : 1n),
      uid: randomId(random, 0n),
      gid: randomId(random, 0n),
      rdev: randomRdev(random, kind),
      seconds,
      nanoseconds,
      xattrs: random.chance(this.#xattrPercent) ? this.#xattrs.some() : [],
    };
  }

  #body(kind: Exclude<Kind, "link">): Body {
    if (kind === "empty" || kind === "inline" || kind === "external") {
      return randomRegular(this.#random, kind);
    }
    return kind === "symlink" ? randomSymlink(this.#random) : randomOther(this.#random);
  }
}

function fill(maker: TreeMaker, random: Random, count: number, kinds: Weights): void {
  for (let i = 0; i < count; i++) maker.add(random.weighted(kinds), maker.someDirectory());
}

/** Fills a directory until its entries take exactly `bytes`, `.` and `..` included. */
function fillExactly(maker: TreeMaker, directory: DumpEntry, bytes: number): void {
  const nameOverhead = 12;
  let left = bytes - 27;
  for (let i = 0; left >= nameOverhead + 4; i++) {
    let length = Math.min(255, left - nameOverhead);
    // The rest must still hold a name of four bytes, or be nothing.
    const rest = left - nameOverhead - length;
    if (rest > 0 && rest < nameOverhead + 4) length -= nameOverhead + 4;
    maker.add("empty", directory, String(i).padStart(4, "0") + "n".repeat(length - 4));
    left -= nameOverhead + length;
  }
}

function growDeep(maker: TreeMaker, random: Random, depth: number): void {
  let directory = maker.directories[0]!;
  for (let i = 0; i < depth; i++) {
    directory = maker.add("directory", directory, random.chance(90) ? "d" : undefined);
  }
  maker.add("external", directory);
  maker.add("whiteout", directory);
}

function growWide(maker: TreeMaker, random: Random): void {
  const directory = random.chance(30)
    ? maker.directories[0]!
    : maker.add("directory", maker.directories[0]!);
  const count = random.int(100, 400);
  const kinds: Weights = [["empty", 8], ["inline", 1], ["link", 1], ["directory", 1]];
  for (let i = 0; i < count; i++) {
    const name = letters(random, random.int(1, 12)) + i.toString(36);
    maker.add(random.weighted(kinds), directory, random.chance(85) ? name : undefined);
  }
}

/** Draws a tree: the root first, every parent before its children. */
export function randomTree(random: Random): DumpEntry[] {
  const maker = new TreeMaker(random, random.pick([0, 20, 20, 50, 90]));
  const few = () => random.int(0, 12);
  random.weighted<() => void>([
    [() => fill(maker, random, few(), EVERY_KIND), 40],
    [() => fill(maker, random, random.int(13, 60), EVERY_KIND), 18],
    [
      () => fill(maker, random, few(), [["link", 6], ["whiteout", 2], ["inline", 1], ["fifo", 1]]),
      8,
    ],
    [() => fill(maker, random, few(), [["whiteout", 4], ["directory", 2], ["link", 1]]), 8],
    [() => fill(maker, random, few(), [["external", 1]]), 8],
    [() => fill(maker, random, few(), [["symlink", 4], ["inline", 1]]), 6],
    [() => {
      const directory = maker.add("directory", maker.directories[0]!);
      fillExactly(maker, directory, random.pick([2048, 4096, 6144]) + random.int(-1, 1));
      fill(maker, random, random.int(0, 3), EVERY_KIND);
    }, 5],
    [() => growWide(maker, random), 3],
    [() => growDeep(maker, random, random.chance(10) ? 300 : random.int(12, 40)), 4],
  ])();
  return maker.entries;
}

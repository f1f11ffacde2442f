/**
 * The plan of R, a tree like the root file system of a Debian desktop: how many files of which size,
 * in how many directories how far down.
 *
 * The counts are those of such a system, about 33,000 entries and 900 MB. There are no devices, owners
 * or xattrs, which nobody but root could make. What touches the disk is in `trees.ts`.
 *
 * @module
 */

import { createRandom, type Random } from "../random.ts";

/** A regular file of the plan. */
export interface PlannedFile {
  /** From the root of the tree, without a slash at the start; so with all paths here. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** What the contents are made of; files may share it, and then have the same size. */
  readonly seed: number;
  readonly mode: number;
}

/** A tree before it is made; parents come before what is in them. */
export interface TreePlan {
  readonly directories: readonly string[];
  readonly files: readonly PlannedFile[];
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

const SEED = 0x0c5f5;
const EMPTY_FILES = 60;
const SYMLINKS = 4_400;

/** How many files have at least 2^k bytes and less than twice that, from k = 0. */
// deno-fmt-ignore
const FILES_BY_SIZE = [
  5, 3, 15, 25, 178, 325, 576, 880, 2038, 3604, 4645, 4197, 2684, 2377, 1850, 1221, 628, 348, 161, 79,
  40, 40, 9, 6, 3, 3,
];

/** Percentage of files whose contents another file has too, all below {@linkcode LARGEST_COPY} bytes. */
const COPIES = 4;
const LARGEST_COPY = 2 ** 16;

/** Directories at a depth and files in these, from depth 1. */
const BY_DEPTH: readonly { readonly directories: number; readonly files: number }[] = [
  { directories: 15, files: 70 },
  { directories: 82, files: 908 },
  { directories: 235, files: 1_700 },
  { directories: 830, files: 11_560 },
  { directories: 660, files: 7_580 },
  { directories: 340, files: 2_310 },
  { directories: 325, files: 1_520 },
  { directories: 80, files: 304 },
  { directories: 31, files: 40 },
  { directories: 2, files: 8 },
];

/** Lengths of names, from and to, and how many of 100 names have them. */
const NAME_LENGTHS: readonly (readonly [readonly [number, number], number])[] = [
  [[3, 5], 9],
  [[6, 10], 40],
  [[11, 16], 29],
  [[17, 22], 13],
  [[23, 34], 8],
  [[35, 63], 1],
];
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

/** Plans the tree; the plan is always the same. */
export function planRootfs(): TreePlan {
  const random = createRandom(SEED);
  const taken = new Set<string>();
  const levels = planDirectories(random, taken);
  const places = levels.flatMap((directories, depth) =>
    pickPlaces(directories, BY_DEPTH[depth]!.files, random)
  );
  const files = random.shuffle(planContents(random)).map(({ size, seed }, i) => ({
    path: newPath(places[i]!, random, taken),
    size,
    seed,
    mode: random.chance(5) ? 0o755 : 0o644,
  }));
  const symlinks = Array.from({ length: SYMLINKS }, () => ({
    path: newPath(random.pick(places), random, taken),
    target: `${random.chance(30) ? "../" : ""}${newName(random)}`,
  }));
  return { directories: levels.flat(), files, symlinks };
}

/** Paths of the directories, a list for each depth. */
function planDirectories(random: Random, taken: Set<string>): string[][] {
  const levels: string[][] = [];
  let parents = [""];
  for (const { directories } of BY_DEPTH) {
    parents = pickPlaces(parents, directories, random)
      .map((parent) => newPath(parent, random, taken));
    levels.push(parents);
  }
  return levels;
}

/**
 * Chooses directories for entries, the n-th of them 1/n times as often as the first: a few then have
 * more than 500 entries and most have one or two.
 */
function pickPlaces(directories: readonly string[], count: number, random: Random): string[] {
  const weights = directories.map((path, i) => [path, Math.ceil(1e6 / (i + 1))] as const);
  return Array.from({ length: count }, () => random.weighted(weights));
}

/** Sizes and seeds, those of the same size beside each other. */
function planContents(random: Random): { size: number; seed: number }[] {
  const result = Array.from({ length: EMPTY_FILES }, () => ({ size: 0, seed: 0 }));
  FILES_BY_SIZE.forEach((count, exponent) => {
    for (let i = 0; i < count; i++) {
      const copied = i > 0 && 2 ** (exponent + 1) <= LARGEST_COPY && random.chance(COPIES);
      // Spread evenly over the logarithm, not drawn: one large file more or less would change the sum.
      const size = Math.floor(2 ** (exponent + (i + 0.5) / count));
      result.push(copied ? result.at(-1)! : { size, seed: result.length });
    }
  });
  return result;
}

function newPath(parent: string, random: Random, taken: Set<string>): string {
  for (;;) {
    const name = newName(random);
    const path = parent === "" ? name : `${parent}/${name}`;
    if (taken.has(path)) continue;
    taken.add(path);
    return path;
  }
}

/** A name that begins and ends with a letter or digit. */
function newName(random: Random): string {
  const [min, max] = random.weighted(NAME_LENGTHS);
  const length = random.int(min, max);
  let name = "";
  while (name.length < length) {
    const isEdge = name.length === 0 || name.length === length - 1;
    name += LETTERS[random.int(0, LETTERS.length - (isEdge ? 4 : 1))];
  }
  return name;
}

/**
 * Chooses one file in a hundred, others for each seed. Empty ones are left out: there is nothing in
 * them to change.
 */
export function pickHundredth(
  files: readonly PlannedFile[],
  seed: number,
): readonly PlannedFile[] {
  const candidates = files.filter(({ size }) => size > 0);
  return createRandom(seed).shuffle(candidates).slice(0, Math.ceil(files.length / 100));
}

/**
 * Damage for images and dump files, for tests that feed readers with hostile input.
 *
 * Each mutation is drawn from a seeded sequence, so a failing case is named by its seed. Half of the
 * damage to an image goes where a reader decides something: superblock, inodes, xattrs, dirents. Only
 * makes bytes; that a reader refuses or survives them is for the test to say.
 *
 * @module
 */

import { BLOCK, type ImageMap, mapImage, type Range, SUPERBLOCK } from "./image_map.ts";
import type { Random } from "../../scripts/random.ts";

/** Where to do damage: half of the time anywhere, else in a part that steers a reader. */
function pickRange(random: Random, image: Uint8Array, map: ImageMap): Range {
  const anywhere: Range = { start: 0, end: image.length };
  const fits = image.length >= SUPERBLOCK.end;
  const choose = (ranges: readonly Range[]) => ranges.length === 0 ? anywhere : random.pick(ranges);
  return random.weighted<() => Range>([
    [() => anywhere, 35],
    [() => fits ? SUPERBLOCK : anywhere, 15],
    [() => choose(map.inodes), 20],
    [() => choose(map.xattrs), 15],
    [() => choose(map.dirents), 15],
  ])();
}

const EXTREMES = [
  0,
  1,
  2,
  0x7f,
  0x80,
  0xff,
  0x100,
  0xfff,
  0x1000,
  0x7fff,
  0x8000,
  0xffff,
  0x10000,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
];

function offsetIn(random: Random, range: Range, width: number, alignment: number): number {
  const last = Math.max(range.start, range.end - width);
  const offset = random.int(range.start, last);
  return Math.max(range.start, offset - (offset - range.start) % alignment);
}

type InPlace = (random: Random, bytes: Uint8Array<ArrayBuffer>, range: Range) => void;

function flipBit(random: Random, bytes: Uint8Array, range: Range): void {
  const at = offsetIn(random, range, 1, 1);
  bytes[at] = bytes[at]! ^ (1 << random.int(0, 7));
}

function setByte(random: Random, bytes: Uint8Array, range: Range): void {
  bytes[offsetIn(random, range, 1, 1)] = random.pick([0, 0xff, random.int(0, 255)]);
}

/** Writes an extreme value, or one near what stands there, as little-endian number of 2 or 4 bytes. */
function setNumber(random: Random, bytes: Uint8Array, range: Range): void {
  const width = random.pick([2, 4]);
  if (range.end - range.start < width) return;
  const at = offsetIn(random, range, width, random.pick([1, 2, 4]));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const old = width === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const value = random.chance(70) ? random.pick(EXTREMES) : old + random.pick([-4, -1, 1, 4]);
  if (width === 2) view.setUint16(at, value & 0xffff, true);
  else view.setUint32(at, value >>> 0, true);
}

/** Copies one part over another of the same file. */
function copyOver(random: Random, bytes: Uint8Array, range: Range): void {
  const length = Math.min(random.pick([4, 12, 32, 64, 300]), range.end - range.start);
  const from = random.int(0, Math.max(0, bytes.length - length));
  bytes.copyWithin(offsetIn(random, range, length, 4), from, from + length);
}

function fill(random: Random, bytes: Uint8Array, range: Range): void {
  const start = offsetIn(random, range, 1, 1);
  bytes.fill(random.pick([0, 0xff]), start, Math.min(range.end, start + random.int(2, 64)));
}

const IN_PLACE: readonly (readonly [InPlace, number])[] = [
  [flipBit, 25],
  [setByte, 20],
  [setNumber, 35],
  [copyOver, 12],
  [fill, 8],
];

type Reshape = (random: Random, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Cuts the end off, at a block or anywhere. */
function truncate(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = random.int(0, bytes.length);
  return bytes.slice(0, random.chance(50) ? at - at % BLOCK : at);
}

/** Takes a part out. */
function cutOut(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = random.int(0, bytes.length);
  return join(bytes.subarray(0, start), bytes.subarray(start + random.pick([1, 4, 32, BLOCK])));
}

/** Repeats a part right behind itself. */
function duplicate(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = random.int(0, bytes.length);
  const end = Math.min(bytes.length, start + random.pick([1, 12, 32, 100, BLOCK]));
  return join(bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end));
}

function insertNoise(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = random.int(0, bytes.length);
  return join(bytes.subarray(0, at), random.bytes(random.int(1, 40)), bytes.subarray(at));
}

const RESHAPES: readonly Reshape[] = [truncate, cutOut, duplicate, insertNoise];

/**
 * Damages a copy of an image in one to four places.
 *
 * @param donor Another image, of which a part may be spliced in.
 */
export function mutateImage(
  random: Random,
  image: Uint8Array,
  donor: Uint8Array = image,
): Uint8Array<ArrayBuffer> {
  let bytes = image.slice();
  if (bytes.length === 0) return random.bytes(random.int(1, 64));
  // Mapped before the damage: afterwards the walk might not find its way.
  const map = mapImage(image);
  const places = random.weighted([[1, 60], [2, 25], [4, 15]]);
  for (let i = 0; i < places; i++) {
    random.weighted(IN_PLACE)(random, bytes, pickRange(random, bytes, map));
  }
  if (random.chance(5)) bytes = spliceBlocks(random, bytes, donor);
  if (random.chance(10)) bytes = random.pick(RESHAPES)(random, bytes);
  return bytes;
}

/** Goes on with another file from some offset that both have. */
function spliceBlocks(
  random: Random,
  bytes: Uint8Array,
  donor: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const at = random.int(0, Math.min(bytes.length, donor.length));
  const cut = random.chance(50) ? at - at % BLOCK : at;
  return join(bytes.subarray(0, cut), donor.subarray(cut));
}

const DUMP_WORDS = [
  "\\x",
  "\\x0",
  "\\x00",
  "\\",
  "-",
  "@",
  "/",
  "..",
  "=",
  " ",
  "  ",
  "\n",
  "\n\n",
  "\0",
  ".",
  "99999999999999999999999",
  "18446744073709551615",
  "-1",
  "9007199254740993",
  "4294967296",
  "120777",
  "40755",
  "@100644",
  "20644",
];

/** Puts a word of the grammar somewhere, over what is there or before it. */
function plantWord(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const word = Uint8Array.from(random.pick(DUMP_WORDS), (unit) => unit.charCodeAt(0));
  const at = random.int(0, bytes.length);
  const over = random.chance(50) ? word.length : 0;
  return join(bytes.subarray(0, at), word, bytes.subarray(at + over));
}

/** Repeats, drops or swaps whole lines. */
function shuffleLines(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
    lines.push(bytes.subarray(start, end + 1));
    start = end + 1;
  }
  lines.push(bytes.subarray(start));
  const a = random.int(0, lines.length - 1);
  const b = random.int(0, lines.length - 1);
  random.pick<() => void>([
    () => lines.splice(a, 1),
    () => lines.splice(a, 0, lines[b]!),
    () => [lines[a], lines[b]] = [lines[b]!, lines[a]!],
  ])();
  return join(...lines);
}

/** Damages a copy of a dump file in one to three places. */
export function mutateDump(random: Random, dump: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = dump.slice();
  const places = random.weighted([[1, 70], [2, 20], [3, 10]]);
  for (let i = 0; i < places; i++) {
    if (bytes.length === 0) return random.bytes(random.int(1, 64));
    const whole: Range = { start: 0, end: bytes.length };
    bytes = random.weighted<() => Uint8Array<ArrayBuffer>>([
      [() => plantWord(random, bytes), 45],
      [() => shuffleLines(random, bytes), 20],
      [() => random.pick(RESHAPES)(random, bytes), 15],
      [() => {
        random.pick([flipBit, setByte])(random, bytes, whole);
        return bytes;
      }, 20],
    ])();
  }
  return bytes;
}

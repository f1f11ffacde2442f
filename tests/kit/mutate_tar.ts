/**
 * Damage for tar archives, for tests that feed a reader with hostile input.
 *
 * Most of it goes into headers, extended headers and maps, and most headers get a right checksum again: else a reader
 * would look no further.
 *
 * @module
 */

import type { Random } from "../../scripts/random.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import { bytesOf, octal } from "./tar_archive.ts";

const BLOCK = 512;

/** Start and size of the fields that a reader looks at. */
const FIELDS = [
  [0, 100],
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [148, 8],
  [156, 1],
  [157, 100],
  [257, 8],
  [329, 8],
  [337, 8],
  [345, 155],
  [386, 12],
  [398, 12],
  [482, 1],
  [483, 12],
] as const;

const TYPES = "\x000123456789DKLMNSVXgxA";
const NUMBERS = [
  octal(0),
  octal(1),
  octal(511),
  octal(513),
  octal(8 ** 11 - 1),
  "\x80" + "\0".repeat(7) + "\xff".repeat(4),
  "\x80" + "\xff".repeat(11),
  "\xff".repeat(12),
  "\xff" + "\0".repeat(11),
  "            ",
  "9",
];

type Damage = (random: Random, archive: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

function blockAt(random: Random, archive: Uint8Array): number {
  const blocks = Math.floor(archive.length / BLOCK);
  return blocks === 0 ? 0 : BLOCK * random.int(0, blocks - 1);
}

function put(archive: Uint8Array, at: number, bytes: Uint8Array): void {
  if (at >= archive.length) return;
  archive.set(bytes.subarray(0, archive.length - at), at);
}

/** Writes the checksum that a block would have as a header. */
function sign(archive: Uint8Array, at: number): void {
  const block = archive.subarray(at, at + BLOCK);
  if (block.length < BLOCK) return;
  block.fill(0x20, 148, 156);
  put(block, 148, bytesOf(octal(block.reduce((sum, byte) => sum + byte, 0), 7)));
}

const inField: Damage = (random, archive) => {
  const at = blockAt(random, archive);
  const [start, size] = random.pick(FIELDS);
  const value = size === 1
    ? bytesOf(random.pick([...TYPES]))
    : size === 12 || size === 8
    ? bytesOf(random.pick(NUMBERS)).subarray(0, size)
    : random.bytes(random.int(1, size));
  put(archive, at + start, value);
  if (random.chance(90)) sign(archive, at);
  return archive;
};

const flip: Damage = (random, archive) => {
  if (archive.length === 0) return archive;
  const at = random.int(0, archive.length - 1);
  archive[at] = archive[at]! ^ 1 << random.int(0, 7);
  if (random.chance(50)) sign(archive, at - at % BLOCK);
  return archive;
};

/** A digit, comma, newline or `=` at a place that has something like it: in records and maps. */
const inText: Damage = (random, archive) => {
  const start = blockAt(random, archive);
  for (let at = start; at < Math.min(archive.length, start + BLOCK); at++) {
    const byte = archive[at]!;
    const isText = byte === 0x0a || byte === 0x20 || byte >= 0x2c && byte <= 0x3d;
    if (!isText || !random.chance(10)) continue;
    archive[at] = random.pick([...bytesOf("0123456789\n =,.-%\0")]);
    return archive;
  }
  return archive;
};

const cut: Damage = (random, archive) => archive.slice(0, random.int(0, archive.length));

const remove: Damage = (random, archive) => {
  const at = blockAt(random, archive);
  return concatBytes(archive.subarray(0, at), archive.subarray(at + BLOCK));
};

const repeat: Damage = (random, archive) => {
  const [from, to] = [blockAt(random, archive), blockAt(random, archive)];
  const blocks = archive.subarray(from, from + BLOCK * random.int(1, 4));
  return concatBytes(archive.subarray(0, to), blocks, archive.subarray(to));
};

const zero: Damage = (random, archive) => {
  const at = blockAt(random, archive);
  return archive.fill(0, at, at + BLOCK);
};

/** Damages a copy of an archive once or several times. */
export function mutateTar(random: Random, archive: Uint8Array): Uint8Array<ArrayBuffer> {
  let damaged = archive.slice();
  for (let i = random.int(1, 4); i > 0; i--) {
    const damage = random.weighted<Damage>([
      [inField, 40],
      [inText, 25],
      [flip, 10],
      [repeat, 10],
      [remove, 5],
      [cut, 5],
      [zero, 5],
    ]);
    damaged = damage(random, damaged);
  }
  return damaged;
}

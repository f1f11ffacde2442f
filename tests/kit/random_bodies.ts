/**
 * Random contents, sizes, symlink targets and backing files of dump entries.
 *
 * Leans towards the limits of composefs-dump(5) and of the image layout: tails of
 * 2048 and 4096 bytes, symlinks that just fill a block, chunk counts up to 1024.
 *
 * @module
 */

import type { Random } from "../../scripts/random.ts";

/** `length` lower-case letters. */
export function letters(random: Random, length: number): string {
  const first = random.int(0, 25);
  const step = random.int(0, 25);
  return Array.from({ length }, (_, i) => String.fromCharCode(97 + (first + i * step) % 26)).join(
    "",
  );
}

/** Lengths of stored data around the limits for tails and blocks. */
function randomLength(random: Random, max: number): number {
  return random.weighted<() => number>([
    [() => random.int(1, 100), 40],
    [() => random.int(1, max), 25],
    [() => random.pick([2047, 2048, 2049, 4095, 4096, 4097, 4999, 5000]), 25],
    [() => random.int(4000, 4095), 10],
  ])();
}

function randomExternalSize(random: Random): bigint {
  const limit = 2n ** 53n;
  const size = random.weighted<() => bigint>([
    [() => BigInt(random.int(1, 100000)), 45],
    [() => 2n ** BigInt(random.int(0, 53)) + BigInt(random.int(-1, 1)), 35],
    [() => BigInt(random.int(1000, 1023)) * 2n ** 43n + BigInt(random.int(0, 1)), 10],
    [() => BigInt(random.int(2, 1023)) * 2n ** 43n - BigInt(random.int(0, 9)), 10],
  ])();
  return size < 1n ? 1n : size > limit ? limit : size;
}

/** Text without NUL, as payloads must be: letters, or any other bytes. */
function randomText(random: Random, length: number): string {
  if (random.chance(80)) return letters(random, length);
  return Array.from({ length }, () => String.fromCharCode(random.int(1, 255))).join("");
}

function randomContent(random: Random, length: number): string {
  if (random.chance(60)) return letters(random, length);
  if (random.chance(30)) return "\0".repeat(length);
  return Array.from(random.bytes(length), (byte) => String.fromCharCode(byte)).join("");
}

function randomDigest(random: Random): string {
  const hex = Array.from(random.bytes(32), (b) => b.toString(16).padStart(2, "0")).join("");
  return random.chance(20) ? hex.toUpperCase() : hex;
}

function randomPayload(random: Random): string | undefined {
  return random.weighted<() => string | undefined>([
    [() => randomDigest(random).replace(/^../, "$&/"), 30],
    [() => undefined, 20],
    [() => "", 6],
    [() => "-", 6],
    [() => "/".repeat(random.int(1, 3)) + letters(random, random.int(0, 9)), 10],
    [() => randomText(random, random.int(0, 6) * 4 + 3), 14],
    [() => randomText(random, random.int(1, 200)), 10],
    [() => randomText(random, random.int(4000, 4095)), 4],
  ])();
}

/** What an entry stores beyond its stat data; byte strings have one UTF-16 unit a byte. */
export interface Body {
  readonly size: bigint;
  readonly payload: string | undefined;
  readonly content: string | undefined;
  readonly digest: string | undefined;
}

const NO_BODY: Body = { size: 0n, payload: undefined, content: undefined, digest: undefined };

/** Body of a regular file. */
export function randomRegular(random: Random, kind: "empty" | "inline" | "external"): Body {
  const digest = random.chance(40) ? randomDigest(random) : undefined;
  if (kind === "external") {
    return {
      size: randomExternalSize(random),
      payload: randomPayload(random),
      content: undefined,
      digest,
    };
  }
  const ignored = random.chance(15) ? { payload: randomPayload(random), digest } : {};
  if (kind === "empty") {
    return { ...NO_BODY, ...ignored, content: random.chance(5) ? "" : undefined };
  }
  const length = randomLength(random, 5000);
  return { ...NO_BODY, ...ignored, size: BigInt(length), content: randomContent(random, length) };
}

/** Body of a symlink; its size is what the line claims, not always the length of the target. */
export function randomSymlink(random: Random): Body {
  const length = random.chance(35)
    ? random.int(3900, 4095)
    : Math.min(4095, randomLength(random, 4095));
  const payload = length === 1 && random.chance(30) ? "-" : randomText(random, length);
  const size = random.chance(90) ? length : random.int(0, 9000);
  return { ...NO_BODY, size: BigInt(size), payload };
}

/** Body of a directory or special file: sizes without meaning, contents that are checked and dropped. */
export function randomOther(random: Random): Body {
  if (random.chance(8)) {
    const content = letters(random, random.int(0, 40));
    return { ...NO_BODY, size: BigInt(content.length), content, payload: randomPayload(random) };
  }
  const size = random.weighted<() => bigint>([
    [() => 0n, 70],
    [() => BigInt(random.int(0, 0xffffffff)), 15],
    [() => random.pick([2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]), 15],
  ])();
  return { ...NO_BODY, size };
}

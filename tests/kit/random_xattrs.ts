/**
 * Random extended attributes for dump files.
 *
 * Pairs come from a pool of the whole dump as often as not, so that images get shared and unshared
 * ones. Keeps within the limits of an inode, up to their very edge.
 *
 * @module
 */

import type { Random } from "../../scripts/random.ts";

/** Name and value, one UTF-16 unit a byte. */
export type XattrPair = readonly [key: string, value: string];

/** Draws lists of xattrs for the files of one dump. */
export interface XattrMaker {
  some(): XattrPair[];
}

/** What all xattrs of an inode may cost together. */
const XATTR_BUDGET = 32767;

/** Cost of a list of xattrs against the budget. */
export function xattrCost(pairs: readonly XattrPair[]): number {
  return pairs.reduce((sum, [key, value]) => sum + 7 + key.length + value.length, 12);
}

const PREFIXES = [
  "user.",
  "user.",
  "trusted.",
  "security.",
  "system.posix_acl_access",
  "system.posix_acl_default",
  "system.",
  "lustre.",
  "unknown.",
  "",
  "trusted.overlay.",
  "trusted.overlay.overlay.",
  "user.overlay.",
];

const WHOLE_KEYS = [
  "user.",
  "trusted.",
  "security.selinux",
  "security.capability",
  "system.posix_acl_access",
  "system.posix_acl_default",
  "system.nfs4_acl",
  "lustre.lov",
  "trusted.overlay.metacopy",
  "trusted.overlay.redirect",
  "trusted.overlay.overlay.foo",
  "user.overlay.redirect",
  "foo",
];

/**
 * Keys that the writer itself gives to whiteouts and their directories, after escaping, with the
 * longest value that it can replace. Longer ones trip mkcomposefs 1.0.8 over a wrapped counter.
 */
const WHITEOUT_KEYS = new Map([
  ["trusted.overlay.whiteout", 0],
  ["trusted.overlay.whiteouts", 0],
  ["trusted.overlay.opaque", 1],
  ["user.overlay.whiteout", 0],
  ["user.overlay.whiteouts", 0],
  ["user.overlay.opaque", 1],
]);

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789._-=";

function randomSuffix(random: Random, max: number): string {
  const length = random.weighted<() => number>([
    [() => random.int(1, 8), 80],
    [() => random.int(1, max), 15],
    [() => max, 5],
  ])();
  const bytes = Array.from(random.bytes(length));
  if (random.chance(15)) return bytes.map((b) => String.fromCharCode(b === 0 ? 1 : b)).join("");
  return bytes.map((byte) => LETTERS[byte % LETTERS.length]!).join("");
}

function randomKey(random: Random): string {
  if (random.chance(35)) return random.pick(WHOLE_KEYS);
  if (random.chance(8)) return random.pick([...WHITEOUT_KEYS.keys()]);
  const prefix = random.pick(PREFIXES);
  const key = prefix + randomSuffix(random, 255 - prefix.length);
  return WHITEOUT_KEYS.has(key) ? key + "x" : key;
}

function randomValue(random: Random, key: string): string {
  const longest = WHITEOUT_KEYS.get(key);
  if (longest !== undefined) return longest === 0 ? "" : random.pick(["", "x", "y"]);
  return random.weighted<() => string>([
    [() => "", 15],
    [() => random.pick(["-", "=", "a=b", "x", "-x"]), 15],
    [() => "v".repeat(random.int(1, 12)), 35],
    [() => Array.from(random.bytes(random.int(1, 40)), (b) => String.fromCharCode(b)).join(""), 25],
    [() => "w".repeat(random.int(100, 3000)), 3],
  ])();
}

/** Starts a pool of pairs for one dump. */
export function createXattrMaker(random: Random): XattrMaker {
  const fresh = (): XattrPair => {
    const key = randomKey(random);
    return [key, randomValue(random, key)];
  };
  const pool = Array.from({ length: random.int(2, 10) }, fresh);
  const crowd = random.chance(12) ? random.int(120, 200) : 0;

  function few(): XattrPair[] {
    return Array.from(
      { length: random.int(1, 5) },
      () => random.chance(55) ? random.pick(pool) : fresh(),
    );
  }
  /** The same many pairs on every file that asks, and a few of its own. */
  function many(): XattrPair[] {
    const shared = Array.from(
      { length: crowd },
      (_, i): XattrPair => [`user.k${i}`, i % 3 === 0 ? "" : "v"],
    );
    return random.shuffle([...shared, ...few()]);
  }
  /** Adds a value that uses the budget up, but for a byte or two. */
  function padded(pairs: XattrPair[]): XattrPair[] {
    const key = "user.zz-pad";
    const left = XATTR_BUDGET - xattrCost([...pairs, [key, ""]]) - random.pick([0, 0, 1, 2]);
    return left < 0 ? pairs : [...pairs, [key, "p".repeat(left)]];
  }
  function some(): XattrPair[] {
    let pairs = crowd > 0 && random.chance(60) ? many() : few();
    // A repeated key replaces the value before it: the budget is checked with the repetition gone.
    if (!random.chance(10)) pairs = [...new Map(pairs)];
    if (new Map(pairs).size === pairs.length && random.chance(2)) pairs = padded(pairs);
    while (xattrCost(pairs) > XATTR_BUDGET) pairs.pop();
    return pairs;
  }
  return { some };
}

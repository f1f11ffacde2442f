/**
 * The many spellings of one value in composefs-dump(5): escapes, numbers, paths.
 *
 * Works on strings with one UTF-16 unit a byte (0 to 255), as does all of the dump generator. Every
 * spelling made here is one that mkcomposefs 1.0.8 accepts and reads as the value given.
 *
 * @module
 */

import type { Random } from "../../scripts/random.ts";

const SHORT_ESCAPES = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\t", "\\t"], ["\r", "\\r"]]);

/** How much of a string is escaped: what must be, what a canonical dump does, some, everything. */
type EscapeStyle = "least" | "canonical" | "some" | "all";

function hexEscape(random: Random, byte: number): string {
  const digits = byte.toString(16).padStart(2, "0");
  return "\\x" + (random.chance(30) ? digits.toUpperCase() : digits);
}

/** Bytes that a style leaves alone; the first test that holds for a whole string saves its walk. */
const NEEDS_NO_ESCAPE = /^[^ \n\\\0=]*$/;
const CANONICAL_AS_IT_IS = /^[\x21-\x3c\x3e-\x5b\x5d-\x7e]*$/;

function mustEscape(unit: string, forbidden: string): boolean {
  return unit === " " || unit === "\n" || unit === "\\" || unit === "\0" ||
    forbidden.includes(unit);
}

/**
 * Spells bytes with escapes of any kind.
 *
 * @param forbidden Bytes that may not stand raw besides space, newline, backslash and NUL.
 */
export function spellBytes(random: Random, value: string, forbidden = ""): string {
  const style = random.weighted<EscapeStyle>([
    ["least", 45],
    ["canonical", 40],
    ["some", 12],
    // Escaping every byte takes four times the length, too much for long contents and xattr values.
    ["all", value.length < 600 ? 3 : 0],
  ]);
  if (style === "least" && NEEDS_NO_ESCAPE.test(value)) return value;
  if (style === "canonical" && CANONICAL_AS_IT_IS.test(value)) return value;
  let text = "";
  for (const unit of value) {
    const byte = unit.charCodeAt(0);
    const short = SHORT_ESCAPES.get(unit);
    const escape = mustEscape(unit, forbidden) || style === "all" ||
      (style === "some" && random.chance(20)) ||
      (style === "canonical" && (byte < 0x21 || byte > 0x7e));
    if (!escape) text += unit;
    else if (short !== undefined && random.chance(75)) text += short;
    else text += hexEscape(random, byte);
  }
  return text;
}

/** Spells an optional field: `-` if absent, and a value of one dash so that it stays a value. */
export function spellOptional(random: Random, value: string | undefined): string {
  if (value === undefined) return "-";
  if (value === "-") return random.chance(50) ? "\\x2d" : "\\x2D";
  return spellBytes(random, value);
}

/** Spells a path, with and without leading slashes and with several between components. */
export function spellPath(random: Random, components: readonly string[]): string {
  if (components.length === 0) return random.chance(3) ? "\\x2f" : "/";
  const odd = random.chance(8);
  const slash = () => odd ? random.pick(["/", "//", "\\x2f", "///", "/\\x2F"]) : "/";
  const start = odd ? random.pick(["", "/", "//", "\\x2f"]) : "/";
  return start + components.map((name) => spellBytes(random, name)).join("\u{100}")
    .replace(/\u{100}/gu, slash);
}

/** Widths in bits that the reader cuts a number to. */
export type Width = 32 | 64;

/**
 * Spells a number in a way that reads as `value` after the cut to `width` bits: plainly as a rule,
 * otherwise signed, padded, after white space, negated, or one turn of the width higher.
 */
export function spellNumber(random: Random, value: bigint, width: Width, base = 10): string {
  const digits = (n: bigint) => n.toString(base);
  if (!random.chance(7)) return digits(value);
  const choices = [
    "+" + digits(value),
    "0".repeat(random.int(1, 30)) + digits(value),
    random.pick(["\t", "\v", "\f", "\r", "\t\r\t"]) + digits(value),
    "-" + digits(2n ** BigInt(width) - value),
    "\t-" + digits(2n ** 64n - value),
  ];
  if (width === 32) {
    choices.push(digits(value + 2n ** 32n), digits(value + 2n ** 63n));
    if (value === 2n ** 32n - 1n) choices.push(digits(2n ** 70n), digits(2n ** 64n - 1n), "-1");
  }
  // A negated zero would be 2^width itself, which does not fit 64 bits.
  if (value === 0n) {
    return random.pick(["+0", "-0", "00", "\t0", ...(width === 32 ? choices.slice(5) : [])]);
  }
  return random.pick(choices);
}

/** Spells a time; seconds are signed, nanoseconds an integer of 32 bits. */
export function spellTime(random: Random, seconds: bigint, nanoseconds: bigint): string {
  const plain = seconds < 0n || random.chance(95);
  const left = plain ? seconds.toString() : spellNumber(random, seconds, 64);
  return `${left}.${spellNumber(random, nanoseconds, 32)}`;
}

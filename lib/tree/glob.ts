/**
 * Shell wildcards over one name: `*`, `?`, `[…]` and `\`.
 *
 * On bytes, so that what matches does not depend on a locale: `?` is one byte, and names need not be UTF-8.
 *
 * @module
 */

import { equalBytes } from "../bytes/compare.ts";
import { PatternError } from "./pattern_error.ts";

/** A token of a pattern: a byte by its value, a set of bytes, or one of these two. */
type Token = number | Uint8Array;
const ANY_BYTE = -1;
const ANY_BYTES = -2;

const STAR = 0x2a;
const QUESTION_MARK = 0x3f;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const BACKSLASH = 0x5c;
const HYPHEN = 0x2d;
const COLON = 0x3a;
const NOT: readonly number[] = [0x21, 0x5e];

/**
 * A pattern for a whole name.
 *
 * `*` stands for any bytes, also none and also a leading dot, `?` for one byte, `[a-z_]` for one of those and
 * `[!a-z]` or `[^a-z]` for one other, `\` for the byte behind it. Time is at most the length of the name times that
 * of the pattern, whatever they are.
 */
export class Glob {
  readonly #tokens: readonly Token[];
  /** All of it, if it has no wildcards. */
  readonly #literal: Uint8Array | undefined;

  /**
   * Reads a pattern.
   *
   * @throws {PatternError} If something opened is not closed, or two stars stand side by side.
   */
  constructor(pattern: Uint8Array) {
    this.#tokens = tokensOf(pattern);
    this.#literal = literalOf(this.#tokens);
  }

  /** Tells whether a name matches, from its first byte to its last. */
  matches(name: Uint8Array): boolean {
    if (this.#literal !== undefined) return equalBytes(this.#literal, name);
    const tokens = this.#tokens;
    let token = 0;
    let at = 0;
    // Only the last star met can be wrong about how much it stands for: what the earlier ones leave is no less.
    let star = -1;
    let starEnd = 0;
    while (at < name.length) {
      if (tokens[token] === ANY_BYTES) {
        star = token++;
        starEnd = at;
      } else if (token < tokens.length && stands(tokens[token]!, name[at]!)) {
        token++;
        at++;
      } else {
        if (star < 0) return false;
        token = star + 1;
        at = ++starEnd;
      }
    }
    while (tokens[token] === ANY_BYTES) token++;
    return token === tokens.length;
  }
}

function stands(token: Token, byte: number): boolean {
  return typeof token === "number" ? token === byte || token === ANY_BYTE : token[byte] === 1;
}

function literalOf(tokens: readonly Token[]): Uint8Array | undefined {
  const bytes = tokens.filter((token) => typeof token === "number" && token >= 0) as number[];
  return bytes.length === tokens.length ? Uint8Array.from(bytes) : undefined;
}

function tokensOf(pattern: Uint8Array): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const byte = pattern[at]!;
    if (byte === STAR) {
      if (tokens.at(-1) === ANY_BYTES) {
        throw new PatternError("expected ** only as all that stands between two slashes");
      }
      tokens.push(ANY_BYTES);
    } else if (byte === QUESTION_MARK) {
      tokens.push(ANY_BYTE);
    } else if (byte === OPENING) {
      const set = new ByteSet(pattern, at + 1);
      tokens.push(set.bytes);
      at = set.end;
    } else {
      if (byte === BACKSLASH) at++;
      tokens.push(byteAt(pattern, at));
    }
  }
  return tokens;
}

/** What stands behind a `[`. */
class ByteSet {
  /** 1 for each byte that is meant. */
  readonly bytes = new Uint8Array(256);
  /** Where its `]` is. */
  readonly end: number;

  constructor(pattern: Uint8Array, start: number) {
    const isNot = NOT.includes(pattern[start]!);
    const first = isNot ? start + 1 : start;
    let at = first;
    while (pattern[at] !== CLOSING || at === first) {
      if (pattern[at] === OPENING && pattern[at + 1] === COLON) {
        throw new PatternError("expected no class such as [:alpha:], but its letters: a-zA-Z");
      }
      const low = new SetMember(pattern, at);
      at = low.end;
      let high = low.byte;
      if (pattern[at] === HYPHEN && pattern[at + 1] !== CLOSING) {
        const member = new SetMember(pattern, at + 1);
        at = member.end;
        high = member.byte;
        if (high < low.byte) throw new PatternError("expected a range that goes upwards in [ ]");
      }
      this.bytes.fill(1, low.byte, high + 1);
    }
    if (isNot) this.bytes.forEach((is, byte) => this.bytes[byte] = 1 - is);
    this.end = at;
  }
}

/** A byte in a set. */
class SetMember {
  readonly byte: number;
  /** Behind it. */
  readonly end: number;

  constructor(pattern: Uint8Array, start: number) {
    const at = pattern[start] === BACKSLASH ? start + 1 : start;
    if (at >= pattern.length) throw new PatternError("expected ] behind [, or \\[");
    this.byte = pattern[at]!;
    // Of a longer character each byte would be meant by itself.
    if (this.byte >= 0x80) throw new PatternError("expected ASCII in [ ]");
    this.end = at + 1;
  }
}

function byteAt(pattern: Uint8Array, at: number): number {
  const byte = pattern[at];
  if (byte === undefined) throw new PatternError("expected something behind \\");
  return byte;
}

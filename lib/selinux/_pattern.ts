/**
 * Patterns of file contexts: the part of PCRE's regular expressions that can be matched in time that grows with
 * the path, byte by byte.
 *
 * What PCRE2, which libselinux uses, and the engine of composefs-rs read in different ways, and what needs more than
 * an automaton, is refused by name.
 *
 * @see pcre2pattern(3)
 *
 * @module
 */

import { latin1 } from "../bytes/text.ts";
import { ANY_BYTE, type ByteSet, complement, escapedSet, namedSet } from "./_byte_sets.ts";

/** A pattern, taken apart. */
export type Pattern =
  | { readonly kind: "byte"; readonly byte: number }
  | { readonly kind: "set"; readonly set: ByteSet }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly choices: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly part: Pattern; readonly min: number; readonly max: number }
  /** Nothing, where what follows does not begin with the part. */
  | { readonly kind: "unless"; readonly part: Pattern };

/** How deep groups may lie in each other. */
const MAX_DEPTH = 100;
/** How often something may be repeated by a number. */
const MAX_REPEAT = 1000;

/** Characters that stand for themselves behind a backslash, besides those that are no letters or digits. */
const ESCAPED_CHARACTERS: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["e", 27],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
]);

/** A group whose end has not come. */
interface Group {
  readonly kind: "plain" | "unless";
  readonly choices: Pattern[];
  parts: Pattern[];
}

/**
 * Takes a pattern apart.
 *
 * @param refuse Makes what is thrown of what is wrong.
 */
export function parsePattern(bytes: Uint8Array, refuse: (state: string) => Error): Pattern {
  return new PatternParser(bytes, refuse).parse();
}

class PatternParser {
  /** One unit a byte. */
  readonly #text: string;
  readonly #refuse: (state: string) => Error;
  #at = 0;
  #group: Group = { kind: "plain", choices: [], parts: [] };
  readonly #outer: Group[] = [];

  constructor(bytes: Uint8Array, refuse: (state: string) => Error) {
    this.#text = latin1(bytes);
    this.#refuse = refuse;
  }

  parse(): Pattern {
    const text = this.#text;
    while (this.#at < text.length) {
      const character = text[this.#at++]!;
      switch (character) {
        case "(":
          this.#open();
          break;
        case ")":
          this.#close();
          break;
        case "|":
          this.#endChoice();
          break;
        case ".":
          this.#add({ kind: "set", set: ANY_BYTE });
          break;
        case "[":
          this.#add({ kind: "set", set: this.#set() });
          break;
        case "\\":
          this.#add(this.#escaped());
          break;
        case "^":
          this.#start();
          break;
        case "$":
          throw this.#refuse("$, which is read in different ways: paths are matched to their end");
        case "*":
        case "+":
        case "?":
        case "{":
          throw this.#refuse(`${character} with nothing before it to repeat`);
        default:
          this.#literal(character);
      }
    }
    if (this.#outer.length > 0) throw this.#refuse("a group without its closing parenthesis");
    return this.#endGroup();
  }

  /** Adds a part, as often as what follows says. */
  #add(part: Pattern): void {
    const count = this.#count();
    this.#group.parts.push(count === undefined ? part : { kind: "repeat", part, ...count });
  }

  #literal(character: string): void {
    const byte = character.charCodeAt(0);
    const { parts } = this.#group;
    const { length } = parts;
    this.#add({ kind: "byte", byte });
    if (byte >= 0x80 && parts[length]!.kind === "repeat") {
      throw this.#refuse("a repeated character that is not ASCII, which is read in different ways");
    }
  }

  /** Reads how often the part before is wanted; undefined if nothing is said of it. */
  #count(): { readonly min: number; readonly max: number } | undefined {
    const text = this.#text;
    const [quantifier] = QUANTIFIER.exec(text.slice(this.#at, this.#at + 20)) ?? [];
    if (quantifier === undefined) {
      if (text[this.#at] === "{") throw this.#refuse("{ that begins no {n}, {n,} or {n,m}");
      return undefined;
    }
    this.#at += quantifier.length;
    // Which of its ways a repetition prefers makes no difference to what matches as a whole.
    if (text[this.#at] === "?") this.#at++;
    const following = text[this.#at] ?? "";
    if (following !== "" && "*+?{".includes(following)) {
      throw this.#refuse(`${quantifier}${following}, which is read in different ways`);
    }
    const [min, max] = bounds(quantifier);
    if (min > max) throw this.#refuse(`${quantifier} with the larger number first`);
    if (min > MAX_REPEAT || max > MAX_REPEAT && max !== Infinity) {
      throw this.#refuse(`${quantifier}, expected at most ${MAX_REPEAT} times`);
    }
    return { min, max };
  }

  #start(): void {
    // It says what is so anyway at the start; elsewhere it would never match.
    const { parts } = this.#group;
    if (this.#outer.length > 0 || parts.length > 0) {
      throw this.#refuse("^ that is not at the start");
    }
    if ("*+?{".includes(this.#text[this.#at] ?? " ")) throw this.#refuse("a repeated ^");
  }

  #open(): void {
    if (this.#outer.length >= MAX_DEPTH) {
      throw this.#refuse(`groups more than ${MAX_DEPTH} deep in each other`);
    }
    let kind: Group["kind"] = "plain";
    if (this.#text[this.#at] === "?") {
      const [, extension] = EXTENSION.exec(this.#text.slice(this.#at, this.#at + 3))!;
      if (extension === "!") {
        if (this.#outer.concat(this.#group).some((group) => group.kind === "unless")) {
          throw this.#refuse("(?! within another, which is not supported");
        }
        kind = "unless";
      } else if (extension !== ":") {
        throw this.#refuse(`(?${extension}, which is not supported`);
      }
      this.#at += 2;
    } else if (this.#text[this.#at] === "*") {
      throw this.#refuse("(*, which is not supported");
    }
    this.#outer.push(this.#group);
    this.#group = { kind, choices: [], parts: [] };
  }

  #close(): void {
    const outer = this.#outer.pop();
    if (outer === undefined) throw this.#refuse(") without its opening parenthesis");
    const { kind } = this.#group;
    const part = this.#endGroup();
    this.#group = outer;
    if (kind === "plain") {
      this.#add(part);
      return;
    }
    if ("*+?{".includes(this.#text[this.#at] ?? " ")) throw this.#refuse("a repeated (?!");
    outer.parts.push({ kind, part });
  }

  #endChoice(): void {
    const group = this.#group;
    group.choices.push(inSequence(group.parts));
    group.parts = [];
  }

  #endGroup(): Pattern {
    this.#endChoice();
    const { choices } = this.#group;
    return choices.length === 1 ? choices[0]! : { kind: "choice", choices };
  }

  #escaped(): Pattern {
    const character = this.#text[this.#at++];
    if (character === undefined) throw this.#refuse("a backslash at the end");
    const set = escapedSet(character);
    return set === undefined
      ? { kind: "byte", byte: this.#escapedByte(character) }
      : { kind: "set", set };
  }

  #escapedByte(character: string): number {
    const byte = ESCAPED_CHARACTERS.get(character);
    if (byte !== undefined) return byte;
    if (character === "x") {
      const [digits] = HEX_BYTE.exec(this.#text.slice(this.#at, this.#at + 2)) ?? [];
      if (digits === undefined) throw this.#refuse("\\x without two hexadecimal digits");
      this.#at += 2;
      return Number.parseInt(digits, 16);
    }
    if (/[0-9A-Za-z]/.test(character)) {
      throw this.#refuse(`\\${character}, which is not supported`);
    }
    return character.charCodeAt(0);
  }

  /** A set in brackets, the first of which has been read. */
  #set(): ByteSet {
    const set = new Uint8Array(256);
    const isNegative = this.#text[this.#at] === "^";
    if (isNegative) this.#at++;
    for (let isFirst = true;; isFirst = false) {
      const item = this.#setItem(isFirst);
      if (item === undefined) return isNegative ? complement(set) : set;
      if (typeof item !== "number") {
        for (let byte = 0; byte < 256; byte++) if (item[byte] === 1) set[byte] = 1;
        continue;
      }
      const last = this.#rangeEnd(item);
      if (last < item) throw this.#refuse("a range in brackets whose end comes first");
      set.fill(1, item, last + 1);
    }
  }

  /** One byte of a set in brackets, or several; undefined at its end. */
  #setItem(isFirst: boolean): number | ByteSet | undefined {
    const text = this.#text;
    const character = text[this.#at++];
    if (character === undefined) throw this.#refuse("[ without its closing bracket");
    if (character === "]" && !isFirst) return undefined;
    if (character === "[") {
      const [whole, minus, name] = NAMED_SET.exec(text.slice(this.#at, this.#at + 12)) ?? [];
      const named = name === undefined ? undefined : namedSet(name);
      if (named === undefined) {
        throw this.#refuse("[ within brackets, which is read in different ways");
      }
      this.#at += whole!.length;
      return minus === "" ? named : complement(named);
    }
    this.#checkPair(this.#at - 1);
    if (character === "\\") {
      const escaped = this.#escaped();
      return escaped.kind === "byte" ? escaped.byte : (escaped as { set: ByteSet }).set;
    }
    const byte = character.charCodeAt(0);
    if (byte >= 0x80) {
      throw this.#refuse(
        "a character that is not ASCII in brackets, which is read in different ways",
      );
    }
    return byte;
  }

  #checkPair(at: number): void {
    const pair = this.#text.slice(at, at + 2);
    if (pair === "&&" || pair === "--" || pair === "~~") {
      throw this.#refuse(`${pair} within brackets, which is read in different ways`);
    }
  }

  /** The end of a range in brackets, or the byte itself if none begins with it. */
  #rangeEnd(first: number): number {
    const text = this.#text;
    if (text[this.#at] !== "-" || text[this.#at + 1] === "]") return first;
    this.#checkPair(this.#at++);
    const last = this.#setItem(true);
    if (typeof last !== "number") throw this.#refuse("a range in brackets to a set");
    return last;
  }
}

const QUANTIFIER = /^(?:[*+?]|\{[0-9]{1,5}(?:,[0-9]{0,5})?\})/;
const EXTENSION = /^\?(<?.?)/s;
const NAMED_SET = /^:(\^?)([a-z]+):\]/;
const HEX_BYTE = /^[0-9A-Fa-f]{2}$/;

function bounds(quantifier: string): [min: number, max: number] {
  switch (quantifier) {
    case "*":
      return [0, Infinity];
    case "+":
      return [1, Infinity];
    case "?":
      return [0, 1];
  }
  const [min, max] = quantifier.slice(1, -1).split(",");
  return [Number(min), max === undefined ? Number(min) : max === "" ? Infinity : Number(max)];
}

function inSequence(parts: readonly Pattern[]): Pattern {
  return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
}

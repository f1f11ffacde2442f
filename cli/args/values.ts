/**
 * Parsers for the values of options and operands, to be named in a command's table.
 *
 * Each throws a `ValueError` that says what was expected; which option was meant and what was given is
 * added where the table is read.
 *
 * @module
 */

import { Digest, DIGEST_FORM } from "../../lib/digest/digest.ts";
import { ValueError } from "./value_error.ts";
import type { ValueParser } from "./value_parser.ts";

/** A path: the bytes as given, which need not be UTF-8. */
export function path(_text: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes;
}

/** Text, refused if it is not UTF-8. */
export function text(text: string, bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ValueError(`expected UTF-8, found "${text}"`, { cause });
  }
}

/** A decimal number of digits only, from `least` to `most`, both included. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): ValueParser<number> {
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
  return function parseInteger(text) {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new ValueError(`expected a whole number, ${range}`);
  };
}

/** A parser that takes one of a few words, which completions offer. */
export interface Choice<Word extends string> extends ValueParser<Word> {
  readonly words: readonly Word[];
}

/** One of a few words. */
export function choice<const Word extends string>(...words: readonly Word[]): Choice<Word> {
  function parseChoice(text: string): Word {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new ValueError(`expected ${words.join(" or ")}`);
  }
  return Object.assign(parseChoice, { words });
}

/** A digest in hexadecimal digits, the name of its algorithm and a colon in front of them or not. */
export function digest(text: string): Digest {
  const found = Digest.tryParse(text);
  if (found !== undefined) return found;
  throw new ValueError(`expected ${DIGEST_FORM}`);
}

/** Bytes in hexadecimal digits of either case, at most `most` bytes. */
export function hex(most: number): ValueParser<Uint8Array<ArrayBuffer>> {
  return function parseHex(text) {
    if (text.length % 2 === 0 && text.length <= 2 * most && /^[0-9a-fA-F]*$/.test(text)) {
      return Uint8Array.fromHex(text);
    }
    throw new ValueError(`expected an even number of hexadecimal digits, at most ${2 * most}`);
  };
}

/** One or more of a few words, separated by commas, none of them twice; completions offer each. */
export function choices<const Word extends string>(
  ...words: readonly Word[]
): ValueParser<readonly Word[]> & { readonly words: readonly Word[] } {
  const one = choice(...words);
  function parseChoices(text: string, bytes: Uint8Array<ArrayBuffer>): readonly Word[] {
    const found = text.split(",").map((part) => one(part, bytes));
    if (new Set(found).size === found.length) return found;
    throw new ValueError("expected each once");
  }
  return Object.assign(parseChoices, { words });
}

/** Bytes as they are, which hold words with commas between them; completions offer these words. */
export function list(
  words: readonly string[],
): ValueParser<Uint8Array<ArrayBuffer>> & { readonly listed: readonly string[] } {
  return Object.assign((text: string, bytes: Uint8Array<ArrayBuffer>) => path(text, bytes), {
    listed: words,
  });
}

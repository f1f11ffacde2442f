/**
 * Sets of bytes, as patterns name them: `[a-z]`, `\d`, `.`.
 *
 * @module
 */

/** Which of the 256 bytes are in it: 1 for those that are. */
export type ByteSet = Uint8Array;

/** A set of some characters and ranges of them, `a-z` being one. */
function setOf(...ranges: readonly string[]): ByteSet {
  const set = new Uint8Array(256);
  for (const range of ranges) {
    const last = range.length === 3 ? range.charCodeAt(2) : range.charCodeAt(0);
    set.fill(1, range.charCodeAt(0), last + 1);
  }
  return set;
}

/** The bytes that are not in a set. */
export function complement(set: ByteSet): ByteSet {
  return set.map((is) => 1 - is);
}

/** Every byte. */
export const ANY_BYTE: ByteSet = new Uint8Array(256).fill(1);

const DIGITS = setOf("0-9");
const WORD = setOf("0-9", "A-Z", "a-z", "_");
const BLANKS = setOf(" ", "\t", "\n", "\v", "\f", "\r");

/** Sets by the letter behind a backslash. */
export const ESCAPED_SETS: ReadonlyMap<string, ByteSet> = new Map([
  ["d", DIGITS],
  ["D", complement(DIGITS)],
  ["w", WORD],
  ["W", complement(WORD)],
  ["s", BLANKS],
  ["S", complement(BLANKS)],
]);

/** Sets by their POSIX names, `[:alpha:]` being one. */
export const NAMED_SETS: ReadonlyMap<string, ByteSet> = new Map([
  ["alnum", setOf("0-9", "A-Z", "a-z")],
  ["alpha", setOf("A-Z", "a-z")],
  ["ascii", setOf("\0-\x7f")],
  ["blank", setOf(" ", "\t")],
  ["cntrl", setOf("\0-\x1f", "\x7f")],
  ["digit", DIGITS],
  ["graph", setOf("!-~")],
  ["lower", setOf("a-z")],
  ["print", setOf(" -~")],
  ["punct", setOf("!-/", ":-@", "[-`", "{-~")],
  ["space", BLANKS],
  ["upper", setOf("A-Z")],
  ["word", WORD],
  ["xdigit", setOf("0-9", "A-F", "a-f")],
]);

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

/** Sets by their POSIX names, `[:alpha:]` being one, as `setOf` takes them. */
const NAMED: ReadonlyMap<string, readonly string[]> = new Map([
  ["alnum", ["0-9", "A-Z", "a-z"]],
  ["alpha", ["A-Z", "a-z"]],
  ["ascii", ["\0-\x7f"]],
  ["blank", [" ", "\t"]],
  ["cntrl", ["\0-\x1f", "\x7f"]],
  ["digit", ["0-9"]],
  ["graph", ["!-~"]],
  ["lower", ["a-z"]],
  ["print", [" -~"]],
  ["punct", ["!-/", ":-@", "[-`", "{-~"]],
  ["space", [" ", "\t", "\n", "\v", "\f", "\r"]],
  ["upper", ["A-Z"]],
  ["word", ["0-9", "A-Z", "a-z", "_"]],
  ["xdigit", ["0-9", "A-F", "a-f"]],
]);

/** The set of a POSIX name; undefined if there is none. Made when it is asked for: few programs ask. */
export function namedSet(name: string): ByteSet | undefined {
  const ranges = NAMED.get(name);
  return ranges && setOf(...ranges);
}

/** Names of sets by the letter behind a backslash; the capital letter stands for all others. */
const ESCAPED: Readonly<Record<string, string>> = { d: "digit", w: "word", s: "space" };

/** The set of a letter behind a backslash; undefined if there is none. */
export function escapedSet(letter: string): ByteSet | undefined {
  const small = letter.toLowerCase();
  const name = Object.hasOwn(ESCAPED, small) ? ESCAPED[small]! : undefined;
  const set = name === undefined ? undefined : namedSet(name);
  return set === undefined || letter === small ? set : complement(set);
}

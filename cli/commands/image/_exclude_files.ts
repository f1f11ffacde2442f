/**
 * Files of patterns: `--exclude-from`.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { type Exclude, parseExclude } from "../../../lib/tree/excludes.ts";
import { PatternError } from "../../../lib/tree/pattern_error.ts";
import type { Context } from "../../args/command.ts";
import { readSmallFile } from "../../small_file.ts";
import { isStdin } from "../../stdin.ts";

const NEWLINE = 0x0a;
const HASH = 0x23;
/** Bytes that no list of patterns has which anybody wrote. */
const LIMIT = 1 << 24;

/**
 * Reads the patterns of a file, each with its place for messages.
 *
 * @throws {Error} If a line is none.
 */
export function* readExcludes(
  path: Uint8Array,
  context: Context,
): Generator<readonly [Exclude, string]> {
  const bytes = readSmallFile(context, path, LIMIT);
  const file = isStdin(path) ? "standard input" : quote(path);
  let line = 0;
  for (let start = 0; start < bytes.length;) {
    line++;
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    const text = bytes.subarray(start, end);
    start = end + 1;
    if (text.length === 0 || text[0] === HASH) continue;
    yield [parseLine(text, file, line), `${quote(text)} in line ${line} of ${file}`];
  }
}

function parseLine(text: Uint8Array, file: string, line: number): Exclude {
  try {
    return parseExclude(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = `Cannot exclude ${quote(text)} in line ${line} of ${file}: ${error.message}`;
    throw new Error(message, { cause: error });
  }
}

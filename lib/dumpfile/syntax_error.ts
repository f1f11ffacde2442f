/**
 * What is thrown for a dump file that breaks the format.
 *
 * @module
 */

const SPACE = 0x20;
const AT_SIGN = 0x40;

/** A dump file breaks the format of composefs-dump(5), at a line. */
export class DumpfileSyntaxError extends SyntaxError {
  /** Tells it from other errors, across realms too. */
  override readonly name = "DumpfileSyntaxError";
  /** The line's number, from 1; 0 if it is the file as a whole. */
  readonly line: number;

  /**
   * Makes the error.
   *
   * @param line 0 if it is the file as a whole.
   * @param state What is wrong, without the line.
   */
  constructor(line: number, state: string, options?: ErrorOptions) {
    super(line === 0 ? `Invalid dump file: ${state}` : `Invalid line ${line}: ${state}`, options);
    this.line = line;
  }
}

/** The fields of a line, in their order, as messages call them. */
const FIELDS = [
  "path",
  "size",
  "mode",
  "nlink",
  "uid",
  "gid",
  "rdev",
  "mtime",
  "payload",
  "content",
  "digest",
  "xattr",
] as const;

/** Fields of a line without xattrs. */
const FIELD_COUNT = FIELDS.length - 1;

/** The text of one field breaks the format, whichever field it is. */
export class FieldSyntaxError extends SyntaxError {
  readonly #found: string;
  readonly #expected: string;
  readonly #isEmpty: boolean;

  /**
   * Makes the error.
   *
   * @param found What is wrong.
   * @param expected What would be right; empty if that goes without saying.
   */
  constructor(field: Uint8Array, found: string, expected = "") {
    super(FieldSyntaxError.#join(found, expected));
    this.#isEmpty = field.length === 0;
    this.#found = found;
    this.#expected = expected;
  }

  /**
   * The message with the field's name in it.
   *
   * @param line The line up to the end of the field; all of it if it ends before.
   */
  inLine(line: Uint8Array): string {
    let index = 0;
    for (const byte of line) if (byte === SPACE) index++;
    // An @ may stand before a mode.
    const start = line.at(-1) === AT_SIGN ? line.length - 1 : line.length;
    if (this.#isEmpty && start > 0 && line[start - 1] !== SPACE) {
      return `the line ends before ${FIELDS[index + 1] ?? FIELDS[FIELD_COUNT]}, ` +
        `expected ${FIELD_COUNT} fields`;
    }
    const name = FIELDS[Math.min(index, FIELD_COUNT)]!;
    return FieldSyntaxError.#join(`${this.#found} in ${name}`, this.#expected);
  }

  static #join(found: string, expected: string): string {
    return expected === "" ? found : `${found}, expected ${expected}`;
  }
}

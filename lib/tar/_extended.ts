/**
 * Extended headers, read: the records of one, and what those of a member and those for all members come to.
 *
 * Records are kept as bytes; what they say is checked for the member that they are about, which errors can name.
 *
 * @see POSIX.1-2017, pax, "pax Extended Header"
 *
 * @module
 */

import { latin1, quote, utf8 } from "../bytes/text.ts";
import { decimal } from "./_numbers.ts";
import { XATTR_PREFIXES, XattrRecords } from "./_xattr_records.ts";
import type { Refuse } from "./tar_format_error.ts";

/** Keywords whose last record counts. All others are comments to us, or handled apart. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "path",
  "linkpath",
  "size",
  "uid",
  "gid",
  "mtime",
  // star and bsdtar write these where a number is too large for the header's field.
  "SCHILY.devmajor",
  "SCHILY.devminor",
]);

const SPARSE_PREFIX = "GNU.sparse.";
/** How all other keywords that matter begin. */
const PREFIXES: readonly string[] = [...XATTR_PREFIXES, "GNU."];
/** What a header has that describes the part of a file that is in one of several volumes. */
const VOLUME_KEYWORDS: ReadonlySet<string> = new Set([
  "GNU.volume.filename",
  "GNU.volume.offset",
  "GNU.volume.size",
]);

/** What an extended header says of a sparse file. */
export interface SparseRecords {
  /** By keyword without `GNU.sparse.`, the last of each. */
  readonly values: ReadonlyMap<string, Uint8Array>;
  /** Version 0.0: position and length of each stretch, in turn. */
  readonly pairs: readonly number[];
}

/** The records of one extended header, or of several that apply together. */
export class ExtendedHeader {
  readonly #values = new Map<string, Uint8Array>();
  #xattrs: XattrRecords | undefined;
  #sparse: { values: Map<string, Uint8Array>; pairs: number[] } | undefined;

  /** Its extended attributes, if it has any. */
  get xattrs(): XattrRecords | undefined {
    return this.#xattrs;
  }

  /** What it says of a sparse file. */
  get sparse(): SparseRecords | undefined {
    return this.#sparse;
  }

  /** The value of a keyword: empty if a record says that nothing counts. */
  get(keyword: string): Uint8Array | undefined {
    return this.#values.get(keyword);
  }

  /**
   * Adds records.
   *
   * @param body Valid during the call: what is kept of it is copied.
   * @throws {TarFormatError} As `refuse` makes it, if it is no list of records.
   */
  add(body: Uint8Array, refuse: Refuse): void {
    for (let at = 0; at < body.length;) {
      const blank = endOfLength(body, at);
      const length = decimal(body.subarray(at, blank));
      if (length === undefined || body[blank] !== BLANK) {
        throw refuse(
          `no length before its record at byte ${at}, expected decimal digits and a blank`,
        );
      }
      const end = at + length;
      if (end > body.length || end <= blank + 1 || body[end - 1] !== NEWLINE) {
        throw refuse(`no newline at the end of its record of ${length} bytes at byte ${at}`);
      }
      const equals = body.indexOf(EQUALS, blank + 1);
      if (equals < 0 || equals >= end || equals === blank + 1) {
        throw refuse(`no keyword in its record at byte ${at}, expected keyword=value`);
      }
      const keyword = latin1(body.subarray(blank + 1, equals));
      // Most records are times that nobody asks for.
      if (KEYWORDS.has(keyword) || PREFIXES.some((prefix) => keyword.startsWith(prefix))) {
        this.#record(keyword, body.slice(equals + 1, end - 1), refuse);
      }
      at = end;
    }
  }

  #record(keyword: string, value: Uint8Array, refuse: Refuse): void {
    if (KEYWORDS.has(keyword)) {
      this.#values.set(keyword, value);
    } else if (keyword.startsWith(SPARSE_PREFIX)) {
      this.#addSparse(keyword.slice(SPARSE_PREFIX.length), value, refuse);
    } else if (VOLUME_KEYWORDS.has(keyword)) {
      const expected = "expected an archive in one volume";
      throw refuse(`${keyword}, as the rest of a file of another volume has it, ${expected}`);
    } else {
      this.#xattrs ??= new XattrRecords();
      this.#xattrs.add(keyword, value);
    }
  }

  #addSparse(keyword: string, value: Uint8Array, refuse: Refuse): void {
    this.#sparse ??= { values: new Map(), pairs: [] };
    const { values, pairs } = this.#sparse;
    if (keyword !== "offset" && keyword !== "numbytes") {
      if (!SPARSE_KEYWORDS.has(keyword)) {
        throw refuse(`unknown keyword ${quote(utf8(SPARSE_PREFIX + keyword))}`);
      }
      values.set(keyword, value);
      return;
    }
    const number = decimal(value);
    if (number === undefined || (keyword === "offset") !== (pairs.length % 2 === 0)) {
      const expected = "expected offset and numbytes in turn, each a number";
      throw refuse(`a GNU.sparse.${keyword} of ${quote(value)}, ${expected}`);
    }
    pairs.push(number);
  }
}

const BLANK = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

const SPARSE_KEYWORDS: ReadonlySet<string> = new Set([
  "major",
  "minor",
  "name",
  "size",
  "realsize",
  "numblocks",
  "map",
]);

/** Digits of a record's length, and one byte more, that are looked at. */
const MAX_LENGTH_DIGITS = 17;

function endOfLength(body: Uint8Array, start: number): number {
  const limit = Math.min(body.length, start + MAX_LENGTH_DIGITS);
  let at = start;
  while (at < limit && body[at] !== BLANK) at++;
  return at;
}
